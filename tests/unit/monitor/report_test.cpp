#include <doctest/doctest.h>

#include <chrono>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

#include "base/time.hpp"
#include "event/json_read.hpp"
#include "monitor/process.hpp"
#include "monitor/report.hpp"
#include "runtime/fixture.hpp"

using namespace sluice;
using namespace sluice::test;
using monitor::Report;

namespace {

monitor::Node node() {
  monitor::Node n;
  n.name = "node \"one\"";
  n.version = "9.9";
  n.id = "id";
  n.environment = "test";
  n.started_nanos = steady_nanos();
  n.workers = 1;
  n.batch_size = 125;
  return n;
}

// A pipeline that has worked off 50 events, and the report of it.
struct Worked {
  Worked()
      : running(
            "input { generator { count => 50 id => \"gen\\\"\" } } filter { mutate { id => \"m1\" } drop { "
            "id => \"d1\" } } output { null { id => \"o1\" } }",
            settings()),
        report(node(), running.engine) {
    REQUIRE(running.pipeline);
    report.add(*running.pipeline);
  }
  static runtime::PipelineSettings settings() {
    runtime::PipelineSettings s;
    s.id = "pipe.one";
    return s;
  }
  void run() {
    REQUIRE(running.pipeline->start().ok());
    REQUIRE(running.wait_finished());
    REQUIRE(running.pipeline->stop());
  }
  // The value at a dotted path of GET /_node/stats/SECTION, as JSON. Keys in quotes may hold dots.
  [[nodiscard]] std::string stats(std::string_view section, const std::vector<std::string>& path) const {
    Buffer out;
    if (!report.stats(section, out, false)) return "no such section";
    return at(out, path);
  }
  static std::string at(const Buffer& out, const std::vector<std::string>& path) {
    Arena arena;
    Value value;
    JsonReader reader;
    if (!reader.read(out.view(), arena, value)) return "no JSON: " + std::string(out.view());
    for (const auto& name : path) {
      const Value* next = nullptr;
      if (value.is_object())
        next = value.as_object()->find(Key::intern(name));
      else if (value.is_array() && std::stoul(name) < value.as_array()->size)
        next = &value.as_array()->items[std::stoul(name)];
      if (!next) return "absent";
      value = *next;
    }
    Buffer json;
    write_json(value, json);
    return std::string(json.view());
  }

  Running running;
  Report report;
};

}  // namespace

TEST_CASE("the root says who answers") {
  const Worked w;
  for (const bool pretty : {false, true}) {
    Buffer out;
    w.report.root(out, pretty);
    CHECK(Worked::at(out, {"name"}) == R"("node \"one\"")");
    CHECK(Worked::at(out, {"version"}) == R"("9.9")");
    CHECK(Worked::at(out, {"pipeline", "batch_size"}) == "125");
    CHECK(Worked::at(out, {"status"}) == R"("red")");  // not started yet
  }
  CHECK(w.report.problems(true) == "pipeline pipe.one is being loaded\n");
}

TEST_CASE("stats count events by pipeline and by plugin, where Logstash has them") {
  Worked w;
  w.run();
  CHECK(w.report.problems(false).empty());
  const std::string pipe = "pipe.one";
  CHECK(w.stats("", {"events", "in"}) == "50");
  CHECK(w.stats("", {"pipelines", pipe, "events", "out"}) == "0");
  CHECK(w.stats("pipelines", {"pipelines", pipe, "plugins", "filters", "0", "id"}) == R"("m1")");
  CHECK(w.stats("pipelines", {"pipelines", pipe, "plugins", "filters", "0", "events", "out"}) == "50");
  CHECK(w.stats("pipelines", {"pipelines", pipe, "plugins", "filters", "1", "events", "out"}) == "0");
  CHECK(w.stats("pipelines/pipe.one", {"pipelines", pipe, "plugins", "inputs", "0", "name"}) ==
        R"("generator")");
  CHECK(w.stats("pipelines", {"pipelines", pipe, "plugins", "codecs", "0", "name"}) == R"("plain")");
  CHECK(w.stats("pipelines", {"pipelines", pipe, "plugins", "codecs", "0", "decode", "out"}) == "50");
  CHECK(w.stats("pipelines", {"pipelines", pipe, "plugins", "codecs", "0", "encode", "writes_in"}) == "0");
  CHECK(w.stats("pipelines/pipe.one", {"pipelines", pipe, "queue", "type"}) == R"("memory")");
  CHECK(w.stats("events", {"events", "in"}) == "50");
  CHECK(w.stats("events", {"pipelines"}) == "absent");
  CHECK(w.stats("process", {"process", "open_file_descriptors"}) != "absent");
  CHECK(w.stats("jvm", {"jvm", "uptime_in_millis"}) != "absent");
  CHECK(w.stats("pipelines/other", {}) == "no such section");
  CHECK(w.stats("nothing", {}) == "no such section");
  Buffer pretty;
  REQUIRE(w.report.stats("", pretty, true));
  CHECK(Worked::at(pretty, {"events", "in"}) == "50");
}

TEST_CASE("Prometheus' text is well-formed: one family at a time, labels escaped, numbers last") {
  Worked w;
  w.run();
  Buffer out;
  w.report.metrics(out);
  const std::regex help(R"(# HELP [a-z_]+ .+)"), type(R"(# TYPE ([a-z_]+) (counter|gauge))");
  const std::regex sample(R"(([a-z_]+)(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)+\})? [-+0-9.e]+)");
  std::istringstream lines{std::string(out.view())};
  std::string line, family;
  std::set<std::string> families;
  size_t samples = 0;
  while (std::getline(lines, line)) {
    CAPTURE(line);
    std::smatch match;
    if (std::regex_match(line, match, type)) {
      family = match[1];
      CHECK(families.insert(family).second);
    } else if (!std::regex_match(line, help)) {
      REQUIRE(std::regex_match(line, match, sample));
      CHECK(match[1] == family);
      ++samples;
    }
  }
  CHECK(samples > 15);
  CHECK(out.view().ends_with('\n'));
  CHECK(out.view().find("sluice_pipeline_events_in_total{pipeline=\"pipe.one\"} 50\n") !=
        std::string_view::npos);
  CHECK(families.count("process_resident_memory_bytes"));
}

TEST_CASE("the figures of the process are those of this process") {
  const auto figures = monitor::read_process();
  CHECK(figures.resident_bytes > 1 << 20);
  CHECK(figures.virtual_bytes >= figures.resident_bytes);
  CHECK(figures.open_files >= 3);
  CHECK(figures.max_files >= figures.open_files);
  CHECK(figures.threads >= 1);
}

namespace {

// Waits until the health report of a pipeline that gets stuck says so, and gives that back.
std::string trouble_of(const std::string& config, std::string_view kind) {
  runtime::PipelineSettings settings;
  settings.stall_millis = 50;
  settings.drain_millis = 0;
  Running running(config, settings);
  REQUIRE(running.pipeline);
  Report report(node(), running.engine);
  report.add(*running.pipeline);
  REQUIRE(running.pipeline->start().ok());
  std::string found;
  const int64_t until = steady_nanos() + 20'000'000'000;
  while (steady_nanos() < until && found.find(kind) == std::string::npos) {
    Buffer out;
    report.health(out, false);
    found = out.view();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  found += report.problems(true).empty() ? " live" : " dead";
  found += report.problems(false).empty() ? " ready" : " busy";
  (void)running.pipeline->stop();
  return found;
}

}  // namespace

TEST_CASE(
    "the health report names the output that does not confirm its events; the engine is alive, not ready") {
  const auto found = trouble_of(
      "input { generator { count => 3 } } output { null { } tcp { host => \"127.0.0.1\" port => 1 } }",
      "undelivered_events");
  CHECK(found.find("output tcp at") != std::string::npos);
  CHECK(found.find("output null") == std::string::npos);
  CHECK(found.find(R"("status":"yellow")") != std::string::npos);
  CHECK(found.ends_with(" live busy"));
}

TEST_CASE("the health report names the filter that a worker does not come back from") {
  const auto found =
      trouble_of("input { generator { count => 1 } } filter { sleep { time => 2 } } output { null { } }",
                 "stalled_worker");
  CHECK(found.find("filter sleep at") != std::string::npos);
  CHECK(found.find(R"("status":"red")") != std::string::npos);
  CHECK(found.ends_with(" dead busy"));
}

TEST_CASE("a pipeline whose events move is healthy") {
  Worked w;
  w.run();
  Buffer out;
  w.report.health(out, false);
  CHECK(Worked::at(out, {"status"}) == "\"green\"");
  CHECK(Worked::at(out, {"indicators", "pipelines", "indicators", "pipe.one", "details", "status",
                         "state"}) == "\"FINISHED\"");
}
