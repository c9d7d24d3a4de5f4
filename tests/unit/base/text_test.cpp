#include <doctest/doctest.h>

#include <array>
#include <string>

#include "base/nearest.hpp"
#include "base/secrets.hpp"
#include "base/status.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"

using namespace sluice;

TEST_CASE("the valid front of UTF-8 is found wherever it ends in texts of all lengths") {
  for (size_t size = 1; size <= 80; ++size) {
    for (size_t at = 0; at < size; ++at) {
      std::string text(size, 'x');
      CHECK(utf8_valid_prefix(text) == size);
      text[at] = '\xFF';
      CHECK(utf8_valid_prefix(text) == at);
      text[at] = '\xC3';  // a character of two bytes, cut or not
      CHECK(utf8_valid_prefix(text) == at);
      if (at + 1 == size) continue;
      text[at + 1] = '\xA9';
      CHECK(utf8_valid_prefix(text) == size);
      text[size - 1] = '\x80';
      CHECK(utf8_valid_prefix(text) == (at + 2 == size ? size : size - 1));
    }
  }
}

TEST_CASE("UTF-8 is checked by the letter of the standard") {
  for (const std::string good : {"", "abc", "é", "日本語", "😀", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF",
                                 "\xEE\x80\x80", "long ascii then é"}) {
    CAPTURE(good);
    CHECK(utf8_valid(good));
  }
  for (const std::string bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xE2\x82", "abcdefgh\xFE", "abcdefghi\xC3"}) {
    CAPTURE(bad);
    CHECK_FALSE(utf8_valid(bad));
  }
  CHECK(utf8_valid_prefix("ab\xC3\xA9\xFF") == 4);
}

TEST_CASE("plain JSON text is found at any place of any length") {
  for (size_t size = 0; size < 40; ++size) {
    std::string text(size, 'x');
    CHECK(json_plain(text));
    for (size_t at = 0; at < size; ++at)
      for (const char c : {'"', '\\', '\n', '\0', '\x1f', '\xff'}) {
        std::string odd = text;
        odd[at] = c;
        REQUIRE_FALSE(json_plain(odd));
      }
  }
  CHECK(json_plain("é 日本 😀 \x7f and more than eight"));
}

TEST_CASE("invalid bytes are shown or replaced, the valid ones stay") {
  CHECK(utf8_escape_invalid("a\xFF"
                            "b\xC3") == "a\\xFFb\\xC3");
  CHECK(utf8_escape_invalid("é") == "é");
  CHECK(utf8_scrub("a\xFF"
                   "b") ==
        "a\xEF\xBF\xBD"
        "b");
  // A cut sequence is one replacement, an overlong form one for each byte.
  CHECK(utf8_scrub("\xE2\x82") == "\xEF\xBF\xBD");
  CHECK(utf8_scrub("\xC0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("characters go in and out as code points") {
  for (const char32_t c :
       {U'a', U'\x7F', U'\x80', U'é', U'\x7FF', U'\x800', U'日', U'\xFFFF', U'\x10000', U'😀', U'\x10FFFF'}) {
    std::string text;
    utf8_append(text, c);
    CHECK(utf8_valid(text));
    size_t at = 0;
    CHECK(utf8_next(text, at) == c);
    CHECK(at == text.size());
    CHECK(utf8_length(text) == 1);
  }
  std::string replaced;
  utf8_append(replaced, 0xD800);
  utf8_append(replaced, 0x110000);
  CHECK(replaced == "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("the nearest name is a typing mistake away, or there is none") {
  constexpr std::array<std::string_view, 5> names{"grok", "mutate", "date", "pattern_definitions", "id"};
  CHECK(nearest("grko", names) == "grok");
  CHECK(nearest("GROK", names) == "grok");
  CHECK(nearest("mutat", names) == "mutate");
  CHECK(nearest("patern_definition", names) == "pattern_definitions");
  CHECK_FALSE(nearest("elasticsearch", names));
  CHECK_FALSE(nearest("xyz", names));
  CHECK_FALSE(nearest("", std::array<std::string_view, 1>{"ab"}));
  CHECK(edit_distance("abcd", "acbd") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("", "abc") == 3);
}

TEST_CASE("durations are numbers with Logstash's units") {
  CHECK(parse_duration_millis("5s", 1) == 5000);
  CHECK(parse_duration_millis("100 ms", 1) == 100);
  CHECK(parse_duration_millis("2 minutes", 1) == 120'000);
  CHECK(parse_duration_millis("48 hours", 1) == 172'800'000);
  CHECK(parse_duration_millis("1 week", 1) == 604'800'000);
  CHECK(parse_duration_millis("14 days", 1) == 1'209'600'000);
  CHECK(parse_duration_millis("5000000 us", 1) == 5000);
  CHECK(parse_duration_millis("0.5s", 1) == 500);
  CHECK(parse_duration_millis("7", 1000) == 7000);
  CHECK(parse_duration_millis("7", 1) == 7);
  for (const auto* bad : {"", "s", "five s", "5 parsecs", "5 s s"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration_millis(bad, 1));
  }
}

TEST_CASE("sizes are bytes, with powers of 1024") {
  CHECK(parse_bytes("1024") == 1024);
  CHECK(parse_bytes("1kb") == 1024);
  CHECK(parse_bytes("10 MiB") == 10 << 20);
  CHECK(parse_bytes("64mb") == 64 << 20);
  CHECK(parse_bytes("2g") == int64_t{2} << 30);
  CHECK(parse_bytes("5 b") == 5);
  for (const auto* bad : {"", "mb", "10 apples", "10 ibm"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_bytes(bad));
  }
}

TEST_CASE("the wall clock can be replaced and comes back") {
  set_wall_clock([] { return int64_t{42}; });
  CHECK(wall_nanos() == 42);
  set_wall_clock(nullptr);
  CHECK(wall_nanos() > 1'600'000'000'000'000'000);
}

TEST_CASE("a status says whose fault it is; a result is a value or its status") {
  CHECK(Status{}.ok());
  CHECK(Status{}.message().empty());
  const Status error = Status::error(Fault::output, "refused", true);
  CHECK_FALSE(error.ok());
  CHECK(error.retriable());
  CHECK(Status(error).message() == "refused");
  const Result<int> none = Status::config("bad");
  CHECK_FALSE(none.ok());
  CHECK(none.message() == "bad");
  CHECK(none.status().fault() == Fault::config);
  const Result<int> some = 5;
  CHECK(*some == 5);
  CHECK(some.status().ok());
}

TEST_CASE("kept secrets are masked wherever they stand, the longest first, also as JSON writes them") {
  CHECK_FALSE(secrets::any());
  CHECK(secrets::masked("nothing is kept") == "nothing is kept");
  secrets::keep("short", "abc");
  CHECK_FALSE(secrets::any());
  secrets::keep("pw", "hunter2");
  secrets::keep("pw_long", "hunter2 the second");
  secrets::keep("quoted", "a \"b\" c");
  secrets::keep("loop", "${pw");
  CHECK(secrets::masked("hunter2hunter2 and hunter2 the second.") == "${pw}${pw} and ${pw_long}.");
  CHECK(secrets::masked(R"({"x":"a \"b\" c"} a "b" c)") == R"({"x":"${quoted}"} ${quoted})");
  CHECK(secrets::masked("hunter") == "hunter");
}
