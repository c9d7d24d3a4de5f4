// Logstash's conditions, one row a fact.
#include <doctest/doctest.h>

#include "config_text.hpp"
#include "plan/condition.hpp"

using namespace sluice;
using namespace sluice::plan;
using sluice::test::Parsed;

namespace {

std::shared_ptr<const Condition> compiled(std::string_view condition, Parsed& parsed) {
  REQUIRE_MESSAGE(!parsed.diagnostics.has_errors(), test::shown(parsed));
  const auto& branch =
      *std::get<std::shared_ptr<const lang::Branch>>(parsed.config->sections.at(0).body.at(0).node);
  CAPTURE(condition);
  return Condition::compile(*branch.arms.at(0).condition, parsed.diagnostics);
}

// "yes", "no", "error", or the codes of what did not compile.
std::string test_on(std::string_view condition, std::string_view json) {
  Parsed parsed("filter { if " + std::string(condition) + " { x1 {} } }");
  const auto c = compiled(condition, parsed);
  if (!c) return test::codes(parsed.diagnostics);
  BatchPool pool;
  const auto batch = pool.take();
  const auto truth = c->test(test::event_of(*batch, json));
  return truth == Truth::yes ? "yes" : truth == Truth::no ? "no" : "error";
}

struct Row {
  const char* condition;
  const char* expected;
};

constexpr std::string_view kEvent =
    R"({"s":"abc","five":5,"real":5.0,"t":true,"f":false,"n":null,"e":"","zero":0,"fs":"false","zs":"0","blank":" ",)"
    R"("list":["a",1,"1"],"none":[],"o":{"k":1},"empty":{},"same":{"k":1},"num":"5","b":"b","neg":-3,)"
    R"("big":123456789012345678901234567890,"huge":1e400,"deep":-1e400})";

void check_all(std::span<const Row> rows) {
  for (const auto& row : rows) {
    CAPTURE(std::string(row.condition));
    CHECK(test_on(row.condition, kEvent) == std::string(row.expected));
  }
}

}  // namespace

TEST_CASE("a field alone is true unless absent, null, false, empty, or the text false") {
  constexpr Row kRows[] = {{"[s]", "yes"},       {"[x]", "no"},         {"[n]", "no"},     {"[f]", "no"},
                           {"[t]", "yes"},       {"[e]", "no"},         {"[fs]", "no"},    {"[zero]", "yes"},
                           {"[zs]", "yes"},      {"[blank]", "yes"},    {"[none]", "yes"}, {"[empty]", "yes"},
                           {"![x]", "yes"},      {"![s]", "no"},        {"!([s])", "no"},  {"[o][k]", "yes"},
                           {"[list][0]", "yes"}, {"[@metadata]", "yes"}};
  check_all(kRows);
}

TEST_CASE("equality is by type and value; != is its plain negation") {
  constexpr Row kRows[] = {
      {"[s] == \"abc\"", "yes"},  {"[s] == \"ab\"", "no"},  {"[five] == 5", "yes"},
      {"[five] == 5.0", "no"},    {"[real] == 5.0", "yes"}, {"[real] == 5", "no"},
      {"[five] == \"5\"", "no"},  {"[num] == 5", "no"},     {"[t] == \"true\"", "no"},
      {"[x] == \"a\"", "no"},     {"[x] != \"a\"", "yes"},  {"[s] != \"abc\"", "no"},
      {"[five] == [real]", "no"}, {"[o] == [same]", "yes"}, {"[o] == [list]", "no"},
      {"[x] == [y]", "yes"},      {"[x] == [s]", "no"},     {"\"abc\" == [s]", "yes"},
      {"5 == [five]", "yes"},     {"-3 == [neg]", "yes"},   {"[list] == [\"a\", 1, \"1\"]", "yes"},
      {"[list] == [\"a\"]", "no"}};
  check_all(kRows);
}

TEST_CASE("order compares numbers with numbers and texts with texts; anything else is an error") {
  constexpr Row kRows[] = {{"[five] > 4", "yes"},
                           {"[five] > 4.5", "yes"},
                           {"[real] < 6", "yes"},
                           {"[five] >= 5", "yes"},
                           {"[five] <= 4", "no"},
                           {"[s] < \"abd\"", "yes"},
                           {"[s] > \"ab\"", "yes"},
                           {"[s] < \"B\"", "no"},
                           {"4 < [five]", "yes"},
                           {"6 <= [five]", "no"},
                           {"[five] >= [real]", "yes"},
                           {"[s] > [b]", "no"},
                           {"[big] > 5", "yes"},
                           {"[huge] > [big]", "yes"},
                           {"[deep] < 0", "yes"},
                           {"[neg] < 0", "yes"},
                           {"[x] < 5", "error"},
                           {"[five] < [x]", "error"},
                           {"[s] < 5", "error"},
                           {"[five] < \"6\"", "error"},
                           {"[list] > 1", "error"},
                           {"[o] > 1", "error"},
                           {"[n] > 1", "error"},
                           {"[t] < 5", "no"},
                           {"[t] > 5", "no"}};
  check_all(kRows);
}

TEST_CASE("in looks into texts, lists and fields by Logstash's five rules") {
  constexpr Row kRows[] = {
      {"[b] in \"abc\"", "yes"},
      {"[e] in \"abc\"", "yes"},
      {"[x] in \"abc\"", "no"},
      {"[five] in \"15\"", "no"},
      {"\"b\" in [s]", "yes"},
      {"\"z\" in [s]", "no"},
      {"\"a\" in [list]", "yes"},
      {"\"k\" in [o]", "no"},
      {"1 in [list]", "yes"},
      {"5 in [five]", "no"},
      {"2 in [list]", "no"},
      {"\"a\" in [x]", "no"},
      {"[s] in [\"abc\", \"x\"]", "yes"},
      {"[five] in [\"5\", \"x\"]", "yes"},
      {R"([s] in ["1", "2", "3", "4", "5", "6", "7", "8", "9", "abc"])", "yes"},
      {R"([five] in ["1", "2", "3", "4", "5", "6", "7", "8", "9", "abc"])", "yes"},
      {R"([s] not in ["1", "2", "3", "4", "5", "6", "7", "8", "9", "ab"])", "yes"},
      {R"([x] in ["1", "2", "3", "4", "5", "6", "7", "8", "9", ""])", "no"},
      {"[five] in [5.0, 6]", "no"},
      {"[real] in [\"5.0\", 1]", "yes"},
      {"[five] in [\"5\"]", "no"} /* one element in brackets is a field of that name, as in Logstash */,
      {"[num] in [5, 6]", "yes"},
      {"[x] in [\"abc\", \"\"]", "no"},
      {"[s] in [\"x\", \"y\"]", "no"},
      {"[b] in [s]", "yes"},
      {"[s] in [list]", "no"},
      {"[zs] in [list]", "no"},
      {"[list] in [list]", "no"},
      {"[o] in [o]", "no"},
      {"[five] in [five]", "yes"},
      {"[x] in [y]", "no"},
      {"[n] in [n]", "no"},
      {"[x] not in [\"a\", \"b\"]", "yes"},
      {"[s] not in [\"abc\", \"b\"]", "no"},
      {"\"a\" not in [list]", "no"},
      {"\"a\" not in [x]", "yes"},
      {"\"a\" in \"abc\"", "no"},
      {"\"a\" in \"a\"", "yes"},
      {"\"a\" in [\"a\", \"b\"]", "no"}};
  check_all(kRows);
}

TEST_CASE("=~ searches texts; everything else does not match, and so !~ does") {
  constexpr Row kRows[] = {
      {"[s] =~ /b/", "yes"},       {"[s] =~ /^b/", "no"},     {"[s] =~ \"^a.c$\"", "yes"},
      {"[five] =~ /5/", "no"},     {"[list] =~ /a/", "no"},   {"[x] =~ /.*/", "no"},
      {"[x] !~ /.*/", "yes"},      {"[five] !~ /5/", "yes"},  {"[s] !~ /b/", "no"},
      {"[s] =~ /(?i)ABC/", "yes"}, {"\"abc\" =~ /b/", "yes"}, {"\"abc\" !~ /b/", "no"},
      {"[s] =~ /a(?=b)/", "yes"},  {"[e] =~ /^$/", "yes"}};
  check_all(kRows);
}

TEST_CASE("and binds closer than or; xor and nand stand alone; the left side can decide") {
  constexpr Row kRows[] = {
      {"[s] or [x] and [x]", "yes"}, {"([s] or [x]) and [x]", "no"}, {"[x] and [s] or [s]", "yes"},
      {"[s] xor [x]", "yes"},        {"[s] xor [b]", "no"},          {"[x] xor [y]", "no"},
      {"[s] nand [b]", "no"},        {"[s] nand [x]", "yes"},        {"[x] nand [y]", "yes"},
      {"[x] and [x] > 5", "no"},     {"[s] or [x] > 5", "yes"},      {"[s] and [x] > 5", "error"},
      {"[x] or [x] > 5", "error"},   {"!([x] > 5)", "error"},        {"[x] and [s] and [s]", "no"},
      {"[s] or [x] or [x]", "yes"}};
  check_all(kRows);
}

TEST_CASE("constants fold, and are known to be constant") {
  const auto constant = [](std::string_view condition) -> std::string {
    Parsed parsed("filter { if " + std::string(condition) + " { x1 {} } }");
    const auto c = compiled(condition, parsed);
    REQUIRE(c);
    return c->constant() ? *c->constant() ? "always" : "never" : "varies";
  };
  CHECK(constant("\"a\" == \"a\"") == "always");
  CHECK(constant("1 == 1.0") == "never");
  CHECK(constant("2 > 1") == "always");
  CHECK(constant("\"\"") == "never");
  CHECK(constant("\"false\"") == "never");
  CHECK(constant("0") == "always");
  CHECK(constant("!(\"a\" == \"b\")") == "always");
  CHECK(constant("\"a\" == \"b\" and [x]") == "never");
  CHECK(constant("\"a\" == \"a\" or [x]") == "always");
  CHECK(constant("\"a\" == \"a\" and [x]") == "varies");
  CHECK(constant("[x]") == "varies");
  CHECK(test_on("\"a\" < 5", "{}") == "E0306");
}

TEST_CASE("a bad regular expression or field reference is refused before the first event") {
  CHECK(test_on("[s] =~ \"(\"", "{}") == "E0301");
}

TEST_CASE("a condition knows the fields it reads") {
  Parsed parsed("filter { if [a] == [b][c] and \"x\" in [tags] or [d] =~ /x/ { x1 {} } }");
  const auto c = compiled("", parsed);
  REQUIRE(c);
  std::string all;
  for (const auto& ref : c->fields()) all += ref.text() + " ";
  CHECK(all == "[a] [b][c] [tags] [d] ");
}
