#include <doctest/doctest.h>

#include "event/field_ref.hpp"
#include "event/fixture.hpp"

using namespace sluice;

namespace {

// The path with slashes; "error: TEXT" when the reference is illegal.
std::string path(std::string_view text, FieldEscapes escapes = FieldEscapes::none) {
  const auto ref = FieldRef::parse(text, escapes);
  if (!ref.ok()) return "error: " + ref.message();
  std::string out = ref->metadata() ? "@metadata:" : "";
  for (const auto& step : ref->steps()) (out += '/') += step.key.text();
  return out;
}

}  // namespace

TEST_CASE("a name without brackets is one key, whatever is in it") {
  CHECK(path("message") == "/message");
  CHECK(path("a.b c") == "/a.b c");
  CHECK(path("") == "/");
}

TEST_CASE("brackets nest; embedded references flatten") {
  CHECK(path("[a]") == "/a");
  CHECK(path("[a][b][0]") == "/a/b/0");
  CHECK(path("[[a][b]][c]") == "/a/b/c");
  CHECK(path("[@metadata][x]") == "@metadata:/x");
  CHECK(path("[@metadata]") == "@metadata:");
  CHECK(path("[a][@metadata]") == "/a/@metadata");
}

TEST_CASE("illegal references are refused in Logstash's words") {
  for (const std::string bad :
       {"[]", "[", "]", "[a", "a]", "[a]b", "a[b]", "[a][]", "[a]]", "[a[b]]", "[a] [b]"}) {
    CAPTURE(bad);
    CHECK(path(bad) == "error: Invalid FieldReference: `" + bad + "`");
  }
}

TEST_CASE("escapes stand for brackets in the style that is set, one part at a time") {
  CHECK(path("a%5B0%5D", FieldEscapes::percent) == "/a[0]");
  CHECK(path("[a%5B0%5D][b]", FieldEscapes::percent) == "/a[0]/b");
  CHECK(path("a%5b", FieldEscapes::percent) == "/a%5b");
  CHECK(path("100%", FieldEscapes::percent) == "/100%");
  CHECK(path("a&#91;0&#93;", FieldEscapes::ampersand) == "/a[0]");
  CHECK(path("a%5B", FieldEscapes::none) == "/a%5B");
}

TEST_CASE("what is special is known once: @timestamp, tags and below") {
  CHECK(FieldRef::of("@timestamp").is_timestamp());
  CHECK(FieldRef::of("[@timestamp]").is_timestamp());
  CHECK_FALSE(FieldRef::of("[@timestamp][x]").is_timestamp());
  CHECK(FieldRef::of("tags").is_tags());
  CHECK(FieldRef::of("[tags][0]").is_below_tags());
  CHECK_FALSE(FieldRef::of("[a][tags]").is_tags());
}

TEST_CASE("names made by events do not grow the key table beyond its cap, and work all the same") {
  OneEvent one;
  const uint32_t before = interned_key_count();
  for (uint32_t i = 0; i < Key::kCap + 20'000; ++i) {
    auto ref = FieldRef::parse("[made][by_event_" + std::to_string(i) + "]", one.event.arena());
    REQUIRE(ref.ok());
    if (i % 1000 != 0) continue;
    REQUIRE(one.event.set(*ref, Value::integer(i)) == SetError::none);
    REQUIRE(one.event.get(*ref)->as_integer() == i);
  }
  CHECK(interned_key_count() - before <= Key::kCap);
  // A name of the config still finds the key that stayed with its batch.
  const uint32_t wanted = (Key::kCap + 19'000) / 1000 * 1000;
  const auto* found = one.event.get(FieldRef::of("[made][by_event_" + std::to_string(wanted) + "]"));
  REQUIRE(found);
  CHECK(found->as_integer() == wanted);
}
