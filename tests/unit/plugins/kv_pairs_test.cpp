#include "plugins/kv/pairs.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::plugins::kv;

TEST_CASE("a text with many pairs is prepared for its searches once, not once a pair") {
  Syntax syntax;
  syntax.field_split_pattern = " ; ";
  syntax.value_split_pattern = " => ";
  SyntaxError error;
  const auto pattern = PairPattern::compile(syntax, error);
  REQUIRE(pattern);
  for (const std::string tail : {"", "ä", "\xff", "\n"}) {
    std::string text;
    for (int i = 0; i < 500; ++i) text += "key" + std::to_string(i) + " => value" + std::to_string(i) + " ; ";
    text += tail;
    match::Captures captures;
    Deadline deadline(0);
    PairScanner scanner(*pattern, text, captures, deadline);
    Pair pair;
    size_t pairs = 0;
    while (scanner.next(pair) == PairScanner::Found::pair) ++pairs;
    CHECK(pairs == 500);
    CHECK(scanner.walked() == text.size());
  }
}
