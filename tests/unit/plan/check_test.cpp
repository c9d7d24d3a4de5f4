// What `pipeline --test` finds by looking at the whole pipeline.
#include <doctest/doctest.h>

#include "fixture.hpp"

using namespace sluice;
using namespace sluice::test;

namespace {

std::string found(std::string_view text) { return Compiled(text).found(); }

std::optional<std::string> no_variables(std::string_view) { return std::nullopt; }

}  // namespace

TEST_CASE("ids and ports are used once") {
  CHECK(found("filter { mutate { id => m1 } mutate { id => m1 } }") == "E0401");
  CHECK(found("filter { mutate { id => m1 } mutate { id => m2 } }").empty());
  CHECK(found("input { tcp { port => 5000 } tcp { port => 5000 } }") == "E0402");
  CHECK(found("input { tcp { port => 5000 } udp { port => 5000 } }").empty());
  CHECK(
      found("input { tcp { port => 5000 host => \"127.0.0.1\" } tcp { port => 5000 host => \"127.0.0.2\" } }")
          .empty());
}

TEST_CASE("a branch that can never be taken is warned of, and the rest of the plan goes without it") {
  const Compiled never(R"(filter { if "a" == "b" { mutate { } } else { drop { } } })");
  CHECK(never.found() == "W0403");
  REQUIRE(never.plan);
  REQUIRE(never.plan->filter_block.steps.size() == 1);
  CHECK_FALSE(never.plan->filter_block.steps[0].condition);
  CHECK(found(R"(filter { if "a" == "a" { mutate { } } else { drop { } } })") == "W0403");
  CHECK(found(R"(filter { if "a" == "a" { mutate { } } })").empty());
  CHECK(found(R"(filter { if "grok" in ["grok", "x"] { mutate { } } })") == "W0403");
}

TEST_CASE("a branch that the environment switches is no mistake, and what is off need not be complete") {
  const auto text = R"(filter { if "${FEATURE:off}" == "on" { mutate { coerce => 5 } } else { drop { } } })";
  const Compiled off(text, no_variables);
  CHECK_MESSAGE(off.found().empty(), test::shown(off.parsed));
  REQUIRE(off.plan);
  CHECK(off.plan->filters.size() == 1);
  const Compiled on(text, [](std::string_view) { return std::optional<std::string>("on"); });
  CHECK_FALSE(on.plan);
  CHECK(on.found() == "E0205");
}

TEST_CASE("a field that nothing before can have produced is warned of, with the nearest name") {
  const Compiled misspelt(
      R"(input { stdin { } } filter { mutate { add_field => { "client" => "x" } } if [clinet] { drop { } } })");
  CHECK(misspelt.found() == "W0404");
  CHECK(misspelt.parsed.diagnostics.items().at(0).help.find("[client]") != std::string::npos);
  CHECK(
      found(
          R"(input { stdin { } } filter { if [client] { drop { } } mutate { add_field => { "client" => "x" } } })") ==
      "W0404");
  CHECK(found(R"(input { stdin { } } filter { if [message] { drop { } } })").empty());
  CHECK(found(R"(filter { if [client] { drop { } } })").empty());  // a part of a config has its inputs elsewhere
  CHECK(found(R"(input { stdin { } } filter { if ![client] { drop { } } })").empty());
  CHECK(found(R"(input { stdin { codec => json } } filter { if [anything] { drop { } } })").empty());
  CHECK(found(R"(input { beats { port => 5044 } } filter { if [anything] { drop { } } })").empty());
}

TEST_CASE("an index name that can stay unresolved is warned of; a default before it mends that") {
  const auto es = [](const std::string& filter) {
    return found(
        "input { stdin { } } filter { " + filter +
        R"( } output { elasticsearch { hosts => ["http://localhost:9200"] index => "logs-%{app}" } })");
  };
  CHECK(es("") == "W0405");
  CHECK(es(R"(mutate { add_field => { "app" => "x" } })").empty());
  CHECK(es(R"(if ![app] { mutate { add_field => { "app" => "x" } } })").empty());
  CHECK(es(R"(if [message] { mutate { add_field => { "app" => "x" } } })") == "W0405");
  CHECK(es(R"(mutate { add_field => { "app" => "x" } } mutate { remove_field => ["app"] })") == "W0405");
}

TEST_CASE("all errors of all plugins are found in one run, and then there is no plan") {
  const Compiled bad(
      R"(input { tcp { } } filter { mutat { } grok { match => { "message" => "%{NOSUCH}" } } } output { stdout { codec => nosuch } })");
  CHECK_FALSE(bad.plan);
  CHECK(bad.parsed.diagnostics.error_count() >= 4);
}
