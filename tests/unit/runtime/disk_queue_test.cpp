// The persistent queue inside a pipeline: who is told what, and when.
#include <doctest/doctest.h>

#include <filesystem>
#include <thread>

#include "runtime/fixture.hpp"

using namespace sluice;
using namespace sluice::test;
using runtime::Pipeline;

namespace {

// A folder that is gone with the test.
struct Folder {
  Folder() : path(std::filesystem::temp_directory_path() / ("disk_queue." + std::to_string(getpid()))) {
    std::filesystem::remove_all(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

runtime::PipelineSettings persisted(const Folder& folder) {
  runtime::PipelineSettings settings;
  settings.drain_millis = 20;
  settings.in_flight_bytes = 100'000;
  settings.persistent_queue.emplace();
  settings.persistent_queue->folder = folder.path;
  settings.persistent_queue->page_capacity = 16 << 10;
  return settings;
}

template <class Condition>
void wait_for(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  REQUIRE(condition());
}

}  // namespace

TEST_CASE("the queue on disk acknowledges what no output confirms, and the next start delivers all of it") {
  const Folder folder;
  {
    Running running("input { numbers { count => 3000 } } output { keeper {} }", persisted(folder));
    REQUIRE(running.pipeline);
    REQUIRE(running.pipeline->start().ok());
    wait_for([] { return deliveries().delivered == 3000; });
    CHECK(running.pipeline->disk_queue()->figures().events == 3000);
    CHECK(running.pipeline->queue().in_flight_bytes() < 100'000);
    CHECK_FALSE(running.pipeline->stop());
    CHECK(deliveries().lost == 0);
  }
  auto settings = persisted(folder);
  settings.drain_millis = 30'000;
  settings.workers = 3;
  Running running("input { numbers { count => 1 } } output { null {} }", settings);
  REQUIRE(running.pipeline);
  REQUIRE(running.pipeline->start().ok());
  CHECK(running.wait_finished());
  CHECK(running.pipeline->stop());
  CHECK(running.pipeline->events_out.get() == 3001);
  CHECK(running.pipeline->disk_queue()->figures().events == 0);
  CHECK(running.pipeline->queue().in_flight_bytes() == 0);
}

TEST_CASE("a stop leaves what waits on disk there, unless the queue shall be drained") {
  for (const bool drain : {false, true}) {
    CAPTURE(drain);
    const Folder folder;
    {
      Running first("input { numbers { count => 500 } } output { keeper {} }", persisted(folder));
      REQUIRE(first.pipeline->start().ok());
      wait_for([] { return deliveries().delivered == 500; });
      (void)first.pipeline->stop();
    }
    auto settings = persisted(folder);
    settings.drain_queue = drain;
    settings.in_flight_bytes = 2000;  // one record at a time
    Running second(
        "input { udp { port => 0 host => \"127.0.0.1\" } } filter { sleep { time => 0.001 } } output { null "
        "{} }",
        settings);
    REQUIRE(second.pipeline);
    REQUIRE(second.pipeline->start().ok());
    CHECK(second.pipeline->stop());
    CHECK((second.pipeline->disk_queue()->figures().events == 0) == drain);
  }
}

TEST_CASE("a full queue holds the inputs back, and goes on when there is room") {
  const Folder folder;
  auto settings = persisted(folder);
  settings.in_flight_bytes = 10'000;
  settings.persistent_queue->max_events = 50;
  Running running("input { numbers { count => 100000 } } output { keeper {} }", settings);
  REQUIRE(running.pipeline->start().ok());
  wait_for([&] { return running.pipeline->disk_queue()->figures().events >= 50; });
  wait_for([&] { return !running.pipeline->queue().ready(); });
  CHECK(running.pipeline->disk_queue()->figures().events <= 70);
  CHECK_FALSE(running.pipeline->stop());

  settings.drain_millis = 30'000;
  Running again("input { numbers { count => 2000 } } output { null {} }", settings);
  REQUIRE(again.pipeline->start().ok());
  CHECK(again.wait_finished());
  CHECK(again.pipeline->stop());
  CHECK(deliveries().delivered == 2000);
  CHECK(again.pipeline->events_out.get() >= 2050);
  CHECK(again.pipeline->disk_queue()->figures().events == 0);
}

TEST_CASE("two pipelines cannot have one queue") {
  const Folder folder;
  Running first("input { numbers {} } output { null {} }", persisted(folder));
  REQUIRE(first.pipeline->start().ok());
  Running second("input { numbers {} } output { null {} }", persisted(folder));
  const auto status = second.pipeline->start();
  CHECK_FALSE(status.ok());
  CHECK(status.message().find("used by another process") != std::string::npos);
  CHECK(first.wait_finished());
  CHECK(first.pipeline->stop());
}
