#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <string>

#include "event/fixture.hpp"

using namespace sluice;

TEST_CASE("JSON is written as it was read: order, types, numbers") {
  for (const std::string text :
       {R"({})", R"([])", R"({"b":1,"a":[true,false,null,"x",{"y":[]}]})", R"({"n":-9223372036854775808})",
        R"({"n":9223372036854775807})", R"([0.5,-2.25])", R"({"":""})", R"({"é":"日本","e":"😀"})"}) {
    CAPTURE(text);
    CHECK(reread(text) == text);
  }
}

TEST_CASE("numbers keep their value: integers too big for 64 bits stay exact, floats have Java's form") {
  CHECK(reread("[123456789012345678901234567890]") == "[123456789012345678901234567890]");
  CHECK(reread("[9223372036854775808,-9223372036854775809]") == "[9223372036854775808,-9223372036854775809]");
  CHECK(reread("[1.0,1e3,1.5E-7]") == "[1.0,1000.0,1.5E-7]");
  for (const auto* bad :
       {"[01]", "[1.]", "[.5]", "[+1]", "[1e]", "[-]", "[0x10]", "[NaN]", "[1a]", "[-01]"}) {
    CAPTURE(bad);
    CHECK(reread(bad) == "error");
  }
}

TEST_CASE("numbers beyond what a double holds stay as they are written, and do not fail the document") {
  CHECK(reread(R"({"a":1e400,"b":-2.5E+999 ,"c":3})") == R"({"a":1e400,"b":-2.5E+999,"c":3})");
  for (const std::string bad :
       {"[1e]", "[01e400]", "[1.e400]", "[.5e400]", "[1e400x]", "[-e400]", "[1e4e400]"}) {
    CAPTURE(bad);
    CHECK(reread(bad) == "error");
  }
}

TEST_CASE("a float keeps its value however many digits it is written with") {
  for (const std::string digits :
       {"0.10000000000000000000000", "0.1000000000000000055511151231257827",
        "0.1000000000000000000000000000000000000000000000000000001", "1000000000000000000000e-22"})
    CHECK(reread("[" + digits + "]") == "[0.1]");
  CHECK(reread("[0." + std::string(400, '0') + "1]") == "[0.0]");
  CHECK(reread("[-0.12345678901234567890123, 3.14159265358979323846264338327950288]") ==
        "[-0.12345678901234568,3.141592653589793]");
}

TEST_CASE("control characters are no white space, behind a number neither") {
  CHECK(reread("[1\t\r\n ]") == "[1]");
  CHECK(reread(std::string("[12\0\x11]", 6)) == "error");
  CHECK(reread("[12\x11,3]") == "error");
  CHECK(reread("[1.5\x0b]") == "error");
}

TEST_CASE("escapes are resolved, surrogate pairs joined, lone surrogates replaced") {
  CHECK(reread(R"(["\"\\\/\b\f\n\r\t"])") == R"(["\"\\/\b\f\n\r\t"])");
  CHECK(reread(R"(["\u0041\u00e9\u20ac"])") == R"(["Aé€"])");
  CHECK(reread(R"(["\ud83d\ude00"])") == R"(["😀"])");
  CHECK(reread(R"(["\ud83d"])") == "[\"\xEF\xBF\xBD\"]");
  CHECK(reread(R"(["\ude00x"])") == "[\"\xEF\xBF\xBDx\"]");
  CHECK(reread(R"(["\ud83d\u0041"])") ==
        "[\"\xEF\xBF\xBD"
        "A\"]");
  CHECK(reread(R"(["\u0000"])") == R"(["\u0000"])");
  CHECK(reread(R"({"\u0061\n":1})") == R"({"a\n":1})");
  for (const auto* bad : {R"(["\x"])", R"(["\u12"])", R"(["\u12g4"])", "[\"a\nb\"]", "[\"\x01\"]"}) {
    CAPTURE(bad);
    CHECK(reread(bad) == "error");
  }
}

TEST_CASE("of duplicate keys the last wins and stands where the first stood") {
  CHECK(reread(R"({"a":1,"b":2,"a":3})") == R"({"a":3,"b":2})");
  CHECK(reread(R"({"a":1,"\u0061":2})") == R"({"a":2})");
}

TEST_CASE("what is no JSON document is refused") {
  for (const std::string bad :
       {"", " ", "{", "[", "{]", "[1,]", "{\"a\":1,}", "{a:1}", "{'a':1}", "[1 2]", "{\"a\" 1}", "nul",
        "\"x\"", "1", "[\"\xff\"]", "[\"\xed\xa0\x80\"]", "{\"\xc0\x80\":1}", "[tru]", "[nulll]"}) {
    CAPTURE(bad);
    CHECK(reread(bad) == "error");
  }
}

TEST_CASE("text behind the document makes it no document") {
  for (const auto* bad : {R"({"a":1} x)", R"({"a":1}{"b":2})", R"({"a":1}})", R"([1]])", R"([1][2])",
                          R"({} "x")", R"({"a":1}, {"b":2})"}) {
    CAPTURE(bad);
    CHECK(reread(bad) == "error");
  }
  CHECK(reread(" \t\r\n{\"a\":1} \r\n") == R"({"a":1})");
}

TEST_CASE("nesting is bounded: deep documents are read, bottomless ones refused") {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(reread(nested(400)) == nested(400));
  CHECK(reread(nested(600)) == "error");
  CHECK(reread(nested(100'000)) == "error");
  CHECK(reread(std::string(100'000, '[')) == "error");
}

TEST_CASE("strings without escapes stay views of padded input") {
  std::string text = R"({"a":"plain","b":"with\tescape"})";
  const size_t size = text.size();
  text.append(JsonReader::kPadding, '\0');
  Arena arena;
  Value value;
  REQUIRE(JsonReader::local().read_padded({text.data(), size}, arena, value));
  const auto* a = value.as_object()->find(Key::intern("a"));
  const auto* b = value.as_object()->find(Key::intern("b"));
  REQUIRE((a && b));
  CHECK(a->as_text().data() == text.data() + 6);
  CHECK(a->plain());
  CHECK(b->as_text() == "with\tescape");
  CHECK_FALSE(b->plain());
}

TEST_CASE("the bytes behind the text are not part of the document") {
  std::string text = R"({"a":1})";
  const size_t size = text.size();
  text += R"(,"b":2}]]]{{{"""")";
  text.append(JsonReader::kPadding, 'x');
  Arena arena;
  Value value;
  REQUIRE(JsonReader::local().read_padded({text.data(), size}, arena, value));
  CHECK(to_json(value) == R"({"a":1})");
}

TEST_CASE("an object with very many keys is read in time that grows with its size only") {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i)
    text += (i ? ",\"wide_" : "\"wide_") + std::to_string(i) + "\":" + std::to_string(i);
  text += "}";
  Arena arena;
  Value value;
  const auto started = std::chrono::steady_clock::now();
  REQUIRE(JsonReader::local().read(text, arena, value));
  const auto took = std::chrono::steady_clock::now() - started;
  CHECK(value.as_object()->size == 200'000);
  // Looking through all keys for each key would take a minute; this takes some 100 ms.
  CHECK(std::chrono::duration<double>(took).count() < 5.0);
  CHECK(to_json(value) == text);
}

TEST_CASE("in wide objects, too, the last of duplicate keys wins in the place of the first") {
  std::string text = "{", expected = "{";
  for (int i = 0; i < 300; ++i) text += "\"d" + std::to_string(i) + "\":0,";
  for (int i = 0; i < 300; i += 2) text += "\"d" + std::to_string(i) + "\":1,";
  for (int i = 0; i < 300; i += 4)
    text += "\"d" + std::to_string(i) + "\":{\"x\":" + std::to_string(i) + "},";
  for (int i = 0; i < 300; ++i) {
    const std::string value = i % 4 == 0 ? "{\"x\":" + std::to_string(i) + "}" : i % 2 == 0 ? "1" : "0";
    expected += (i ? ",\"d" : "\"d") + std::to_string(i) + "\":" + value;
  }
  text.back() = '}';
  CHECK(reread(text) == expected + "}");
}

TEST_CASE("invalid UTF-8 and what JSON has no form for never leave as broken JSON") {
  Buffer out;
  write_json_string(
      "a\xff"
      "b",
      false, out);
  CHECK(out.view() ==
        "\"a\xEF\xBF\xBD"
        "b\"");
  CHECK(to_json(Value::real(1.0 / 0.0)) == "null");
  CHECK(to_json(Value::timestamp(0)) == R"("1970-01-01T00:00:00.000Z")");
  CHECK(to_json(Value::timestamp(1'001'002)) == R"("1970-01-01T00:00:00.001001002Z")");
}

TEST_CASE("texts are written wherever in memory they end") {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* const mapped = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(mapped != MAP_FAILED);
  auto* const pages = static_cast<char*>(mapped);
  REQUIRE(mprotect(pages + page, page, PROT_NONE) == 0);
  for (size_t size = 0; size <= 70; ++size)
    for (const char last : {'x', '"', '\n'})
      for (const size_t behind : {0, 1, 15, 16, 17}) {  // bytes up to the next page
        std::string text(size, 'x');
        if (size) text.back() = last;
        std::memset(pages, '\\', page);  // what would be escaped if it were part of the text
        char* const begin = pages + page - behind - size;
        text.copy(begin, size);
        if (size && last != 'x') text.replace(size - 1, 1, last == '"' ? "\\\"" : "\\n");
        Buffer out;
        write_json_string({begin, size}, false, out);
        REQUIRE(out.view() == '"' + text + '"');
      }
  munmap(mapped, 2 * page);
}
