#include <doctest/doctest.h>

#include "runtime/fixture.hpp"

using namespace sluice;
using namespace sluice::test;
using runtime::Pipeline;

TEST_CASE("a generator's events all reach the output, with one worker and with several") {
  for (const size_t workers : {1, 3}) {
    CAPTURE(workers);
    runtime::PipelineSettings settings;
    settings.workers = workers;
    Running running(
        "input { generator { count => 5000 } } filter { mutate { add_tag => \"x\" } } output { null {} }",
        settings);
    REQUIRE(running.pipeline);
    REQUIRE(running.pipeline->start().ok());
    CHECK(running.wait_finished());
    CHECK(running.pipeline->stop());
    CHECK(running.pipeline->state() == Pipeline::State::finished);
    CHECK(running.pipeline->events_in.get() == 5000);
    CHECK(running.pipeline->events_out.get() == 5000);
    CHECK(running.pipeline->batches_in_flight() == 0);
    CHECK(running.pipeline->queue().in_flight_bytes() == 0);
  }
}

TEST_CASE("every piece of input is acknowledged once its events are delivered, dropped or refused") {
  runtime::PipelineSettings settings;
  settings.workers = 2;
  settings.in_flight_bytes = 20'000;  // the input has to pause again and again
  Running running(
      "input { numbers { count => 2000 } } filter { if [n] < 500 { drop {} } if [missing] > 5 { drop {} } } "
      "output { null {} }",
      settings);
  REQUIRE(running.pipeline);
  REQUIRE(running.pipeline->start().ok());
  CHECK(running.wait_finished());
  CHECK(running.pipeline->stop());
  CHECK(deliveries().delivered == 2000);
  CHECK(deliveries().lost == 0);
  CHECK(deliveries().stopped == 1);
  CHECK(deliveries().closed == 1);
  CHECK(running.pipeline->condition_failures.get() == 1500);
  CHECK(running.pipeline->events_out.get() == 0);
}

TEST_CASE("an input learns the name of its own pipeline, whose work it logs") {
  runtime::PipelineSettings settings;
  settings.id = "second";
  Running running("input { numbers { count => 1 } } output { null {} }", settings);
  REQUIRE(running.pipeline);
  REQUIRE(running.pipeline->start().ok());
  CHECK(deliveries().pipeline == "second");
  CHECK(running.wait_finished());
  CHECK(running.pipeline->stop());
}

TEST_CASE("what an output never confirms is given back to its source when the drain time is over") {
  runtime::PipelineSettings settings;
  settings.drain_millis = 20;
  Running running("input { numbers { count => 10 } } output { keeper {} }", settings);
  REQUIRE(running.pipeline);
  REQUIRE(running.pipeline->start().ok());
  CHECK(running.wait_finished());
  CHECK_FALSE(running.pipeline->stop());
  CHECK(running.pipeline->state() == Pipeline::State::terminated);
  CHECK(deliveries().delivered == 0);
  CHECK(deliveries().lost == 10);
  CHECK(running.pipeline->batches_in_flight() == 0);
}

TEST_CASE("an unconfirmed output holds the input back at the limit") {
  runtime::PipelineSettings settings;
  settings.drain_millis = 10;
  settings.in_flight_bytes = 10'000;
  Running running("input { numbers { count => 100000 } } output { keeper {} }", settings);
  REQUIRE(running.pipeline);
  REQUIRE(running.pipeline->start().ok());
  while (running.pipeline->queue().ready()) std::this_thread::yield();
  CHECK_FALSE(running.pipeline->stop());
  CHECK(deliveries().delivered == 0);
  CHECK(deliveries().lost >= 10);
  CHECK(deliveries().lost <= 12);
}

TEST_CASE("a plugin that cannot start stops the start, is named with its place, and what had started ends") {
  Running output("input { numbers { } }\noutput { null {} broken {} }");
  REQUIRE(output.pipeline);
  const auto status = output.pipeline->start();
  CHECK(status.message() == "config string:2:18: output broken: the disk is on fire");
  CHECK(output.pipeline->state() == Pipeline::State::terminated);
  Running input("input { numbers { } broken { } } output { null {} }");
  CHECK(input.pipeline->start().message() == "config string:1:21: input broken: the port is taken");
  CHECK(deliveries().stopped == 1);
}

TEST_CASE("stop ends a pipeline whose input has no end") {
  Running running("input { generator { } } output { null {} }");
  REQUIRE(running.pipeline->start().ok());
  CHECK(running.pipeline->state() == Pipeline::State::running);
  while (running.pipeline->events_out.get() == 0) std::this_thread::yield();
  CHECK(running.pipeline->stop());
}

TEST_CASE("text without input or output gets stdin and stdout; a file does not") {
  runtime::LoadedConfig loaded;
  runtime::ConfigSource source;
  source.text = "filter { mutate { } }";
  register_runtime_plugins();
  REQUIRE(runtime::read_config(source, loaded).ok());
  CHECK(loaded.config->sections.size() == 3);
  runtime::compile_config(loaded, {});
  REQUIRE(loaded.plan);
  CHECK(loaded.plan->inputs[0]->built.spec->name == "stdin");
  CHECK(loaded.plan->outputs[0]->built.spec->name == "stdout");

  runtime::LoadedConfig missing;
  source.path = "/no/such/file.conf";
  CHECK(runtime::read_config(source, missing).message().find("/no/such/file.conf") != std::string::npos);
}

TEST_CASE("a destination whose circuit is not closed is named, and does not count as a standstill") {
  runtime::PipelineSettings settings;
  settings.drain_millis = 10;
  Running running("input { numbers { count => 1 } } output { tcp { host => \"127.0.0.1\" port => 1 } }",
                  settings);
  REQUIRE(running.pipeline);
  REQUIRE(running.pipeline->start().ok());
  const auto problems = running.pipeline->problems();  // nobody listens there
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].kind == runtime::Trouble::circuit);
  CHECK_FALSE(runtime::stops_events(problems[0].kind));
  CHECK(problems[0].component.starts_with("output tcp at"));
  CHECK(problems[0].text.find("127.0.0.1:1") != std::string::npos);
  running.pipeline->stop();
}
