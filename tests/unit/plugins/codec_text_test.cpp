#include <doctest/doctest.h>

#include "filter_fixture.hpp"

using sluice::plugins::fixture::TestCodec;
using Events = std::vector<std::string>;

TEST_CASE("line: lines of several chunks are put together, the last one at the end of the stream") {
  TestCodec c("line {}");
  CHECK(c.decode({"a\nb", "c\n\n", "d"}, false) ==
        Events{R"({"message":"a"})", R"({"message":"bc"})", R"({"message":""})"});
  CHECK(c.decoder->pending());
  CHECK(c.decode({}, true) == Events{R"({"message":"d"})"});
  CHECK_FALSE(c.decoder->pending());
}

TEST_CASE("line: a delimiter of several bytes may be cut anywhere") {
  const std::string text = "one\r\n\rtwo\r\nthree\r\r\n";
  const Events wanted{R"({"message":"one"})", R"({"message":"\rtwo"})", R"({"message":"three\r"})"};
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    TestCodec c("line { delimiter => \"\r\n\" }");
    CHECK(c.decode({text.substr(0, cut), text.substr(cut)}) == wanted);
  }
  TestCodec bytewise("line { delimiter => \"\r\n\" }");
  Events pieces;
  for (const char b : text) pieces.emplace_back(1, b);
  CHECK(bytewise.decode(pieces) == wanted);
}

TEST_CASE("line: bytes that are no UTF-8 are shown as Ruby shows them") {
  CHECK(TestCodec("line {}").decode({"say \"hi\" \xff\xed\xb9\x81\tM\xc3\xbcnchen\n"}) ==
        Events{R"({"message":"say \\\"hi\\\" \\xFF\\xED\\xB9\\x81\\tMünchen"})"});
}

TEST_CASE("line: other character sets become UTF-8") {
  CHECK(TestCodec("line { charset => \"ISO-8859-1\" }")
            .decode({"\xe0 Montr\xe9"
                     "al\n"}) == Events{R"({"message":"à Montréal"})"});
  CHECK(TestCodec("line { charset => \"CP1252\" }").decode({"\x80 \x81\n"}) ==
        Events{"{\"message\":\"€ \xEF\xBF\xBD\"}"});
  CHECK(TestCodec("line { charset => \"ASCII-8BIT\" }").decode({"a\xe9\n"}) ==
        Events{"{\"message\":\"a\xEF\xBF\xBD\"}"});
  CHECK(TestCodec("line { charset => \"Shift_JIS\" }").decode({"\x93\xfa\x96\x7b\n"}) ==
        Events{R"({"message":"日本"})"});
}

TEST_CASE("line: UTF-16 is cut at its own line feeds, wherever the chunks end") {
  // U+0A0A and U+0A00 hold the bytes of a line feed and are none.
  const std::string text("a\0\x0a\x0a\x00\x0a\x0a\0b\0\x0a\0", 12);
  for (size_t cut = 0; cut <= text.size(); ++cut)
    CHECK(TestCodec("line { charset => \"UTF-16LE\" }").decode({text.substr(0, cut), text.substr(cut)}) ==
          Events{"{\"message\":\"a\xE0\xA8\x8A\xE0\xA8\x80\"}", R"({"message":"b"})"});
}

TEST_CASE("a character set that does not exist is refused with the nearest name") {
  TestCodec c("line { charset => \"UTF8\" }");
  CHECK(c.codec == nullptr);
  CHECK(c.code() == "E0306");
  CHECK(c.diagnostics.items()[0].help == "Did you mean \"UTF-8\"?");
  CHECK(TestCodec("plain { charset => \"Emacs-Mule\" }").code() == "E0306");
}

TEST_CASE("line: a peer that sends no delimiter cannot fill the memory") {
  TestCodec c("line {}");
  const std::string piece(1 << 20, 'a');
  Events pieces(30, piece);
  pieces.push_back("tail\nnext\n");
  const auto events = c.decode(pieces);
  REQUIRE(events.size() == 2);
  CHECK(events[0].size() > (20u << 20));
  CHECK(events[0].ends_with("\"tags\":[\"_line_too_long\"]}"));
  CHECK(events[1] == R"({"message":"next"})");
}

TEST_CASE("plain: a chunk is a message, and in ECS mode the original too") {
  CHECK(TestCodec("plain {}").decode({"two\nlines", "x"}) ==
        Events{R"({"message":"two\nlines"})", R"({"message":"x"})"});
  CHECK(TestCodec("plain {}", "v8").decode({"a"}) == Events{R"({"message":"a","event":{"original":"a"}})"});
  CHECK(TestCodec("plain { ecs_compatibility => disabled }", "v8").decode({"a"}) ==
        Events{R"({"message":"a"})"});
}

TEST_CASE("plain and line write a format, or time, host and message") {
  const Events event{R"({"@timestamp":"2020-01-02T03:04:05.678Z","host":"h","message":"m","n":1})"};
  CHECK(TestCodec("plain {}").encode(event) == "2020-01-02T03:04:05.678Z h m");
  CHECK(TestCodec("line {}").encode(event) == "2020-01-02T03:04:05.678Z h m\n");
  CHECK(TestCodec("plain { format => \"%{n} %{none}\" }").encode(event) == "1 %{none}");
  CHECK(TestCodec("line { format => \"%{n}\" delimiter => \"|\" }").encode({event[0], event[0]}) == "1|1|");
  CHECK(TestCodec("line {}").encode(
            {R"({"@timestamp":"2020-01-02T03:04:05Z","host":{"name":"h"},"message":["a",1]})"}) ==
        "2020-01-02T03:04:05.000Z {name=h} ConvertedList{delegate=[a, 1]}\n");
}

TEST_CASE("dots") {
  CHECK(TestCodec("dots {}").encode({"{}", "{}"}) == "..");
  CHECK(TestCodec("dots {}").codec->decoder() == nullptr);
}

TEST_CASE("rubydebug: hashes, lists and values as amazing_print lays them out") {
  CHECK(TestCodec("rubydebug {}")
            .encode({R"({"@timestamp":"2020-01-02T03:04:05.678Z","@version":"1","a":"x\"y\n#{z}ü",
      "longer key":{"b":null,"cc":[1,2.5,true,{}],"d":{}},"big":123456789012345678901,"e":[],"@metadata":{"m":1}})"}) ==
        R"({
    "@timestamp" => 2020-01-02T03:04:05.678Z,
      "@version" => "1",
             "a" => "x\"y\n\#{z}ü",
    "longer key" => {
         "b" => nil,
        "cc" => [
            [0] 1,
            [1] 2.5,
            [2] true,
            [3] {}
        ],
         "d" => {}
    },
           "big" => 123456789012345678901,
             "e" => []
}
)");
  CHECK(TestCodec("rubydebug { metadata => true }")
            .encode({R"({"@timestamp":"2020-01-02T03:04:05Z","@version":"1","@metadata":{"m":1}})"}) == R"({
    "@timestamp" => 2020-01-02T03:04:05.000Z,
      "@version" => "1",
     "@metadata" => {
        "m" => 1
    }
}
)");
}

TEST_CASE("multiline: previous, next, negate and the tag") {
  CHECK(TestCodec("multiline { pattern => \"^\\s\" what => previous }").decode({"a\n b\n c\nd\n"}) ==
        Events{R"({"message":"a\n b\n c","tags":["multiline"]})", R"({"message":"d"})"});
  CHECK(TestCodec("multiline { pattern => '\\\\$' what => next multiline_tag => '' }")
            .decode({"a\\\nb\nc\n"}) == Events{R"({"message":"a\\\nb"})", R"({"message":"c"})"});
  CHECK(TestCodec("multiline { pattern => '^%{INT}' negate => true what => previous multiline_tag => '' }")
            .decode({"1 a\nx\n", "y\n2 b\n"}) ==
        Events{R"({"message":"1 a\nx\ny"})", R"({"message":"2 b"})"});
}

TEST_CASE("multiline: a line cut by the chunks is one line") {
  CHECK(TestCodec("multiline { pattern => '^\\s' what => previous multiline_tag => '' }")
            .decode({"ab", "c\n d", "e\nf"}) == Events{R"({"message":"abc\n de"})", R"({"message":"f"})"});
}

TEST_CASE("multiline: blank lines stay inside an event and vanish at the end") {
  CHECK(TestCodec("multiline { pattern => '^x' negate => true what => previous multiline_tag => '' }")
            .decode({"x1\n\na\n\n", "b\n\n\n"}) == Events{R"({"message":"x1\n\na\n\nb"})"});
}

TEST_CASE("multiline: bounds end an event and are told by a tag") {
  CHECK(TestCodec("multiline { pattern => '^ ' what => previous max_lines => 2 multiline_tag => '' }")
            .decode({"a\n b\n c\n d\n"}) ==
        Events{R"({"message":"a\n b\n c","tags":["multiline_codec_max_lines_reached"]})",
               R"({"message":" d"})"});
  CHECK(TestCodec("multiline { pattern => '^ ' what => previous max_bytes => 4 multiline_tag => '' }")
            .decode({"aa\n bb\n cc\n"}) ==
        Events{R"({"message":"aa\n bb","tags":["multiline_codec_max_bytes_reached"]})",
               R"({"message":" cc"})"});
}

TEST_CASE("multiline: waits for auto_flush_interval, and says when it waits") {
  TestCodec c("multiline { pattern => '^ ' what => previous auto_flush_interval => 0.5 }");
  CHECK(c.decode({"a\n b\n"}, false).empty());
  CHECK(c.decoder->pending());
  CHECK(c.decoder->flush_after() == 500);
  CHECK(c.decode({}).size() == 1);
  CHECK_FALSE(c.decoder->flush_after());
}

TEST_CASE("multiline: what cannot work is refused") {
  CHECK(TestCodec("multiline { pattern => '%{NOPE}' what => previous }").code() == "E0302");
  CHECK(TestCodec("multiline { pattern => '(' what => previous }").code() == "E0301");
  CHECK(TestCodec("multiline { pattern => 'x' what => both }").code() == "E0205");
  CHECK(TestCodec("multiline { what => previous }").code() == "E0204");
}
