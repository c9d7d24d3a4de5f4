#include "match/grok.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "match/grok_expand.hpp"

using namespace sluice::match;

namespace {

PatternSet small_set() {
  PatternSet set;
  set.add_text(
      "# words and numbers\n"
      "WORD \\b\\w+\\b\n"
      "INT [+-]?[0-9]+\n"
      "NUMBER %{INT}(?:\\.[0-9]+)?\n"
      "PAIR %{WORD:key}=%{INT:value:int}\n"
      "LOOP a%{LOOP2}\n"
      "LOOP2 b%{LOOP}\n");
  return set;
}

Grok compiled(std::string_view expression, GrokOptions options = {}, const PatternSet& set = small_set()) {
  auto grok = Grok::compile(expression, set, options);
  REQUIRE_MESSAGE(grok.ok(), grok.message());
  return *grok;
}

// "field=value" for each capture that took part, in order; "(none)" without a match.
std::string taken(const Grok& grok, std::string_view text) {
  GrokMatch match;
  if (grok.match(text, match) != MatchResult::match) return "(none)";
  std::string out;
  for (size_t i = 0; i < grok.captures().size(); ++i) {
    if (!match.values()[i].data()) continue;
    if (!out.empty()) out += ' ';
    out += grok.captures()[i].field + "=" + std::string(match.values()[i]);
  }
  return out;
}

std::string taken(std::string_view expression, std::string_view text, GrokOptions options = {}) {
  return taken(compiled(expression, options), text);
}

std::string failure(std::string_view expression) { return Grok::compile(expression, small_set()).message(); }

}  // namespace

TEST_CASE("names stand for their patterns and fields for what they match") {
  CHECK(taken("%{WORD:w} %{INT:n}", "x: abc -12") == "w=abc n=-12");
  CHECK(taken("%{WORD} %{INT:n}", "abc 5") == "n=5");
  CHECK(taken("%{INT:n}", "abc") == "(none)");
  CHECK(taken("%{PAIR}", "a=1") == "key=a value=1");
  CHECK(taken("%{WORD:[a][b]}-%{INT:@x}-%{WORD:foo-bar}-%{WORD:a.b}", "x-1-y-z") ==
        "[a][b]=x @x=1 foo-bar=y a.b=z");
}

TEST_CASE("groups written by hand capture under any name") {
  CHECK(taken("(?<foo>\\d+)x(?<[bar][baz]>\\w+)", "12xab") == "foo=12 [bar][baz]=ab");
  CHECK(taken("(?<time>%{INT}:%{INT})", "at 12:30") == "time=12:30");
  CHECK(taken("(?<q>['\"])(?<[a-b]>.*?)\\k<q>", "say 'it'") == "q=' [a-b]=it");
  CHECK(taken("((a)|(b))+%{INT:n}", "ab1") == "n=1");
  CHECK(taken("[(?<x>]+%{INT:n}", "(?<1") == "n=1");
  CHECK(taken("\\(?<x>%{INT:n}", "<x>1") == "n=1");
}

TEST_CASE("only int and float are types, and only for the first group of a name") {
  const Grok grok = compiled("%{INT:a:int} %{NUMBER:b:float} %{INT:c:long} %{INT:a:int} %{INT:d}");
  std::map<std::string, std::vector<CaptureType>> types;
  for (const auto& capture : grok.captures()) types[capture.field].push_back(capture.type);
  CHECK(types["a"] == std::vector{CaptureType::integer, CaptureType::string});
  CHECK(types["b"] == std::vector{CaptureType::real});
  CHECK(types["c"] == std::vector{CaptureType::string});
  CHECK(types["d"] == std::vector{CaptureType::string});
}

TEST_CASE("a field captured twice gives two values, groups of one name together") {
  CHECK(taken("%{WORD:x} %{INT:x} %{WORD:x}", "a 1 b") == "x=a x=b x=1");
  CHECK(taken("%{INT:foo}|%{WORD:foo}", "hello") == "foo=hello");
  CHECK(taken("(?:%{INT:i}|%{WORD:w})", "abc") == "w=abc");
}

TEST_CASE("a group that took no part differs from an empty one") {
  const Grok grok = compiled("%{WORD:w}(?: %{INT:n})?(?<rest>.*)");
  GrokMatch match;
  REQUIRE(grok.match("a", match) == MatchResult::match);
  CHECK(match.values()[1].data() == nullptr);
  CHECK(match.values()[2].data() != nullptr);
  CHECK(match.values()[2].empty());
}

TEST_CASE("without named_captures_only the names of patterns are fields as well") {
  CHECK(taken("%{WORD} %{NUMBER:n}", "hey 5", {.named_captures_only = false}) == "WORD=hey n=5 INT=5");
}

TEST_CASE("the dot matches line ends, anchors are those of lines") {
  CHECK(taken("%{WORD:w}(?<all>.*)", "a\nb") == "w=a all=\nb");
  CHECK(taken("^%{INT:n}$", "x\n12\ny") == "n=12");
}

TEST_CASE("braces hold more than a name") {
  CHECK(taken("%{INT - a remark}%{WORD:w rest}", "5a") == "(none)");
  CHECK(taken("%{INT - a remark} %{WORD:w rest}", "5 a") == "w=a");
  CHECK(taken("%{FIZZ=\\d{2}}", "1234", {.named_captures_only = false}) == "FIZZ=12");
  CHECK(taken("%{FIZZ:f=[a-z]+}-%{FIZZ:g}", "ab-cd") == "f=ab g=cd");
  CHECK(taken("%{WORD:w}%{}", "a%{}") == "w=a");
}

TEST_CASE("later definitions override earlier ones") {
  PatternSet set = small_set();
  set.define("WORD", "[a-z]");
  CHECK(taken(compiled("^%{WORD:w}", {}, set), "abc") == "w=a");
}

TEST_CASE("an error has its place in the expression as it was written") {
  const auto place = [](std::string_view expression) {
    GrokPlace at;
    CHECK_FALSE(Grok::compile(expression, small_set(), {}, &at).ok());
    return std::string(expression.substr(at.begin, at.end - at.begin));
  };
  CHECK(place("%{WORD:w} (x") == "(");
  CHECK(place("(?<[a][b]>%{WORD}) [x") == "[");
  CHECK(place("%{WORD:w} %{NOPE:n} x") == "%{NOPE:n}");
  CHECK(place("%{WORD} %{BAD=(x} y") == "%{BAD=(x}");
}

TEST_CASE("errors name the pattern and what is wrong with it") {
  CHECK(failure("%{WROD:x}") ==
        "grok pattern \"%{WROD:x}\": the pattern %{WROD} is not defined; did you mean %{WORD}?");
  CHECK(failure("%{LOOP}") ==
        "grok pattern \"%{LOOP}\": the pattern %{LOOP} leads back to itself (in %{LOOP}, in %{LOOP2})");
  CHECK(failure("%{WORD:w} (") ==
        "grok pattern \"%{WORD:w} (\" is no valid regular expression: end pattern with unmatched parenthesis "
        "near \"%{WORD:w} (\"");
  PatternSet set = small_set();
  set.define("OUTER", "<%{MISSING}>");
  CHECK(Grok::compile("%{OUTER}", set).message() ==
        "grok pattern \"%{OUTER}\": the pattern %{MISSING} is not defined (in %{OUTER})");
}

TEST_CASE("an expansion without bounds is refused") {
  PatternSet set;
  set.define("A0", std::string(64, 'x'));
  for (int i = 1; i < 20; ++i) {
    const std::string inner = "%{A" + std::to_string(i - 1) + "}";
    set.define("A" + std::to_string(i), inner + inner + inner);
  }
  const auto grok = Grok::compile("%{A19}", set);
  REQUIRE_FALSE(grok.ok());
  CHECK(grok.message().find("grows beyond 1048576 bytes") != std::string::npos);
}

TEST_CASE("group names of any kind become words, references follow") {
  const RenamedGroups renamed =
      rename_groups("(?<a:b>x)(?'c-d'y)\\k<a:b>(?(<c-d>)z)(?<a:b>w)(?<=v)\\k<none>");
  CHECK(renamed.regex == "(?<g0>x)(?'g1'y)\\k<g0>(?(<g1>)z)(?<g0>w)(?<=v)\\k<none>");
  CHECK(renamed.names == std::vector<std::string>{"a:b", "c-d"});
}

TEST_CASE("a match runs out of time, not for ever") {
  const Grok grok = compiled("^(?:%{INT}|[0-9]+)*$");
  GrokMatch match;
  CHECK(grok.match(std::string(64, '1') + "!", match, {50}) == MatchResult::timeout);
}
