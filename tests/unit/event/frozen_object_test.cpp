#include "event/frozen_object.hpp"

#include <doctest/doctest.h>

#include "fixture.hpp"

namespace sluice {
namespace {

FrozenObject frozen(std::string_view json) {
  // Other tests fill the table of names; what is frozen has to have its names there.
  for (const char* name :
       {"a", "b", "c", "d", "e", "f", "x", "y", "z", "big", "deep", "esc", "plain", "three"})
    (void)Key::intern(name);
  OneEvent made(json);
  Value value;
  REQUIRE(JsonReader::local().read(json, made.batch->arena(), value));
  return FrozenObject(*value.as_object());  // its batch ends here
}

std::string thawed_into(std::string_view event, const char* field, std::string_view object) {
  OneEvent one(event);
  const auto* copy = frozen(object).thaw_into(one.event, FieldRef::of(field));
  const auto* there = one.event.get(FieldRef::of(field));
  CHECK((copy == nullptr || (there && there->as_object() == copy)));
  return (copy ? "" : "no ") + one.json() + to_json(one.event.metadata_value());
}

}  // namespace

TEST_CASE("a frozen object outlives what it was made of, and each copy is its own") {
  const char* const documents[] = {
      "{}", R"({"a":1,"b":"text","c":null,"d":1.5,"e":true,"f":""})",
      R"({"a":{"b":{"c":[1,"two",{"three":[]},[[]]]}},"big":123456789012345678901234567890})",
      R"({"esc":"a \"quote\"","plain":"no quote","deep":[{"x":[{"y":{"z":"end"}}]}]})"};
  for (const auto* json : documents) {
    CAPTURE(json);
    const FrozenObject object = frozen(json);
    Arena first, second;
    Object* changed = object.thaw(first);
    CHECK(to_json(Value::object(changed)) == json);
    changed->set(first, Key::intern("added"), Value::integer(1));
    for (auto& member : changed->all())
      if (member.value.is_object())
        member.value.as_object()->set(first, Key::intern("b"), Value::boolean(false));
    CHECK(to_json(Value::object(object.thaw(second))) == json);
  }
  CHECK_FALSE(FrozenObject());
}

TEST_CASE("a frozen object goes where there is nothing") {
  const char* const object = R"({"x":"y"})";
  CHECK(thawed_into(R"({"a":1})", "t", object) == R"({"a":1,"t":{"x":"y"}}{})");
  CHECK(thawed_into(R"({"t":null,"a":1})", "t", object) == R"({"t":{"x":"y"},"a":1}{})");
  CHECK(thawed_into(R"({"t":{}})", "t", object) == R"(no {"t":{}}{})");
  CHECK(thawed_into(R"({"t":"text"})", "t", object) == R"(no {"t":"text"}{})");
  CHECK(thawed_into(R"({"a":{"c":2}})", "[a][b]", object) == R"({"a":{"c":2,"b":{"x":"y"}}}{})");
  CHECK(thawed_into(R"({"a":1})", "[a][b]", object) == R"(no {"a":1}{})");
  CHECK(thawed_into("{}", "[@metadata][t]", object) == R"({}{"t":{"x":"y"}})");
  CHECK(thawed_into("{}", "tags", object) == "no {}{}");
}

}  // namespace sluice
