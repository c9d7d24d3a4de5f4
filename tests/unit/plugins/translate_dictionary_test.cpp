#include <doctest/doctest.h>

#include <chrono>

#include "plugins/translate/dictionary.hpp"

using namespace sluice;
using namespace sluice::plugins::translate;

namespace {

std::string found(const Dictionary& dictionary, std::string_view text) {
  Scratch scratch;
  Arena arena;
  Value out;
  if (!dictionary.look_up(text, scratch, arena, out)) return "(nothing)";
  return out.is_string() ? std::string(out.as_text()) : "(no text)";
}

void put(Dictionary& dictionary, std::string_view key, std::string_view value) {
  dictionary.put(key, Value::string(value));
}

}  // namespace

TEST_CASE("a million entries are looked up in constant time, exactly and as replacements") {
  constexpr int kEntries = 1'000'000;
  for (const Matching matching : {Matching::exact, Matching::replace}) {
    Dictionary dictionary(matching);
    for (int i = 0; i < kEntries; ++i)
      put(dictionary, "key-" + std::to_string(i) + ";", "v" + std::to_string(i));
    REQUIRE(dictionary.finish().ok());
    CHECK(dictionary.size() == kEntries);
    const auto started = std::chrono::steady_clock::now();
    for (int i = 0; i < kEntries; i += 10)
      CHECK(found(dictionary, "key-" + std::to_string(i) + ";") == "v" + std::to_string(i));
    CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(5));
    CHECK(found(dictionary, "key-x") == "(nothing)");
  }
}

TEST_CASE("the last value of a key counts, in the place of the first") {
  Dictionary older(Matching::patterns);
  put(older, "a", "1");
  put(older, "b", "2");
  Dictionary merged(Matching::patterns);
  merged.put_all(older);
  put(merged, "[bc]", "3");
  put(merged, "a", "4");
  REQUIRE(merged.finish().ok());
  CHECK(merged.size() == 3);
  CHECK(found(merged, "xaby") == "4");
  CHECK(found(merged, "xby") == "2");
  CHECK(found(merged, "xcy") == "3");
  CHECK(found(merged, "x") == "(nothing)");
}

TEST_CASE("keys in a text are replaced as by alternatives in the order of the dictionary") {
  Dictionary dictionary(Matching::replace);
  for (const auto& [key, value] : {std::pair{"abc", "1"}, {"ab", "2"}, {"b", "3"}, {"bcd", "4"}, {"ö", "o"}})
    put(dictionary, key, value);
  REQUIRE(dictionary.finish().ok());
  CHECK(found(dictionary, "abcd") == "1d");
  CHECK(found(dictionary, "abd") == "2d");
  CHECK(found(dictionary, "xbcd") == "x3cd");
  CHECK(found(dictionary, "höb") == "ho3");
  CHECK(found(dictionary, "") == "(nothing)");
  Dictionary with_empty(Matching::replace);
  put(with_empty, "a", "1");
  put(with_empty, "", "-");
  REQUIRE(with_empty.finish().ok());
  CHECK(found(with_empty, "bä") == "-b-ä-");
  CHECK(found(with_empty, "xa") == "-x1-");
  CHECK(found(with_empty, "") == "-");
}
