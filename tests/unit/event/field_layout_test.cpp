#include "event/field_layout.hpp"

#include <doctest/doctest.h>

#include "fixture.hpp"

namespace sluice {
namespace {

std::vector<FieldRef> refs(std::initializer_list<const char*> names) {
  std::vector<FieldRef> all;
  for (const auto* name : names) all.push_back(*name ? FieldRef::of(name) : FieldRef{});
  return all;
}

/// What the layout makes of an event, beside what setting one by one makes of it; "no" when it refuses.
struct Both {
  std::string laid, set;
  Both(std::string_view json, const std::vector<FieldRef>& places, std::string_view values) {
    OneEvent a(json), b(json);
    const auto given = [&](OneEvent& e) {
      Value list;
      REQUIRE(JsonReader::local().read(values, e.batch->arena(), list));
      return list.as_array()->all();
    };
    const auto ours = given(a);
    laid = FieldLayout(places).set(a.event, ours) ? all_of(a) : "no";
    if (laid == "no") CHECK(a.json() == b.json());
    const auto theirs = given(b);
    for (size_t i = 0; i < places.size(); ++i)
      if (!theirs[i].is_null() && !places[i].empty()) (void)b.event.set(places[i], theirs[i]);
    set = all_of(b);
  }
  static std::string all_of(OneEvent& e) { return e.json() + to_json(e.event.metadata_value()); }
};

}  // namespace

TEST_CASE("a layout sets what setting one by one sets, in the same order") {
  const auto places = refs({"[g][ip]", "top", "[g][geo][city]", "", "[g][geo][at]", "[@metadata][x][y]",
                            "[g][geo][at][lat]", "[g][ip2]"});
  const std::string_view events[] = {R"({})",
                                     R"({"g":{}})",
                                     R"({"g":null,"a":1})",
                                     R"({"g":{"ip2":0,"geo":{"z":1,"city":{"old":1}}}})",
                                     R"({"g":{"geo":null,"ip":[1]},"top":{"x":1}})",
                                     R"({"g":{"geo":{"at":{"lon":9}}}})"};
  const std::string_view values[] = {
      R"(["1.2.3.4","t","Bonn","never",{"lat":0,"lon":7.1},"m",50.7,5])",
      R"([null,null,null,null,null,null,null,null])",
      R"(["1.2.3.4",null,null,null,null,null,null,5])",
      R"([null,null,null,null,null,"m",null,null])",
      R"([null,null,null,null,{"lon":1},null,null,null])",
      R"([null,false,null,null,null,null,2,null])",
  };
  for (const auto event : events)
    for (const auto value : values) {
      const Both both(event, places, value);
      CAPTURE(event);
      CAPTURE(value);
      CHECK(both.laid == both.set);
    }
}

TEST_CASE("a layout leaves alone what it cannot set as a whole") {
  CHECK(Both(R"({"g":"text"})", refs({"[g][a]"}), "[1]").laid == "no");
  CHECK(Both(R"({"g":[{}]})", refs({"top", "[g][0]"}), "[1,2]").laid == "no");
  CHECK(Both(R"({"g":{"h":1}})", refs({"top", "[g][x]", "[g][h][i]"}), "[1,2,3]").laid == "no");
  CHECK(Both(R"({})", refs({"[g][a]", "[g][a][b]"}), "[1,2]").laid == "no");
  for (const auto* name : {"@timestamp", "tags", "[tags][0]", "[@metadata]"})
    CHECK(Both(R"({})", refs({name}), "[1]").laid == "no");
  CHECK(Both(R"({})", refs({"[a][b]", "a"}), R"([1,{"c":2}])").laid == "no");
  CHECK(Both(R"({})", refs({"a", "[a]"}), R"([1,2])").laid == "no");
}

TEST_CASE("a layout keeps what stands at places that it must not replace") {
  FieldLayout layout(refs({"a", "[g][x]", "[g][h][y]", "free", ""}));
  for (const size_t place : {0, 1, 2, 4}) layout.keep(place);
  const auto set = [&](std::string_view json, std::string_view values) {
    OneEvent e(json);
    Value list;
    REQUIRE(JsonReader::local().read(values, e.batch->arena(), list));
    return layout.set(e.event, list.as_array()->all()) ? e.json() : "no, " + e.json();
  };
  CHECK(set(R"({})", R"([1,2,3,4,5])") == R"({"a":1,"g":{"x":2,"h":{"y":3}},"free":4})");
  CHECK(set(R"({"free":0,"g":{"z":0}})", R"([1,2,null,4,5])") == R"({"free":4,"g":{"z":0,"x":2},"a":1})");
  CHECK(set(R"({"a":0})", R"([1,2,3,4,5])") == R"(no, {"a":0})");
  CHECK(set(R"({"a":null})", R"([1,2,3,4,5])") == R"(no, {"a":null})");
  CHECK(set(R"({"a":0})", R"([null,2,3,4,5])") == R"({"a":0,"g":{"x":2,"h":{"y":3}},"free":4})");
  CHECK(set(R"({"g":{"h":{"y":0}}})", R"([1,2,3,4,5])") == R"(no, {"g":{"h":{"y":0}}})");
  CHECK(set(R"({"g":{"h":null}})", R"([1,null,3,4,5])") == R"({"g":{"h":{"y":3}},"a":1,"free":4})");
}

TEST_CASE("a layout finds its names among many others") {
  const auto places = refs({"a", "[g][x]", "z"});
  std::string json = "{";
  for (int i = 0; i < 200; ++i) json += (i ? ",\"n" : "\"n") + std::to_string(i) + "\":0";
  const Both both(json + R"(,"z":1,"g":{"x":{"y":1}}})", places, "[1,2,3]");
  CHECK(both.laid == both.set);
}

}  // namespace sluice
