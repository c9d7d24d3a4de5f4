#include "match/regex.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "match/regex_syntax.hpp"

using namespace sluice::match;

namespace {

Regex compiled(std::string_view pattern, RegexOptions options = {}) {
  auto regex = Regex::compile(pattern, options);
  REQUIRE_MESSAGE(regex.ok(), pattern, ": ", regex.message());
  return *regex;
}

// The text of the match, or "(none)".
std::string found(std::string_view pattern, std::string_view text, RegexOptions options = {}) {
  Captures captures;
  if (compiled(pattern, options).search(text, captures) != MatchResult::match) return "(none)";
  return std::string(captures.group(0));
}

std::string gsub(std::string_view pattern, std::string_view text, std::string_view by) {
  const Regex regex = compiled(pattern);
  auto replacement = Replacement::parse(by, regex);
  REQUIRE_MESSAGE(replacement.ok(), replacement.message());
  Captures captures;
  std::string out = "(unchanged)";
  const MatchResult result = regex.gsub(text, *replacement, out, captures);
  CHECK((result == MatchResult::match) == (out != "(unchanged)"));
  return out;
}

}  // namespace

TEST_CASE("patterns mean what they mean in Ruby") {
  CHECK(found("^b", "a\nb") == "b");
  CHECK(found("a$", "a\nb") == "a");
  CHECK(found("\\Ab", "a\nb") == "(none)");
  CHECK(found("a.b", "a\nb") == "(none)");
  CHECK(found("a.b", "a\nb", {.dot_all = true}) == "a\nb");
  CHECK(found("(?m)a.b", "a\nb") == "a\nb");
  CHECK(found("\\h+", "xyzBEEF") == "BEEF");
  CHECK(found("a++b", "aaab") == "aaab");
  CHECK(found("(?<=x)a", "a xa") == "a");
  CHECK(found("[[:upper:]]+", "abÄB") == "ÄB");
  CHECK(found("A", "a", {.ignore_case = true}) == "a");
  CHECK(found("a b # remark", "ab", {.extended = true}) == "ab");
}

TEST_CASE("the short classes are ASCII, word boundaries and POSIX brackets know Unicode") {
  CHECK(found("\\w+", "été") == "t");
  CHECK(found("\\b\\w+\\b", "été") == "(none)");
  CHECK(found("[[:alpha:]]+", "été") == "été");
  CHECK(found("\\W+", "aéb") == "é");
  CHECK(found("[^\\w]+", "aéb") == "é");
  CHECK(found("[\\w-]+", "a-b") == "a-b");
  CHECK(found("[\\w-x]+", "-x") == "-x");
  CHECK(found("\\d", "٣") == "(none)");
  CHECK(found("\\s", "\xC2\xA0") == "(none)");
  CHECK(found("\\s", "\v") == "\v");
  CHECK(found("[\\S\\n]+", "a b") == "a");
  CHECK(found("\\\\w", "\\w") == "\\w");
}

TEST_CASE("rewriting keeps everything but the short classes") {
  for (const char* pattern : {"[]a]", "[^]a]", "a(?#\\w)b", "\\x{4e2d}\\u4e2d\\p{Alpha}\\k<n>",
                              "[a[bc]&&[^d]]", "(?<n>x)|\\Z", "\\", "[a"}) {
    CHECK(spell_out_ascii_classes(pattern) == pattern);
  }
}

TEST_CASE("groups are counted, named and may take no part") {
  const Regex regex = compiled("(?<a>x)|(?<b>y)|(?<a>z)");
  Captures captures;
  REQUIRE(regex.search("..z", captures) == MatchResult::match);
  CHECK(captures.begin(0) == 2);
  CHECK(captures.size() == 4);
  CHECK_FALSE(captures.participated(1));
  CHECK(captures.group(1).data() == nullptr);
  CHECK(captures.group(3) == "z");
  CHECK(captures.group(9).data() == nullptr);
  CHECK(regex.groups_named("a") == std::vector<int>{1, 3});
  CHECK(regex.groups_named("c").empty());
}

TEST_CASE("an empty group took part, also in an empty text") {
  Captures captures;
  REQUIRE(compiled("(x*)").search({}, captures) == MatchResult::match);
  CHECK(captures.participated(1));
  CHECK(captures.group(1).data() != nullptr);
  CHECK(captures.group(1).empty());
}

TEST_CASE("plain groups are dropped on request unless the pattern refers to them") {
  Captures captures;
  REQUIRE(compiled("(a)(b)", {.no_numbered_groups = true}).search("ab", captures) == MatchResult::match);
  CHECK(captures.size() == 1);
  CHECK(found("(a)\\1", "aa", {.no_numbered_groups = true}) == "aa");
  CHECK(found("(a)\\1", "ab", {.no_numbered_groups = true}) == "(none)");
}

TEST_CASE("errors say what is wrong and where") {
  size_t at = 0;
  CHECK(Regex::compile("ab(c").message() == "end pattern with unmatched parenthesis, at character 3");
  CHECK(Regex::compile("äb)c").message() == "unmatched close parenthesis, at character 3");
  CHECK(Regex::compile("a[b", {}, &at).message() == "premature end of char-class");
  CHECK(at == 1);
  CHECK(Regex::compile("*a").message() == "target of repeat operator is not specified, at character 1");
  CHECK(Regex::compile("a\\k<nix>").message() == "undefined name <nix> reference, at character 5");
  CHECK(Regex::compile("a\xff").message() == "the regular expression is not valid UTF-8 at byte 2");
}

// A text of two lines is left to Oniguruma, one line of ASCII has an engine of its own.
TEST_CASE("both engines agree on letters of either case and on lazy intervals") {
  const auto both = [](std::string_view pattern, std::string_view text, RegexOptions options) {
    const std::string one = found(pattern, text, options);
    CHECK(found(pattern, std::string(text) + "\n", options) == one);
    return one;
  };
  const RegexOptions any_case{.ignore_case = true};
  CHECK(both("a[b-d]x", "zABX", any_case) == "ABX");
  CHECK(both("[^b]x", "BxcX", any_case) == "cX");
  CHECK(both("[[:upper:]]+\\d", "ab1", any_case) == "ab1");
  // Unicode has one letter for fi, and the sign of kelvin for k.
  CHECK(both("[[:alpha:]]1", "Fi1", any_case) == "Fi1");
  CHECK(both("[\\W]1", "k1", any_case) == "k1");
  CHECK(both("[\\W]1", "-1", any_case) == "-1");
  CHECK(both("\\x41\\w", "aB", any_case) == "aB");
  CHECK(both("(?:build|kk)", "x BUILD", any_case) == "BUILD");
  CHECK(both("stra\u00dfe", "STRASSE", any_case) == "STRASSE");
  CHECK(both("a.{0,3}?b", "axbxb", {}) == "axb");
  CHECK(both("a.{2,}?b", "abbbb", {}) == "abbb");
  CHECK(both("a{2}?b", "aab", {}) == "aab");
  CHECK(both("xa{2}?b", "xb", {}) == "xb");
  CHECK(both("a{1,2}+b", "aaaab", {}) == "aaaab");
}

TEST_CASE("what is in the same place afterwards is another text") {
  const Regex regex = compiled("[a-z]+(?<n>\\d)?");
  Captures captures;
  char place[] = "abc1";
  for (int i = 0; i < 100; ++i) {
    place[3] = static_cast<char>('0' + i % 10);
    place[i % 3] = static_cast<char>('a' + i % 26);
    const Subject subject(std::string_view(place, 4));
    REQUIRE(regex.search(subject, captures) == MatchResult::match);
    CHECK(captures.group(1) == std::string_view(place + 3, 1));
    REQUIRE(regex.search(subject, captures, 2) == MatchResult::match);
    CHECK(captures.begin(0) == 2);
    place[2] = '.';
    CHECK(regex.search(Subject(std::string_view(place, 4)), captures, 2) == MatchResult::no_match);
    CHECK(captures.size() == 0);
    place[2] = 'c';
  }
}

TEST_CASE("what may not match does not") {
  const std::string_view texts[] = {"",      "{",     "  {\"a\":1}", "plain text",
                                    "a\n {", "\xff{", "error: disk", "Error"};
  size_t spared = 0;
  for (const auto* pattern : {R"(^\s*\{)", "error.*disk", "plain", "(?:a|b)", "x*", "(?i)error"}) {
    const auto regex = Regex::compile(pattern);
    REQUIRE(regex.ok());
    for (const auto text : texts) {
      CAPTURE(pattern);
      CAPTURE(text);
      Captures captures;
      const bool matches = regex->search(text, captures) == MatchResult::match;
      CHECK((regex->may_match(text) || !matches));
      spared += regex->may_match(text) ? 0 : 1;
    }
  }
  CHECK(spared >= 10);
}

TEST_CASE("a pattern without operators is a plain search") {
  CHECK(compiled("a-b c").is_literal());
  CHECK_FALSE(compiled("a.b").is_literal());
  CHECK_FALSE(compiled("ab", {.ignore_case = true}).is_literal());
  CHECK(found("b c", "ab cd") == "b c");
  CHECK(found("b c", "bc") == "(none)");
}

TEST_CASE("text that is not UTF-8 is matched byte by byte and never stepped out of") {
  CHECK(found("a.c",
              "a\xffz a\xff"
              "c") ==
        "a\xff"
        "c");
  CHECK(found("[^ ]+", "\xe4 x") == "\xe4");
  CHECK(found("x$", "\xf0\x9f x") == "x");
  // Cut in the middle of a character, right at the end of the allocation.
  for (const char* tail : {"\xc3", "\xe2", "\xe2\x82", "\xf0", "\xf0\x9f\x98"}) {
    const std::string text = std::string("abc") + tail;
    const std::unique_ptr<char[]> tight(new char[text.size()]);
    text.copy(tight.get(), text.size());
    const std::string_view view(tight.get(), text.size());
    Captures captures;
    CHECK(compiled(".*").search(view, captures) == MatchResult::match);
    CHECK(captures.group(0) == view);
    CHECK(compiled("(?i)C[^x]*").search(view, captures) == MatchResult::match);
    CHECK(captures.group(0) == view.substr(2));
    CHECK(compiled("\\w+$").search(view, captures) == MatchResult::no_match);
  }
}

TEST_CASE("a search that explodes ends with its budget") {
  const Regex regex = compiled("^(a|a)*$|(x+x+)+y");
  Captures captures;
  // Each engine: an ASCII line, two of them, UTF-8, bytes.
  for (const char* tail : {"b", "b\nc", "bä", "b\xff"}) {
    const std::string text = std::string(40, 'a') + tail;
    const auto started = std::chrono::steady_clock::now();
    CHECK(regex.search(text, captures, 0, {100}) == MatchResult::timeout);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    CHECK(took.count() < 2.0);
  }
  CHECK(regex.search("aaaa", captures, 0, {100}) == MatchResult::match);
}

TEST_CASE("a search that is slow but inside its budget is finished") {
  const Regex regex = compiled("^(a|a)*$");
  const std::string text = std::string(22, 'a') + "b";
  Captures captures;
  CHECK(regex.search(text, captures, 0, {60'000}) == MatchResult::no_match);
  CHECK(regex.search(text, captures) == MatchResult::no_match);
}

TEST_CASE("one regex serves several threads") {
  const Regex regex = compiled("(?<n>\\d+)-(?<w>\\w+)");
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Captures captures;
      for (int i = 0; i < 2000; ++i) {
        const std::string text = "x " + std::to_string(i) + "-t" + std::to_string(t) + (i % 2 ? "\xff" : "");
        if (regex.search(text, captures) != MatchResult::match || captures.group(1) != std::to_string(i))
          ++wrong[t];
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("gsub replaces as Ruby does") {
  CHECK(gsub("b", "abcb", "x") == "axcx");
  CHECK(gsub("z", "abc", "x") == "(unchanged)");
  CHECK(gsub("x*", "abc", "-") == "-a-b-c-");
  CHECK(gsub("b*", "abc", "-") == "-a--c-");
  CHECK(gsub("x*", "äö", "-") == "-ä-ö-");
  CHECK(gsub("(\\w)(\\w)", "ab cd", "\\2\\1") == "ba dc");
  CHECK(gsub("(?<first>\\w)b", "ab cb", "[\\k<first>]") == "[a] [c]");
  CHECK(gsub("b", "abc", "<\\0\\&>") == "a<bb>c");
  CHECK(gsub("b", "abc", "\\`|\\'") == "aa|cc");
  CHECK(gsub("b", "abc", "\\\\x\\n\\9") == "a\\x\\nc");
  CHECK(gsub("/", "a/b/c", "_") == "a_b_c");
  CHECK(gsub("$", "a\nb", "!") == "a!\nb!");
  CHECK(gsub("(?<=a)b", "abab", "") == "aa");
  CHECK(gsub("a", "a", "\\") == "\\");
}

TEST_CASE("a replacement that names no group of the pattern is refused") {
  const auto refused = Replacement::parse("\\k<nix>", compiled("(?<n>a)"));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.message() == "the replacement refers to \\k<nix>, and /(?<n>a)/ has no group of that name");
}
