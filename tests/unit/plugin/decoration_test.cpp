#include <doctest/doctest.h>

#include "config_text.hpp"
#include "plugin/spec.hpp"

using namespace sluice;
using namespace sluice::plugin;
using sluice::test::Parsed;

namespace {

class Nothing : public Filter {
 public:
  std::unique_ptr<FilterWorker> worker() override { return nullptr; }
};

const Spec kFilter{.kind = Kind::filter,
                   .name = "nothing",
                   .summary = "Does nothing.",
                   .options = {},
                   .example = "nothing {}",
                   .filter = [](Setup&) -> std::unique_ptr<Filter> { return std::make_unique<Nothing>(); }};

// The event after the common options of `body`; "error: ..." when applying them failed.
std::string decorated(const std::string& body, std::string_view json, std::string* codes = nullptr) {
  if (!Registry::get().find(Kind::filter, "nothing")) Registry::get().add(kFilter);
  Parsed parsed("filter { nothing { " + body + " } }");
  const auto built = build_filter(parsed.plugin(), {}, parsed.diagnostics);
  if (codes) *codes = test::codes(parsed.diagnostics);
  REQUIRE_MESSAGE(built.plugin, test::shown(parsed));
  BatchPool pool;
  const auto batch = pool.take();
  auto& event = test::event_of(*batch, json);
  const auto status = built.decoration.apply(event);
  return status.ok() ? test::json_of(event) : "error: " + status.message();
}

}  // namespace

TEST_CASE("add_field sets, then grows lists") {
  CHECK(decorated(R"(add_field => { "new" => "x%{a}" })", R"({"a":1})") == R"({"a":1,"new":"x1"})");
  CHECK(decorated(R"(add_field => { "a" => "x" })", R"({"a":1})") == R"({"a":[1,"x"]})");
  CHECK(decorated(R"(add_field => { "a" => "x" })", R"({"a":[1,2]})") == R"({"a":[1,2,"x"]})");
  CHECK(decorated(R"(add_field => { "a" => "x" })", R"({"a":null})") == R"({"a":["x"]})");
  CHECK(decorated(R"(add_field => { "a" => "x" })", R"({"a":{"k":"v"}})") == R"({"a":[["k","v"],"x"]})");
  CHECK(decorated(R"(add_field => { "a" => ["x", "y"] })", "{}") == R"({"a":["x","y"]})");
  CHECK(decorated(R"(add_field => { "[p][q]" => "x" })", "{}") == R"({"p":{"q":"x"}})");
  CHECK(decorated(R"(add_field => { "to_%{n}" => "%{none}" })", R"({"n":"me"})") ==
        R"({"n":"me","to_me":"%{none}"})");
}

TEST_CASE("the four run in Logstash's order: add_field, remove_field, add_tag, remove_tag") {
  CHECK(
      decorated(
          R"(remove_tag => ["t"] add_tag => ["t", "%{a}"] remove_field => ["a"] add_field => { "b" => "%{a}" })",
          R"({"a":"1"})") == R"({"b":"1","tags":["%{a}"]})");
}

TEST_CASE("tags are added as often as asked and removed wherever they stand") {
  CHECK(decorated(R"(add_tag => ["x"])", R"({"tags":["x"]})") == R"({"tags":["x","x"]})");
  CHECK(decorated(R"(remove_tag => ["x"])", R"({"tags":["x","y","x"]})") == R"({"tags":["y"]})");
  CHECK(decorated(R"(remove_tag => ["x"])", R"({"tags":"x"})") == R"({"tags":[]})");
  CHECK(decorated(R"(remove_tag => ["x"])", "{}") == "{}");
}

TEST_CASE("names that the event makes can be illegal; then the rest is skipped") {
  CHECK(decorated(R"(add_field => { "%{n}" => "x" } add_tag => ["t"])", R"({"n":"[bad"})") ==
        "error: Invalid FieldReference: `[bad`");
  CHECK(decorated(R"(remove_field => ["%{n}"])", R"({"n":"a]"})") == "error: Invalid FieldReference: `a]`");
  CHECK(decorated(R"(remove_field => ["%{n}"])", R"({"n":"a","a":1})") == R"({"n":"a"})");
  std::string codes;
  CHECK(decorated(R"(remove_field => ["[a"])", "{}", &codes).starts_with("error: "));
  CHECK(codes == "W0304");
}

TEST_CASE("field names made by events do not fill the key table") {
  if (!Registry::get().find(Kind::filter, "nothing")) Registry::get().add(kFilter);
  Parsed parsed(R"(filter { nothing { add_field => { "%{n}" => "x" } remove_field => ["gone_%{n}"] } })");
  const auto built = build_filter(parsed.plugin(), {}, parsed.diagnostics);
  REQUIRE(built.plugin);
  BatchPool pool;
  const uint32_t before = interned_key_count();
  for (uint32_t i = 0; i < Key::kCap + 5000;) {
    const auto batch = pool.take();
    for (int n = 0; n < 1000; ++n, ++i) {
      const auto name = "decoration_" + std::to_string(i);
      auto& event = test::event_of(*batch, "{\"n\":\"" + name + "\"}");
      REQUIRE(built.decoration.apply(event).ok());
      if (n == 0) CHECK(test::json_of(event) == "{\"n\":\"" + name + "\",\"" + name + "\":\"x\"}");
    }
  }
  CHECK(interned_key_count() - before <= Key::kCap + 10);
}

TEST_CASE("an unknown plugin is refused with the nearest name, one of Logstash's as not supported") {
  decorated("", "{}");
  for (const auto& [name, code] : {std::pair{"nothin", "E0201"}, std::pair{"yaml", "E0202"}}) {
    Parsed parsed(std::string("filter { ") + name + " { } }");
    CHECK_FALSE(build_filter(parsed.plugin(), {}, parsed.diagnostics).plugin);
    CHECK(test::codes(parsed.diagnostics) == code);
  }
  Parsed near("filter { nothin { } }");
  (void)build_filter(near.plugin(), {}, near.diagnostics);
  CHECK(near.diagnostics.items().at(0).help == "Did you mean `nothing`?");
}
