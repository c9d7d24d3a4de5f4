#include "match/required.hpp"

#include <doctest/doctest.h>
#include <oniguruma.h>

#include <random>

#include "match/grok.hpp"
#include "match/literal_filter.hpp"
#include "match/regex.hpp"
#include "match/regex_syntax.hpp"

using namespace sluice::match;

namespace {

std::string required(std::string_view pattern) {
  std::string out;
  const Required all = required_literals(pattern);
  for (const std::string& literal : all.literals) out += "<" + literal + ">";
  for (const auto& choice : all.choices) {
    out += " one of";
    for (const std::string& literal : choice) out += " <" + literal + ">";
  }
  return out;
}

// Plain Oniguruma as the judge: begin and end of the match and its groups, or "none".
std::string plain_search(std::string_view pattern, std::string_view text) {
  const auto bytes = [](std::string_view s) { return reinterpret_cast<const OnigUChar*>(s.data()); };
  regex_t* regex = nullptr;
  OnigErrorInfo info{};
  if (onig_new(&regex, bytes(pattern), bytes(pattern) + pattern.size(), ONIG_OPTION_NONE, ONIG_ENCODING_UTF8,
               ONIG_SYNTAX_RUBY, &info) != ONIG_NORMAL) {
    return "invalid";
  }
  OnigRegion* region = onig_region_new();
  const OnigUChar* end = bytes(text) + text.size();
  const int at = onig_search(regex, bytes(text), end, bytes(text), end, region, ONIG_OPTION_NONE);
  std::string result = at < 0 ? "none" : "";
  for (int i = 0; at >= 0 && i < region->num_regs; ++i) {
    result += std::to_string(region->beg[i]) + "-" + std::to_string(region->end[i]) + " ";
  }
  onig_region_free(region, 1);
  onig_free(regex);
  return result;
}

std::string search(std::string_view pattern, std::string_view text) {
  const auto regex = Regex::compile(pattern);
  if (!regex.ok()) return "invalid";
  Captures captures;
  if (regex->search(text, captures) != MatchResult::match) return "none";
  std::string result;
  for (size_t i = 0; i < captures.size(); ++i) {
    result += std::to_string(captures.begin(i)) + "-" + std::to_string(captures.end(i)) + " ";
  }
  return result;
}

class PatternMaker {
 public:
  explicit PatternMaker(unsigned seed) : random_(seed) {}

  std::string pattern(int depth = 0) {
    std::string out;
    const int parts = 1 + pick(4);
    for (int i = 0; i < parts; ++i) {
      out += part(depth);
      if (depth > 0 && pick(8) == 0) out += "|";
    }
    return out;
  }
  std::string text() {
    std::string out;
    for (int i = pick(12); i > 0; --i)
      out += one_of({"a", "b", "c", "ab", " ", ".", "{", "2", "}", "ä", "\n"});
    return out;
  }

 private:
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  std::string one_of(std::initializer_list<const char*> list) { return list.begin()[pick(int(list.size()))]; }
  std::string part(int depth) {
    std::string out;
    if (depth < 3 && pick(3) == 0) {
      out = one_of({"(", "(?:", "(?<n>", "(?>", "(?=", "(?!", "(?<=a", "(?i:", "(?#x)("}) +
            pattern(depth + 1) + ")";
    } else {
      out = one_of({"a",          "b",       "c",           "ab",          "bc",          "\\.",
                    ".",          "[ab]",    "[^c]",        "\\w",         " ",           "ä",
                    "^",          "$",       "\\b",         "{",           "}",           "\\n",
                    "(?#a)",      "2",       "[äb]",        "[[:alpha:]]", "[[:punct:]]", "\\x61",
                    "\\p{Alpha}", "\\u00e4", "[^\\w\\x20]", "\\xc3\\xa4"});
    }
    if (pick(3) == 0)
      out += one_of({"+", "*", "?", "{2}", "{0,2}", "{,1}", "+?", "*?", "??", "++", "{2}?", "{b"});
    return out;
  }
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("text that must occur is found in the order it stands") {
  CHECK(required("abc") == "<abc>");
  CHECK(required("a.b") == "<a><b>");
  CHECK(required("a\\.b\\[\\t") == "<a.b[\t>");
  CHECK(required("ab?c") == "<a><c>");
  CHECK(required("ab+c") == "<ab><c>");
  CHECK(required("ab{0,1}c{2}d") == "<a><d>");
  CHECK(required("(?<x>a)b(?:c)(d)(?>e)") == "<abcde>");
  CHECK(required("a(?:.b)c") == "<a><bc>");
  CHECK(required("a(bc)+d") == "<a><bc><d>");
  CHECK(required("a(bc)*d") == "<a><d>");
  CHECK(required("a(b|c)d") == "<a><d>");
  CHECK(required("ab|c") == "");
  CHECK(required("a(?=b)(?!c)(?<=d)e") == "<a><e>");
  CHECK(required("a(?i)b") == "");
  CHECK(required("a(?i:b)") == "");
  CHECK(required("a(?#remark)*b") == "");
  CHECK(required("[ab]\\d\\x41\\k<x>é") == "<é>");
  CHECK(required("^ä$") == "<ä>");
}

TEST_CASE("of alternatives each of which holds text one is required") {
  CHECK(required("abc|def") == " one of <abc> <def>");
  CHECK(required("x(?:abc|[Dd]efg.h) y") == "<x>< y> one of <abc> <efg>");
  CHECK(required("x(?:abc|de)y") == "<x><y>");
  CHECK(required("x(?:abc|)y") == "<x><y>");
  CHECK(required("x(?:abc|def)+y") == "<x><y> one of <abc> <def>");
  CHECK(required("x(?:abc|def)?y") == "<x><y>");
  CHECK(required("x(?:abc|def){0}y") == "<x><y>");
  CHECK(required("x(?!abc|def)(?=abc|def)y") == "<x><y>");
  CHECK(required("(?:(?:abc|def)x|ghi)") == " one of <abc> <def> <ghi>");
  CHECK(required("(?:(?:abc|def)?x|ghi)") == "");
  CHECK(required("(?:(?:abc|def)xyz|ghi)(?:jkl|mno)") == " one of <xyz> <ghi> one of <jkl> <mno>");
  CHECK(required("(?:abc|def)(?i)") == "");
}

TEST_CASE("the longest pieces are looked for, in their order") {
  CHECK(choose_literals({"a", "bb", "c", "ddd", "ee", "f"}) ==
        std::vector<std::string>{"a", "bb", "ddd", "ee"});
  const auto holds = [](std::string_view text, std::initializer_list<const char*> literals) {
    return holds_literals(text, std::vector<Needle>(literals.begin(), literals.end()));
  };
  CHECK(holds("xabybc", {"ab", "bc"}));
  CHECK_FALSE(holds("xabc", {"ab", "bc"}));
  CHECK_FALSE(holds("bc ab", {"ab", "bc"}));
  CHECK(holds("", {}));
  CHECK_FALSE(holds("", {"a"}));
}

TEST_CASE("neither looking for required text first nor reading ASCII byte by byte changes the answer") {
  int compared = 0;
  for (unsigned seed = 0; seed < 6000; ++seed) {
    PatternMaker make(seed);
    const std::string pattern = make.pattern();
    for (int i = 0; i < 6; ++i) {
      const std::string text = make.text();
      const std::string expected = plain_search(spell_out_ascii_classes(pattern), text);
      if (expected == "invalid") break;
      ++compared;
      const std::string got = search(pattern, text);
      CHECK_MESSAGE(got == expected, "/", pattern, "/ on \"", text, "\": ", required(pattern));
    }
  }
  CHECK(compared > 5000);
}

TEST_CASE("a list's expressions are refused only where they cannot match") {
  const auto possible = [](std::initializer_list<const char*> patterns, std::string_view text) {
    std::vector<Required> all;
    for (const char* pattern : patterns) all.push_back(required_literals(pattern));
    const LiteralFilter filter(all);
    LiteralFilter::Found found;
    filter.scan(text, found);
    std::string out;
    for (size_t i = 0; i < all.size(); ++i) out += filter.possible(i, found) ? '1' : '0';
    return out;
  };
  CHECK(possible({}, "abc") == "");
  CHECK(possible({"a+", "[x]"}, "") == "11");
  CHECK(possible({"abc", "bcd", "abc.*bcd", "ab", "x(?:abc|xyz)"}, "abc") == "10011");
  CHECK(possible({"abc", "bcd", "abc.*bcd", "ab", "x(?:abc|xyz)"}, "xyz abcd") == "11111");
  CHECK(possible({"foo=", "foo", "oo="}, "xfoo") == "010");
  CHECK(possible({"foo=", "foo", "oo="}, "oo=") == "001");
  CHECK(possible({"foo=", "foo", "oo="}, "fo") == "000");

  std::vector<Required> many;
  std::string text;
  for (int i = 100; i < 400; ++i) {
    many.push_back(required_literals(std::to_string(i) + "x"));
    if (i % 3 == 0) text += std::to_string(i) + "x ";
  }
  const LiteralFilter filter(many);
  LiteralFilter::Found found;
  filter.scan(text, found);
  for (size_t i = 0; i < many.size(); ++i) CHECK(filter.possible(i, found) == ((i + 100) % 3 == 0));
}

TEST_CASE("a list's filter finds its texts at every place of a text") {
  const std::vector<std::string> literals = {"abc", "sshd[", "xyz=", "\xff\xfe\xfd", "needle"};
  std::vector<Required> required;
  for (const auto& literal : literals) required.push_back({{literal}, {}});
  required.push_back({{}, {{"abc", "needle"}}});
  required.push_back({{"xyz=", "sshd["}, {}});
  required.push_back({});
  const LiteralFilter filter(required);
  REQUIRE(filter.size() == required.size());
  LiteralFilter::Found found;
  for (size_t size = 0; size < 120; ++size) {
    for (size_t which = 0; which < literals.size(); ++which) {
      for (size_t at = 0; at + literals[which].size() <= size; ++at) {
        std::string text(size, 'n');  // the rarest bytes of none, the first of one
        text.replace(at, literals[which].size(), literals[which]);
        filter.scan(text, found);
        std::string possible;
        for (size_t i = filter.next(0, found); i < filter.size(); i = filter.next(i + 1, found)) {
          CHECK(filter.possible(i, found));
          possible += std::to_string(i);
        }
        std::string expected = std::to_string(which);
        if (which == 0 || which == 4) expected += "5";
        CHECK_MESSAGE(possible == expected + "7", size, " ", at);
      }
    }
  }
  filter.scan(std::string(100, 'n') + "sshd[1] xyz=", found);
  CHECK((filter.possible(1, found) && filter.possible(2, found) && filter.possible(6, found)));
  CHECK_FALSE((filter.possible(0, found) || filter.possible(5, found)));
}

TEST_CASE("a list of hundreds of expressions is gone through in order") {
  std::vector<Required> required;
  for (int i = 0; i < 300; ++i)
    required.push_back(i % 100 == 0 ? Required{} : Required{{"text" + std::to_string(i) + ";"}, {}});
  const LiteralFilter filter(required);
  LiteralFilter::Found found;
  filter.scan("here are text7; and text299; and no text8", found);
  std::string possible;
  for (size_t i = filter.next(0, found); i < filter.size(); i = filter.next(i + 1, found))
    possible += std::to_string(i) + " ";
  CHECK(possible == "0 7 100 200 299 ");
}

TEST_CASE("what matches is never refused by a list's filter") {
  int matched = 0;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    PatternMaker make(seed);
    std::vector<Regex> regexes;
    std::vector<Required> required;
    for (int i = 0; i < 6; ++i) {
      const auto regex = Regex::compile(make.pattern());
      if (!regex.ok()) continue;
      regexes.push_back(*regex);
      required.push_back(regex->required());
    }
    const LiteralFilter filter(required);
    LiteralFilter::Found found;
    Captures captures;
    for (int i = 0; i < 4; ++i) {
      const std::string text = make.text();
      filter.scan(text, found);
      for (size_t j = 0; j < regexes.size(); ++j) {
        if (regexes[j].search(text, captures) != MatchResult::match) continue;
        ++matched;
        CHECK_MESSAGE(filter.possible(j, found), "/", regexes[j].pattern(), "/ on \"", text, "\"");
      }
    }
  }
  CHECK(matched > 5000);
}

TEST_CASE("text that is not UTF-8 never stops a shipped pattern") {
  const PatternSet set(BuiltinPatterns::ecs_v1);
  std::mt19937 random(1);
  for (const char* name : {"COMBINEDAPACHELOG", "SYSLOGLINE", "HTTPD_ERRORLOG", "IPORHOST", "URI", "QS"}) {
    const auto grok = Grok::compile("%{" + std::string(name) + "}", set);
    REQUIRE_MESSAGE(grok.ok(), grok.message());
    GrokMatch match;
    for (int i = 0; i < 200; ++i) {
      std::string text = "127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 2326 \"-\" \"x\"";
      for (int j = 0; j < 4; ++j) text[random() % text.size()] = static_cast<char>(random());
      const MatchResult result = grok->match(text, match, {1000});
      CHECK((result == MatchResult::match || result == MatchResult::no_match));
    }
  }
}
