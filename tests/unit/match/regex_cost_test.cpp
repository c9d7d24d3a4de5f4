#include "match/regex_cost.hpp"

#include <doctest/doctest.h>

#include "match/grok_expand.hpp"
#include "match/regex_tree.hpp"

using namespace sluice::match;

namespace {

std::string hazards(std::string_view pattern) {
  static constexpr std::string_view kKinds[] = {"leading", "adjacent", "nested", "branches"};
  std::string out;
  for (const auto& hazard : find_hazards(pattern, false)) {
    if (!out.empty()) out += "; ";
    out += hazard.growth() + " " + std::string(kKinds[static_cast<size_t>(hazard.kind)]) + " ";
    out += pattern.substr(hazard.begin, hazard.end - hazard.begin);
  }
  return out;
}

std::string hindrance(std::string_view pattern, bool ignore_case = false) {
  const auto found = find_hindrance(pattern, ignore_case);
  if (!found) return "";
  return found->what + ": " + std::string(pattern.substr(found->begin, found->end - found->begin));
}

}  // namespace

TEST_CASE("repetitions that can take each other's text are found") {
  CHECK(hazards("^.*?.*?x") == "quadratic adjacent .*?.*?");
  CHECK(hazards("^.*? .*? .*?x") == "n^3 adjacent .*? .*? .*?");
  CHECK(hazards("^(?<a>.*?)(?:(?<b>.*?))x") == "quadratic adjacent .*?)(?:(?<b>.*?");
  CHECK(hazards("^a+[ab]*b") == "quadratic adjacent a+[ab]*");
  CHECK(hazards("^\\S+ \\S+ x") == "");
  CHECK(hazards("^[^,]*,[^,]*,x") == "");
  CHECK(hazards("^.*a.*") == "");
  CHECK(hazards("^.*a.*b.*") == "quadratic adjacent .*a.*");
  CHECK(hazards("^(?>.*?)(?>.*?)x") == "");
  CHECK(hazards("^\\d{1,3}\\d{1,3}x") == "");
  CHECK(hazards("^(?:x|.*.*y)z") == "quadratic adjacent .*.*");
}

TEST_CASE("a repetition at the beginning is tried at every place") {
  CHECK(hazards(".*x") == "quadratic leading .*");
  CHECK(hazards("\\s+$") == "quadratic leading \\s+");
  CHECK(hazards("^.*x") == "");
  CHECK(hazards(".*") == "");
  CHECK(hazards("\\b\\w+\\b x") == "");
  CHECK(hazards(".*?.*?x") == "n^3 adjacent .*?.*?");
}

TEST_CASE("a repetition in a repetition is exponential when its text can be split between turns") {
  CHECK(hazards("^(a+)+$") == "exponential nested (a+)+");
  CHECK(hazards("^(?:\\w+\\s?)*$") == "exponential nested (?:\\w+\\s?)*");
  CHECK(hazards("^(?:\\w+\\s)*$") == "");
  CHECK(hazards("^(?:\\b\\w+\\b\\s*)*$") == "");
  CHECK(hazards("^(?:(?>a+))+$") == "");
  CHECK(hazards("^(?:a++)+$") == "");
  CHECK(hazards("^(a|b)*$") == "");
  CHECK(hazards("^(a|[ab])*$") == "exponential branches (a|[ab])*");
  CHECK(hazards("^(a+)+") == "");
  CHECK(hazards("^(?:[^,]*,){5}x") == "");
}

TEST_CASE("the construct that a faster engine does not take is named with its place") {
  CHECK(hindrance("^[a-z]+ (?<x>\\d{1,3})(?=,)") == "");
  CHECK(hindrance("x(?<n>a(?:b\\k<n>)+)") == "a back-reference: \\k<n>");
  CHECK(hindrance("a(?i)b") == "options within the pattern: (?i)");
  CHECK(hindrance("a(?i:b)") == "options of a group: (?i:b)");
  CHECK(hindrance("a(?-mix:b)") == "options of a group: (?-mix:b)");
  CHECK(hindrance("(?:x(?<=a|bc)d)?") == "a lookbehind that captures, or whose length varies: (?<=a|bc)");
  CHECK(hindrance("(?=(a))") == "a lookahead that captures: (?=(a))");
  CHECK(hindrance("[a-z&&[^b]]") == "an intersection of classes: [a-z&&[^b]]");
  CHECK(hindrance("\\p{Alpha}") == "a Unicode property: \\p{Alpha}");
  CHECK(hindrance("(?:a*)*") == "a repetition of what can be empty: (?:a*)*");
  CHECK(hindrance("\xc3\xa4", true) == "a letter beyond ASCII whose case is ignored: \xc3\xa4");
}

TEST_CASE("a tree knows the place of each piece") {
  const RegexTree tree = read_regex_tree("a(b|c)+?d{2,3}", false);
  REQUIRE(tree.children.size() == 3);
  CHECK(tree.children[1].kind == RegexTree::Kind::repeat);
  CHECK(tree.children[1].begin == 1);
  CHECK(tree.children[1].end == 8);
  CHECK(tree.children[2].min == 2);
  CHECK(tree.children[2].max == 3);
  CHECK(tree.children[2].end == 14);
  CHECK(read_regex_tree("a)", false).kind == RegexTree::Kind::unknown);
}

TEST_CASE("every shipped pattern is judged, and its named patterns know their places") {
  for (const auto builtin : {BuiltinPatterns::legacy, BuiltinPatterns::ecs_v1}) {
    const PatternSet set(builtin);
    for (const auto name : set.names()) {
      std::vector<NamedSpan> spans;
      const auto expanded = expand_grok("x%{" + std::string(name) + "}", set, true, &spans);
      REQUIRE(expanded.ok());
      (void)find_hazards(*expanded, false);
      (void)find_hindrance(*expanded, false);
      REQUIRE(!spans.empty());
      CHECK(spans[0].name == name);
      for (const auto& span : spans) CHECK((span.begin <= span.end && span.end < expanded->size()));
    }
  }
  std::vector<NamedSpan> spans;
  const auto expanded = expand_grok("%{INT:a}-%{USER}", PatternSet(BuiltinPatterns::legacy), true, &spans);
  REQUIRE(spans.size() == 3);
  CHECK(expanded->substr(spans[0].begin, spans[0].end - spans[0].begin) == "[-+]?[0-9]+");
  CHECK(spans[1].name == "USER");
  CHECK(expanded->substr(spans[1].begin, spans[1].end - spans[1].begin) == "(?:[a-zA-Z0-9._-]+)");
  CHECK(spans[2].name == "USERNAME");
}
