#include <doctest/doctest.h>

#include "event/fixture.hpp"
#include "event/json_write.hpp"
#include "event/template.hpp"

using namespace sluice;
using Outcome = Template::Outcome;

namespace {

std::string filled(std::string_view text, const OneEvent& one, Outcome expected = Outcome::ok) {
  std::string out;
  CHECK(Template(text).fill(one.event, out) == expected);
  return out;
}

}  // namespace

TEST_CASE("fields of every type have their text") {
  OneEvent one(
      R"({"s":"x","i":5,"f":2.0,"big":1e21,"b":true,"list":[1,[2,"x"],null,{"a":1,"b":"y"}],"none":[],"o":{"a":null,"b":[1]}})");
  CHECK(filled("%{s}-%{i}-%{f}-%{b}", one) == "x-5-2.0-true");
  CHECK(filled("%{big}", one) == "1.0E21");
  CHECK(filled("%{list}", one) == "1,2,x,,{a=1, b=y}");
  CHECK(filled("<%{none}>", one) == "<>");
  CHECK(filled("%{o}", one) == R"({"a":null,"b":[1]})");
  CHECK(filled("%{[o][b][0]}", one) == "1");
}

TEST_CASE("a field that is missing or null leaves its placeholder and says so") {
  OneEvent one(R"({"n":null,"s":"%{i}"})");
  CHECK(filled("a-%{x}-%{n}", one, Outcome::unresolved) == "a-%{x}-%{n}");
  CHECK(filled("%{s}", one) == "%{i}");
  CHECK(filled("open %{s", one) == "open %{s");
  CHECK(filled("%{[@metadata][x]}", one, Outcome::unresolved) == "%{[@metadata][x]}");
}

TEST_CASE("dates come from @timestamp, in Joda's letters, java.time's, or as seconds") {
  OneEvent one;
  CHECK(filled("<%{+YYYY.MM.dd}>", one) == "<>");
  one.event.set_timestamp(1'612'325'106'789'000'000);
  CHECK(filled("%{+YYYY.MM.dd}", one) == "2021.02.03");
  CHECK(filled("logs-%{+xxxx.ww}", one) == "logs-2021.05");
  CHECK(filled("%{+%s}", one) == "1612325106");
  CHECK(filled("%{{yyyy-MM-dd'T'HH}}", one) == "2021-02-03T04");
  CHECK(filled("%{@timestamp}", one) == "2021-02-03T04:05:06.789Z");
}

TEST_CASE("what can never be filled in fails, and says why beforehand") {
  OneEvent one;
  one.event.set_timestamp(0);
  const Template bad_date("%{+YYYY-QQQQ}"), bad_reference("%{[a}");
  CHECK_FALSE(bad_date.problem().empty());
  CHECK(bad_reference.problem() == "Invalid FieldReference: `[a`");
  CHECK(filled("%{[a}", one, Outcome::failed).empty());
  Outcome outcome = Outcome::ok;
  CHECK(bad_reference.value(one.event, &outcome).as_text().empty());
  CHECK(outcome == Outcome::failed);
}

TEST_CASE("a text without placeholder is constant; the fields of one with are known") {
  CHECK(Template("plain").constant());
  CHECK(Template("").constant());
  CHECK(Template("%{open").constant());
  const Template two("%{a}-%{+YYYY}-%{[b][c]}");
  CHECK_FALSE(two.constant());
  REQUIRE(two.fields().size() == 2);
  CHECK(two.fields()[1].text() == "[b][c]");
}

TEST_CASE("a template that is one field gives its text, whatever becomes of the field") {
  OneEvent one(R"({"a":"x\"y","n":1.50,"l":["p","q"],"null":null})");
  const auto value = [&](std::string_view text, Outcome expected) {
    Outcome outcome{};
    const Value made = Template(text).value(one.event, &outcome);
    CHECK(outcome == expected);
    REQUIRE(made.is_string());
    return std::string(made.as_text());
  };
  CHECK(value("%{n}", Outcome::ok) == "1.5");
  CHECK(value("%{l}", Outcome::ok) == "p,q");
  CHECK(value("%{null}", Outcome::unresolved) == "%{null}");
  CHECK(value("%{none}", Outcome::unresolved) == "%{none}");
  const Value text = Template("%{a}").value(one.event);
  one.event.set(Key::intern("a"), one.event.text("other"));
  CHECK(text.as_text() == "x\"y");
  Buffer json;
  write_json(text, json);
  CHECK(json.view() == R"("x\"y")");
  const std::string now = value("%{{TIME_NOW}}", Outcome::ok);
  CHECK(now.size() >= 24);
  CHECK(now.back() == 'Z');
}
