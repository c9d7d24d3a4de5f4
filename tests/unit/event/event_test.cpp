#include <doctest/doctest.h>

#include <ctime>

#include "base/time.hpp"
#include "event/field_index.hpp"
#include "event/fixture.hpp"

using namespace sluice;

namespace {

std::string value_at(const OneEvent& one, std::string_view ref) {
  const auto* value = one.event.get(FieldRef::of(ref));
  return value ? to_json(*value) : "absent";
}

SetError set(OneEvent& one, std::string_view ref, Value value) {
  return one.event.set(FieldRef::of(ref), value);
}

}  // namespace

TEST_CASE("get walks objects by name and lists by index, from either end") {
  OneEvent one(R"({"a":{"b":[10,20,{"c":"x"}]},"s":"text","n":null})");
  CHECK(value_at(one, "[a][b][0]") == "10");
  CHECK(value_at(one, "[a][b][-1][c]") == R"("x")");
  CHECK(value_at(one, "[a][b][3]") == "absent");
  CHECK(value_at(one, "[a][b][-4]") == "absent");
  CHECK(value_at(one, "[a][b][x]") == "absent");
  CHECK(value_at(one, "[s][x]") == "absent");
  CHECK(value_at(one, "[s][0]") == "absent");
  CHECK(value_at(one, "n") == "null");
  CHECK(value_at(one, "[n][x]") == "absent");
}

TEST_CASE("set makes missing parents, pads lists, and refuses scalars as parents") {
  OneEvent one(R"({"list":[1],"s":"text"})");
  CHECK(set(one, "[a][b][0]", Value::integer(1)) == SetError::none);
  CHECK(value_at(one, "a") == R"({"b":{"0":1}})");
  CHECK(set(one, "[list][3]", Value::boolean(true)) == SetError::none);
  CHECK(value_at(one, "list") == "[1,null,null,true]");
  CHECK(set(one, "[list][-1]", Value::integer(9)) == SetError::none);
  CHECK(value_at(one, "[list][3]") == "9");
  CHECK(set(one, "[s][x]", Value::integer(1)) == SetError::not_a_container);
  CHECK(set(one, "[list][x]", Value::integer(1)) == SetError::not_a_container);
  CHECK(set(one, "[list][9999999999]", Value::integer(1)) == SetError::not_a_container);
  CHECK(value_at(one, "s") == R"("text")");
}

TEST_CASE("remove takes keys and list elements away, and empties @metadata") {
  OneEvent one(R"({"a":{"b":1,"c":2},"list":[1,2,3]})");
  CHECK(one.event.remove(FieldRef::of("[a][b]")));
  CHECK_FALSE(one.event.remove(FieldRef::of("[a][b]")));
  CHECK_FALSE(one.event.remove(FieldRef::of("[x][y]")));
  CHECK(one.event.remove(FieldRef::of("[list][0]")));
  CHECK(one.event.remove(FieldRef::of("[list][-1]")));
  CHECK(one.json() == R"({"a":{"c":2},"list":[2]})");
  CHECK(set(one, "[@metadata][x]", Value::integer(1)) == SetError::none);
  CHECK(one.event.remove(FieldRef::of("[@metadata]")));
  CHECK(value_at(one, "[@metadata]") == "{}");
}

TEST_CASE("@metadata is no part of what is written") {
  OneEvent one(R"({"a":1})");
  CHECK(set(one, "[@metadata][index]", one.string("x")) == SetError::none);
  CHECK(value_at(one, "[@metadata][index]") == R"("x")");
  CHECK(one.json() == R"({"a":1})");
}

TEST_CASE("@timestamp holds times only, tags hold texts only") {
  OneEvent one;
  CHECK(set(one, "@timestamp", Value::integer(1)) == SetError::not_a_timestamp);
  CHECK(set(one, "@timestamp", Value::timestamp(5)) == SetError::none);
  CHECK(one.event.timestamp() == 5);
  CHECK(set(one, "tags", Value::integer(1)) == SetError::illegal_tags);
  CHECK(set(one, "[tags][x]", one.string("a")) == SetError::illegal_tags);
  CHECK(set(one, "tags", one.string("a")) == SetError::none);
}

TEST_CASE("failure tags are there once, added tags as often as they are added") {
  OneEvent one(R"({"tags":"first"})");
  one.event.tag("first");
  CHECK(value_at(one, "tags") == R"("first")");
  one.event.tag("_failed");
  one.event.tag("_failed");
  CHECK(value_at(one, "tags") == R"(["first","_failed"])");
  one.event.add_tag("_failed");
  CHECK(value_at(one, "tags") == R"(["first","_failed","_failed"])");
}

TEST_CASE("normalize completes what came from outside") {
  set_wall_clock([] { return int64_t{1'700'000'000'123'000'000}; });
  OneEvent bare(R"({"m":1})");
  normalize(bare.event);
  CHECK(bare.json() == R"({"m":1,"@timestamp":"2023-11-14T22:13:20.123Z","@version":"1"})");

  OneEvent given(
      R"({"@timestamp":"2021-02-03T04:05:06.789Z","@version":"7","tags":"x","@metadata":{"k":1}})");
  normalize(given.event);
  CHECK(given.event.timestamp() == 1'612'325'106'789'000'000);
  CHECK(value_at(given, "@version") == R"("7")");
  CHECK(value_at(given, "tags") == R"("x")");
  CHECK(value_at(given, "[@metadata][k]") == "1");
  CHECK(given.json().find("@metadata") == std::string::npos);

  OneEvent unreadable(R"({"@timestamp":"yesterday"})");
  normalize(unreadable.event);
  CHECK(unreadable.event.timestamp() == 1'700'000'000'123'000'000);
  CHECK(value_at(unreadable, "_@timestamp") == R"("yesterday")");
  CHECK(value_at(unreadable, "tags") == R"(["_timestampparsefailure"])");

  for (const std::string tags : {"5", "true", "null", R"({"a":1})", R"(["a",1])"}) {
    CAPTURE(tags);
    OneEvent odd("{\"tags\":" + tags + "}");
    normalize(odd.event);
    CHECK(value_at(odd, "_tags") == "[" + tags + "]");
    CHECK(value_at(odd, "tags") == R"(["_tagsparsefailure"])");
  }
  set_wall_clock(nullptr);
}

TEST_CASE("a copy shares nothing that can change") {
  OneEvent one(R"({"a":{"b":[1,{"c":2}]},"s":"text"})");
  OneEvent other;
  auto& copy = one.batch->clone(one.event);
  auto& foreign = other.batch->clone(one.event);
  CHECK(set(one, "[a][b][1][c]", Value::integer(3)) == SetError::none);
  CHECK(set(one, "[a][b][0]", one.string("changed")) == SetError::none);
  for (const auto* event : {&copy, &foreign}) {
    Buffer out;
    write_json(*event, out);
    CHECK(out.view() == R"({"a":{"b":[1,{"c":2}]},"s":"text"})");
  }
  // In another batch the text is its own, too.
  const auto* here = one.event.get(FieldRef::of("s"));
  const auto* there = foreign.get(FieldRef::of("s"));
  CHECK(here->as_text().data() != there->as_text().data());
}

TEST_CASE("equality is by type and content, of objects in any order") {
  Arena arena;
  const auto same = [&](std::string_view a, std::string_view b) {
    Value x, y;
    REQUIRE(JsonReader::local().read(a, arena, x));
    REQUIRE(JsonReader::local().read(b, arena, y));
    return equal(x, y);
  };
  CHECK(same(R"({"a":1,"b":[1,"x"]})", R"({"b":[1,"x"],"a":1})"));
  CHECK_FALSE(same("[1]", "[1.0]"));
  CHECK_FALSE(same("[1]", R"(["1"])"));
  CHECK_FALSE(same("[1,2]", "[2,1]"));
  CHECK_FALSE(same(R"({"a":1})", R"({"a":1,"b":2})"));
  CHECK_FALSE(same("[false]", "[null]"));
}

TEST_CASE(
    "names from outside are set by reference, and very many of them in time that grows with their number") {
  OneEvent one(R"({"n1":"old"})");
  FieldIndex index;
  const auto set_named = [&](std::string_view name, Value value) {
    return one.event.set_named(Key::of(name, one.event.arena()), value, index);
  };
  const std::clock_t started = std::clock();
  for (int i = 0; i < 200'000; ++i) {
    const std::string number = std::to_string(i);
    CHECK(set_named("n" + number, Value::integer(i)) == SetError::none);
    CHECK(set_named("[deep][n" + number + "]", Value::integer(i)) == SetError::none);
    CHECK(set_named("[n" + number + "_]", Value::integer(i)) == SetError::none);
  }
  // Of the processor, which others may be using too. Looking through all names for each would take minutes.
  CHECK(static_cast<double>(std::clock() - started) / CLOCKS_PER_SEC < 30.0);
  CHECK(one.event.fields().size == 400'001);
  CHECK(value_at(one, "n1") == "1");
  CHECK(value_at(one, "[deep][n199999]") == "199999");
  CHECK(set_named("[x", Value{}) == SetError::illegal_name);
  CHECK(set_named("tags", Value::integer(1)) == SetError::illegal_tags);
  CHECK(set_named("@timestamp", Value::integer(1)) == SetError::not_a_timestamp);
  CHECK(set_named("[@metadata][m]", Value::integer(1)) == SetError::none);
  CHECK(one.event.metadata().size == 1);
}

TEST_CASE("names that were made to collide are set and found as others are") {
  std::vector<std::string> names;
  for (int i = 0; names.size() < 600; ++i) {
    std::string name = "n" + std::to_string(i);
    if (std::hash<std::string_view>{}(name) % 4096 == 7) names.push_back(std::move(name));
  }
  OneEvent one;
  FieldIndex index;
  auto& arena = one.event.arena();
  auto& fields = one.event.fields();
  for (size_t round = 0; round < 2; ++round)
    for (size_t i = 0; i < names.size(); ++i)
      index.set(arena, fields, Key::of(names[i], arena), Value::integer(static_cast<int64_t>(i + round)));
  CHECK(fields.size == names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    const auto* found = index.find(fields, Key::of(names[i], arena));
    REQUIRE(found);
    CHECK(found->as_integer() == static_cast<int64_t>(i + 1));
  }
  CHECK(index.find(fields, Key::intern("none of them")) == nullptr);
}
