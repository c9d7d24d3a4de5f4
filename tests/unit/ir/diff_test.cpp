#include <doctest/doctest.h>

#include "config_text.hpp"
#include "ir/diff.hpp"

using namespace sluice;
using sluice::test::Parsed;

namespace {

std::string diff(std::string_view a, std::string_view b) {
  const Parsed before(a), behind(b);
  REQUIRE_MESSAGE(!before.diagnostics.has_errors(), test::shown(before));
  REQUIRE_MESSAGE(!behind.diagnostics.has_errors(), test::shown(behind));
  const auto old_graph = ir::build_graph(before.config, before.sources);
  const auto new_graph = ir::build_graph(behind.config, behind.sources);
  return ir::diff_text(ir::compare(old_graph, new_graph), before.sources, behind.sources);
}

constexpr std::string_view kBase =
    "input { stdin { } }\n"
    "filter {\n"
    "  mutate { add_tag => \"a\" }\n"
    "  if [x] == 1 {\n"
    "    drop { }\n"
    "  }\n"
    "}\n"
    "output { stdout { } }\n";

std::string with(std::string_view from, std::string_view to) {
  std::string text(kBase);
  text.replace(text.find(from), from.size(), to);
  return text;
}

}  // namespace

TEST_CASE("configs that differ in blanks, comments and places say the same") {
  CHECK(diff(kBase, kBase).empty());
  CHECK(diff(kBase, "# about\n\n" + with("mutate { add_tag", "mutate {\n  add_tag")).empty());
}

TEST_CASE("a step that another of its name takes the place of has changed, with the options that differ") {
  CHECK(diff(kBase, with("\"a\"", "\"b\" id => \"t\"")) ==
        "filter\n"
        "  ~ mutate  test.conf:3 -> test.conf:3\n"
        "        - add_tag => \"a\"\n"
        "        + add_tag => \"b\"\n"
        "        + id => \"t\"\n");
}

TEST_CASE("steps that come and go are shown where they stand") {
  CHECK(diff(kBase, with("    drop { }\n", "    drop { }\n    json { source => \"m\" }\n")) ==
        "filter\n"
        "  +   json  test.conf:6\n");
  CHECK(diff(kBase, with("  }\n}\n", "  } else {\n    drop { }\n  }\n}\n")) ==
        "filter\n"
        "  + else\n"
        "  +   drop  test.conf:7\n");
  CHECK(diff(kBase, with("input { stdin { } }", "input { generator { } }")) ==
        "input\n"
        "  - stdin  test.conf:1\n"
        "  + generator  test.conf:1\n");
}

TEST_CASE("another condition is a difference, what stands under it is none") {
  CHECK(diff(kBase, with("== 1", "== 2")) ==
        "filter\n"
        "  - if [x] == 1  test.conf:4\n"
        "  + if [x] == 2  test.conf:4\n");
}
