#include <doctest/doctest.h>

#include "fixture.hpp"

using namespace sluice;
using namespace sluice::test;

namespace {

using Lines = std::vector<std::string>;

// What the outputs got of `events` (one JSON object each), in order.
struct Run {
  Run(std::string_view config, const Lines& events, bool flush = false) : compiled(std::string(config)) {
    REQUIRE_MESSAGE(compiled.plan, test::shown(compiled.parsed));
    recorded().clear();
    plan::Execution execution(*compiled.plan,
                              [this](const Event& event, const Span&) { refused.push_back(json_of(event)); });
    wants_flush = execution.wants_flush();
    auto batch = pool.take();
    for (const auto& json : events) batch->add(event_of(*batch, json));
    left = flush ? execution.flush(batch, true) : execution.run(batch);
    batch.reset();
    out = recorded();
  }
  BatchPool pool;
  Compiled compiled;
  Lines refused, out;
  size_t left = 0;
  bool wants_flush = false;
};

const Lines kFour{R"({"n":1})", R"({"n":2})", R"({"n":3})", R"({"n":4})"};

}  // namespace

TEST_CASE("branches work on their events, and the order of arrival comes back") {
  const Run run(
      R"(filter { if [n] > 2 { mutate { add_field => { "big" => "y" } } } else if [n] == 1 { mutate { add_tag => "one" } } mutate { add_field => { "m" => "%{n}" } } }
                   output { record {} })",
      kFour);
  CHECK(run.out == Lines{R"({"n":1,"tags":["one"],"m":"1"})", R"({"n":2,"m":"2"})",
                         R"({"n":3,"big":"y","m":"3"})", R"({"n":4,"big":"y","m":"4"})"});
  CHECK(run.left == 4);
}

TEST_CASE("later conditions see what earlier filters made") {
  const Run run(
      R"(filter { mutate { add_field => { "k" => "%{n}" } } if [k] == "2" { drop {} } } output { record {} })",
      kFour);
  CHECK(run.out == Lines{R"({"n":1,"k":"1"})", R"({"n":3,"k":"3"})", R"({"n":4,"k":"4"})"});
  CHECK(run.left == 3);
}

TEST_CASE("new events stand behind the one they came from and go through the filters that follow") {
  const Run run(
      R"(filter { if [n] == 2 { twice { add_field => { "parent" => "y" } } } mutate { add_tag => "all" } } output { record {} })",
      {R"({"n":1})", R"({"n":2})", R"({"n":3})"});
  CHECK(run.out == Lines{R"({"n":1,"tags":["all"]})", R"({"n":2,"parent":"y","tags":["all"]})",
                         R"({"n":2,"copy":true,"tags":["all"]})", R"({"n":3,"tags":["all"]})"});
}

TEST_CASE("a branch that parts events of one parent gives them back in their order") {
  const Run run(
      R"(filter { twice {} if ![copy] { mutate { add_tag => "a" } } else { mutate { add_tag => "b" } }
                if [copy] { mutate { add_tag => "c" } } } output { record {} })",
      {R"({"n":1})", R"({"n":2})"});
  CHECK(run.out == Lines{R"({"n":1,"tags":["a"]})", R"({"n":1,"copy":true,"tags":["b","c"]})",
                         R"({"n":2,"tags":["a"]})", R"({"n":2,"copy":true,"tags":["b","c"]})"});
}

TEST_CASE("a copy stands behind its parent when both branches and branches inside of them are done") {
  const Run run(
      R"(filter { if [n] > 1 { twice {} if [copy] { mutate { add_tag => "a" } } else if [n] == 3 { twice {} } }
                else { mutate { add_tag => "one" } } } output { if [copy] { null {} } record {} })",
      {R"({"n":2})", R"({"n":1})", R"({"n":3})", R"({"n":0})"});
  CHECK(run.out == Lines{R"({"n":2})", R"({"n":2,"copy":true,"tags":["a"]})", R"({"n":1,"tags":["one"]})",
                         R"({"n":3})", R"({"n":3,"copy":true})", R"({"n":3,"copy":true,"tags":["a"]})",
                         R"({"n":0,"tags":["one"]})"});
}

TEST_CASE("a branch that all events take keeps the order of what it and branches inside of it make") {
  const Run run(
      R"(filter { if [n] > 0 { twice {} if [copy] { mutate { add_tag => "a" } } if [n] > 9 { drop {} } }
                else { drop {} } if [n] > 9 { drop {} } else { mutate { add_tag => "b" } } } output { record {} })",
      {R"({"n":2})", R"({"n":1})"});
  CHECK(run.out == Lines{R"({"n":2,"tags":["b"]})", R"({"n":2,"copy":true,"tags":["a","b"]})",
                         R"({"n":1,"tags":["b"]})", R"({"n":1,"copy":true,"tags":["a","b"]})"});
}

TEST_CASE("events without a parent stay behind all others") {
  const Run run(
      R"(filter { if [n] == 1 { flusher {} } else { twice {} } flusher {} if [copy] { mutate { add_tag => "a" } } }
         output { record {} })",
      {R"({"n":1})", R"({"n":2})"}, true);
  CHECK(run.out == Lines{R"({"n":1})", R"({"n":2})", R"({"n":2,"copy":true,"tags":["a"]})",
                         R"({"n":"final"})", R"({"n":"final"})"});
}

TEST_CASE("a dropped event is gone, the copy made of it before is not") {
  const Run run(R"(filter { twice {} if ![copy] { drop {} } } output { record {} })",
                {R"({"n":1})", R"({"n":2})"});
  CHECK(run.out == Lines{R"({"n":1,"copy":true})", R"({"n":2,"copy":true})"});
}

TEST_CASE("an event that a condition cannot be evaluated on is refused; the others go on") {
  const Run run(R"(filter { if [n] > 2 { mutate { add_tag => "big" } } } output { record {} })",
                {R"({"n":1})", R"({"n":"x"})", R"({"m":1})", R"({"n":3})"});
  CHECK(run.refused == Lines{R"({"n":"x"})", R"({"m":1})"});
  CHECK(run.out == Lines{R"({"n":1})", R"({"n":3,"tags":["big"]})"});
}

TEST_CASE("every output of a branch gets the events of the branch") {
  const Run run(
      R"(output { record { id => "a" } if [n] == 1 { record { id => "b" } } else { record { id => "c" } } if [n] < 2 { record { id => "d" } } })",
      {R"({"n":1})", R"({"n":2})", R"({"n":"x"})"});
  CHECK(run.out == Lines{R"(a{"n":1})", R"(a{"n":2})", R"(a{"n":"x"})", R"(b{"n":1})", R"(c{"n":2})",
                         R"(c{"n":"x"})", R"(d{"n":1})"});
  CHECK(run.refused == Lines{R"({"n":"x"})"});
}

TEST_CASE("flush lets filters speak at their place in the order, without events and inside branches") {
  const Run run(
      R"(filter { if [n] == "never" { flusher {} } mutate { add_tag => "after" } } output { record {} })", {},
      true);
  CHECK(run.wants_flush);
  CHECK(run.out == Lines{R"({"n":"final","tags":["after"]})"});
  CHECK_FALSE(Run("output { record {} }", {}).wants_flush);
}

TEST_CASE("stages count what goes in and out") {
  const Run run(R"(filter { if [n] > 1 { drop {} } } output { record {} })", kFour);
  const auto& drop = run.compiled.plan->filters[0]->metrics;
  CHECK(drop.in.get() == 3);
  CHECK(drop.out.get() == 0);
  CHECK(run.compiled.plan->outputs[0]->metrics.in.get() == 1);
}

TEST_CASE("without filters and with an empty batch nothing happens") {
  CHECK(Run("output { record {} }", {}).out.empty());
  CHECK(Run("output { record {} }", kFour).out.size() == 4);
}
