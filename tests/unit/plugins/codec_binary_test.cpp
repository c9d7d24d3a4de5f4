// Codecs of binary formats: streams cut anywhere, and what is written.
#include <doctest/doctest.h>
#include <zlib.h>

#include "filter_fixture.hpp"

using sluice::plugins::fixture::TestCodec;
using Events = std::vector<std::string>;
using namespace std::literals;

namespace {

// The same events come, wherever the stream is cut in two, and byte by byte.
void check_cuts(const std::string& codec, const std::string& stream, const Events& wanted) {
  for (size_t cut = 0; cut <= stream.size(); ++cut)
    CHECK(TestCodec(codec).decode({stream.substr(0, cut), stream.substr(cut)}) == wanted);
  Events pieces;
  for (const char b : stream) pieces.emplace_back(1, b);
  CHECK(TestCodec(codec).decode(pieces) == wanted);
}

}  // namespace

TEST_CASE("msgpack: objects may be cut anywhere") {
  const std::string stream =
      "\x82\xA3"
      "foo\xA3"
      "bar\xA1"
      "l\x93\x01\xCD\x01\x02\xC0"
      "\x81\xA1"
      "d\xCB\x3F\xF8\0\0\0\0\0\0"
      "\x80\x81\xA1x\xDA\0\x03"
      "abc"s;
  check_cuts("msgpack {}", stream,
             {R"({"foo":"bar","l":[1,258,null]})", R"({"d":1.5})", "{}", R"({"x":"abc"})"});
}

TEST_CASE("msgpack: an object that never ends cannot fill the memory") {
  TestCodec c("msgpack {}");
  Events pieces{
      "\x81\xA1"
      "a\xDB\x02\0\0\0"s};
  for (int i = 0; i < 24; ++i) pieces.emplace_back(1 << 20, 'x');
  const auto events = c.decode(pieces, false);
  CHECK(events.size() >= 1);
  CHECK(events[0].find("_msgpackparsefailure") != std::string::npos);
}

TEST_CASE("msgpack: values are written in their shortest form") {
  const auto encoded = [](const std::string& value) {
    const std::string all =
        TestCodec("msgpack {}").encode({"{\"@timestamp\":\"2020-01-02T03:04:05Z\",\"v\":" + value + "}"});
    const auto at = all.find("\xA1v");
    return all.substr(at + 2, all.find("\xA8@version") - at - 2);
  };
  CHECK(encoded("127") == "\x7F");
  CHECK(encoded("128") == "\xCC\x80");
  CHECK(encoded("65535") == "\xCD\xFF\xFF");
  CHECK(encoded("65536") == "\xCE\0\x01\0\0"s);
  CHECK(encoded("4294967296") == "\xCF\0\0\0\x01\0\0\0\0"s);
  CHECK(encoded("18446744073709551615") == "\xCF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
  CHECK(encoded("18446744073709551616") ==
        "\xB4"
        "18446744073709551616");
  CHECK(encoded("-1") == "\xFF");
  CHECK(encoded("-33") == "\xD0\xDF");
  CHECK(encoded("-129") == "\xD1\xFF\x7F");
  CHECK(encoded("-32769") == "\xD2\xFF\xFF\x7F\xFF");
  CHECK(encoded("-2147483649") == "\xD3\xFF\xFF\xFF\xFF\x7F\xFF\xFF\xFF");
  CHECK(encoded("1.5") == "\xCB\x3F\xF8\0\0\0\0\0\0"s);
  CHECK(encoded("[null,true,false]") == "\x93\xC0\xC3\xC2");
  CHECK(encoded("\"" + std::string(40, 'x') + "\"") == "\xD9\x28" + std::string(40, 'x'));
  CHECK(TestCodec("msgpack {}").encode({R"({"@timestamp":"2020-01-02T03:04:05Z"})"}) ==
        "\x82\xAA@timestamp\xB8"
        "2020-01-02T03:04:05.000Z\xA8@version\xA1"
        "1");
}

TEST_CASE("fluent: messages may be cut anywhere") {
  const std::string message =
      "\x93\xA1t\xCE\x51\xC1\xE8\x40\x81\xA1"
      "a\x01"
      "\x92\xA1t\x91\x92\x01\x81\xA1"
      "b\x02"
      "\x92\xA1t\xC4\x05\x92\x01\x81\xA1"
      "c"s;
  check_cuts("fluent {}", message + "\x93\xA1u\x01\x80",
             {R"({"a":1,"tags":["t"]})", R"({"b":2,"tags":["t"]})", R"({"tags":["u"]})"});
}

TEST_CASE("fluent: the tags are the tag, and what is written is read again") {
  const std::string event = R"({"@timestamp":"2013-06-19T17:20:00.123456789Z","tags":["a","b"],"n":1})";
  const std::string written = TestCodec("fluent {}").encode({event});
  CHECK(
      written.starts_with("\x93\xA3"
                          "a.b\xCE\x51\xC1\xE8\x40\x84"));
  CHECK(TestCodec("fluent { nanosecond_precision => true }")
            .encode({event})
            .starts_with("\x93\xA3"
                         "a.b\xD7\0\x51\xC1\xE8\x40\x07\x5B\xCA\0"s));
  CHECK(TestCodec("fluent {}")
            .encode({R"({"@timestamp":"2013-06-19T17:20:00Z"})"})
            .starts_with("\x93\xA3log\xCE"));
  CHECK(TestCodec("fluent {}")
            .encode({R"({"@timestamp":"1969-12-31T23:59:59.5Z"})"})
            .starts_with("\x93\xA3log\xFF"));
  CHECK(TestCodec("fluent {}").decode({written}) == Events{R"({"tags":["a","b","a.b"],"n":1})"});
}

TEST_CASE("gzip_lines: data may be cut anywhere, members follow each other") {
  // Python: gzip.compress(b"a\nbb", mtime=0)
  const std::string first =
      "\x1F\x8B\x08\x00\x00\x00\x00\x00\x02\x03\x4B\xE4\x4A\x4A\x02\x00\xFD\xC3\x3E\x5B\x04\x00\x00\x00"s;
  check_cuts("gzip_lines {}", first + first,
             {R"({"message":"a\n"})", R"({"message":"bba\n"})", R"({"message":"bb"})"});
}

TEST_CASE("gzip_lines: one read cannot become any number of lines") {
  // 3 MB of line feeds, and then a whole member.
  std::string bomb(4096, '\0');
  z_stream zlib{};
  REQUIRE(::deflateInit2(&zlib, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string text(3 << 20, '\n');
  zlib.next_in = reinterpret_cast<Bytef*>(text.data());
  zlib.avail_in = static_cast<uInt>(text.size());
  zlib.next_out = reinterpret_cast<Bytef*>(bomb.data());
  zlib.avail_out = static_cast<uInt>(bomb.size());
  REQUIRE(::deflate(&zlib, Z_FINISH) == Z_STREAM_END);
  bomb.resize(zlib.total_out);
  ::deflateEnd(&zlib);
  TestCodec c("gzip_lines {}");
  const auto events = c.decode({bomb}, false);
  CHECK(events.size() < (300u << 10));
  CHECK_FALSE(c.decoder->pending());
}

TEST_CASE("es_bulk: an action and its document may come in different reads") {
  check_cuts("es_bulk {}", "{\"index\":{\"_id\":\"1\"}}\n{\"n\":1}\n{\"delete\":{}}\n", {R"({"n":1})", "{}"});
  TestCodec c("es_bulk {}");
  CHECK(c.decode({"{\"index\":{}}\n"}, false).empty());
  CHECK(c.decoder->pending());
  CHECK(c.decode({}, true).empty());
  CHECK_FALSE(c.decoder->pending());
}
