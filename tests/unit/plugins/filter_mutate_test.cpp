#include <doctest/doctest.h>

#include "filter_fixture.hpp"

using sluice::plugins::fixture::TestFilter;

namespace {
// What mutate { `options` } makes of the event.
std::string mutate(const std::string& options, const std::string& event) {
  return TestFilter("mutate { " + options + " }").one(event);
}
}  // namespace

TEST_CASE("mutate: the order is that of the operations, not of the config") {
  CHECK(mutate("convert => { n => integer } replace => { n => '42' } rename => { x => n }", R"({"x":"1"})") ==
        R"({"n":42})");
  CHECK(mutate("lowercase => a capitalize => a uppercase => a", R"({"a":"heLLo"})") == R"({"a":"hello"})");
}

TEST_CASE("mutate: a failure is tagged, stops the filter and keeps what was done") {
  CHECK(mutate("rename => { a => b } convert => { n => integer } uppercase => m add_tag => never",
               R"({"a":1,"n":"x","m":"m"})") == R"({"n":"x","m":"m","b":1,"tags":["_mutate_error"]})");
  CHECK(mutate("strip => l tag_on_failure => oops", R"({"l":[" a ",5]})") ==
        R"({"l":[" a ",5],"tags":["oops"]})");
  CHECK(mutate("replace => { '@timestamp' => 'x' }", "{}") == R"({"tags":["_mutate_error"]})");
  CHECK(mutate("replace => { '[a' => 'x' }", "{}") == R"({"tags":["_mutate_error"]})");
  CHECK(mutate("add_field => { '[a' => 'x' }", "{}") == R"({"tags":["_mutate_error"]})");
}

TEST_CASE("mutate: rename moves values of any kind and never loses one") {
  CHECK(mutate("rename => { '%{k}' => 'to_%{k}' }", R"({"k":"a","a":null})") == R"({"k":"a","to_a":null})");
  CHECK(mutate("rename => { a => '[a][b]' }", R"({"a":{"c":1}})") == R"({"a":{"b":{"c":1}}})");
  CHECK(mutate("rename => { a => '[s][b]' }", R"({"s":"text","a":1})") ==
        R"({"s":"text","a":1,"tags":["_mutate_error"]})");
}

TEST_CASE("mutate: coerce, update and replace") {
  CHECK(mutate("coerce => { a => 'd%{b}' c => d m => d }", R"({"a":null,"b":"B","c":"keep"})") ==
        R"({"a":"dB","b":"B","c":"keep"})");
  CHECK(mutate("update => { a => '1' b => '2' }", R"({"a":null})") == R"({"a":"1"})");
  CHECK(mutate("replace => { '[a][b]' => '%{c}-%{d}' }", R"({"c":1.5})") ==
        R"({"c":1.5,"a":{"b":"1.5-%{d}"}})");
}

TEST_CASE("mutate: convert is strict with texts") {
  const auto convert = [](const std::string& type, const std::string& value) {
    return mutate("convert => { f => " + type + " }", "{\"f\":" + value + "}");
  };
  CHECK(convert("integer", R"("1,234")") == R"({"f":1234})");
  CHECK(convert("integer", R"("99999999999999999999")") == R"({"f":99999999999999999999})");
  CHECK(convert("integer", R"(["1",null,2.9,true])") == R"({"f":[1,null,2,1]})");
  CHECK(convert("integer", R"(["1","x"])") == R"({"f":["1","x"],"tags":["_mutate_error"]})");
  CHECK(convert("integer_eu", R"("1.234,9")") == R"({"f":1234})");
  CHECK(convert("float", R"("0x1A")") == R"({"f":26.0})");
  CHECK(convert("float", "3") == R"({"f":3.0})");
  CHECK(convert("float_eu", R"("1.234,5")") == R"({"f":1234.5})");
  CHECK(convert("string", "1e21") == R"({"f":"1.0e+21"})");
  CHECK(convert("string", R"([{"a":[1,"b",null]},true])") == R"({"f":["{\"a\"=>[1, \"b\", nil]}","true"]})");
  CHECK(convert("boolean", R"(["YES","off","",0,1.0,"a\nF"])") ==
        R"({"f":[true,"off",false,false,true,false]})");
  CHECK(convert("integer", R"({"a":1})") == R"({"f":{"a":1}})");
}

TEST_CASE("mutate: gsub with groups, fields in pattern and replacement, and lists") {
  CHECK(mutate(R"(gsub => [m, '(\w+)-(?:\w+)', '\1+'])", R"({"m":"ab-cd ef-gh"})") == R"({"m":"ab+ ef+"})");
  CHECK(mutate("gsub => [m, 'x', '%{r}', m, 'Z', 'Y']", R"({"m":"axb","r":"Z"})") ==
        R"({"m":"aYb","r":"Z"})");
  CHECK(mutate("gsub => [m, '[%{p}]', '-']", R"({"m":"a.b","p":"."})") == R"({"m":"a-b","p":"."})");
  CHECK(mutate("gsub => [m, 'a', 'b']", R"({"m":["a",1,null]})") == R"({"m":["b",1,null]})");
  CHECK(mutate("gsub => [m, '%{p}', '-']", R"({"m":"a","p":"("})") ==
        R"({"m":"a","p":"(","tags":["_mutate_error"]})");
}

TEST_CASE("mutate: split, join and strip") {
  CHECK(mutate("split => { a => ',' }", R"({"a":",x,,y,,"})") == R"({"a":["","x","","y"]})");
  CHECK(mutate("split => { a => ' ' }", R"({"a":"  x\t y "})") == R"({"a":["x","y"]})");
  CHECK(mutate("split => { a => '' }", R"({"a":"xé"})") == R"({"a":["x","é"]})");
  CHECK(mutate("split => { a => ',' }", R"({"a":""})") == R"({"a":[]})");
  CHECK(mutate("join => { a => '-' }", R"({"a":["x",["y",[]],null,1.0]})") == R"({"a":"x-y---1.0"})");
  CHECK(mutate("strip => a", R"({"a":"\t x y\n"})") == R"({"a":"x y"})");
}

TEST_CASE("mutate: merge and copy give values of their own") {
  CHECK(mutate("merge => { d => s }", R"({"d":{"a":1,"b":2},"s":{"b":3}})") ==
        R"({"d":{"a":1,"b":3},"s":{"b":3}})");
  CHECK(mutate("merge => { d => [s, t] }", R"({"d":[1],"s":2,"t":[3]})") == R"({"d":[1,2,3],"s":2,"t":[3]})");
  CHECK(mutate("merge => { d => s }", R"({"d":"x","s":{"b":3}})") == R"({"d":"x","s":{"b":3}})");
  CHECK(mutate("merge => { d => s }", R"({"s":"b"})") == R"({"s":"b","d":["b"]})");
  TestFilter f("mutate { copy => { a => b } }");
  f.one(R"({"a":{"k":1}})");
  auto& event = *f.left[0];
  event.set(sluice::FieldRef::of("[a][k]"), sluice::Value::integer(2));
  CHECK(event.get(sluice::FieldRef::of("[b][k]"))->as_integer() == 1);
}

TEST_CASE("mutate: what cannot work is refused where it stands") {
  TestFilter convert("mutate { convert => { a => integer b => flaot } }");
  CHECK(convert.code() == "E0306");
  CHECK(convert.diagnostics.items()[0].help == "Did you mean `float`?");
  CHECK(convert.diagnostics.items()[0].span.column == 54);
  CHECK(TestFilter("mutate { gsub => [a, b] }").code() == "E0306");
  CHECK(TestFilter("mutate { gsub => [a, '(', b] }").code() == "E0301");
  CHECK(TestFilter("mutate { gsub => [a, 'x', '\\k<no>'] }").code() == "E0306");
  CHECK(TestFilter("mutate { replace => { a => [1, 2] } }").code() == "W0306");
  CHECK(TestFilter("mutate { rename => { '[a' => b } }").code() == "W0304");
}

TEST_CASE("mutate: its own earlier operations make fields for its later ones") {
  TestFilter f("mutate { rename => { a => b } convert => { b => integer c => integer } }");
  std::string read;
  for (const auto& r : f.built.flow.read()) read += r.field + " ";
  CHECK(read == "a c ");
}
