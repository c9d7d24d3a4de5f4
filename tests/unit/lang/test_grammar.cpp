// The grammar itself: it cannot loop, and every rule of it is used by some config.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <string>
#include <tao/pegtl/contrib/analyze.hpp>
#include <tao/pegtl/contrib/coverage.hpp>

#include "grammar/config_grammar.hpp"
#include "grammar/messages.hpp"

namespace peg = tao::pegtl;
namespace g = sluice::grammar;

TEST_CASE("no rule of the grammar can loop without reading anything") {
  CHECK(peg::analyze<g::config>(1) == 0);
}

TEST_CASE("every rule of the grammar is matched by some config") {
  const std::string configs[] = {
      "",
      "# a comment\r\n\t# and another",
      "input { stdin { codec => json { charset => 'UTF-8' } } }",
      "filter { 'mutate' { add_tag => [seen, \"a\\\"b\", 'c\\'d', -1, 2.5] } grok { } }",
      "filter { mutate { rename => { ab => cd 1 => \"x\" 'k' => [] } } }",
      "filter { mutate { id => ab add_field => {} \"c d\" => { ab => \"c\" \"d\" => [ { ef => 1 } ] } } }",
      "filter { if [a][b] == 1 and [c] != \"x\" { } else if ![d] or !([e] >= 2) { drop { } } else { } }",
      "filter { if [a] <= 1 xor [b] < 2 { } if [c] > 3 nand ([d]) { } }",
      "filter { if \"x\" in [tags] { } if [a] not in [\"x\", 'y'] { } if f1([a], \"b\") { } if g1() { } }",
      "output { if [m] =~ /a\\/b/ { } if [m] !~ 'x' { } stdout { } }",
  };
  peg::coverage_result result;
  for (const auto& config : configs) {
    CAPTURE(config);
    // A run fills its own table; only rules that matched count.
    peg::coverage_result one;
    peg::memory_input input(config, "config");
    REQUIRE(peg::coverage<g::config>(input, one));
    for (const auto& [rule, entry] : one) result[rule].success += entry.success;
  }
  size_t rules = 0;
  for (const auto& [rule, entry] : result) {
    if (rule.find("sluice::grammar::") != 0) continue;
    ++rules;
    CAPTURE(std::string(rule));
    CHECK(entry.success > 0);
  }
  CHECK(rules > 50);
  MESSAGE(rules << " rules, all matched");
}
