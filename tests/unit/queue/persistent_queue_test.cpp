#include <atomic>

#include "fixture.hpp"

using namespace sluice;
using namespace sluice::queue;
using namespace sluice::test;
using Numbers = std::vector<int64_t>;

namespace {

struct Counted : Acknowledgement {
  explicit Counted(std::atomic<int>& n) : safe(n) {}
  void settled(bool delivered) noexcept override {
    if (!delivered) return;
    ++safe;
    safe.notify_all();
  }
  std::atomic<int>& safe;
};

}  // namespace

TEST_CASE("events wait on disk in order, over a restart, until they are delivered") {
  SimulatedEnv env;
  Told told;
  {
    Run run(env, small_queue());
    for (int64_t i = 0; i < 100; i += 2) REQUIRE(run.append({i, i + 1}, told));
    CHECK(told.safe.empty());
    REQUIRE(run.queue->commit().ok());
    CHECK(told.safe.size() == 100);
    for (int i = 0; i < 10; ++i) run.read();
    CHECK(run.deliver() == Numbers{0, 1});
    CHECK(run.deliver(1) == Numbers{4, 5});
    CHECK(run.queue->figures().events == 96);
    REQUIRE(run.queue->close().ok());
  }
  Run run(env, small_queue());
  CHECK(run.queue->figures().events == 96);
  const Numbers rest = run.read_all();
  REQUIRE(rest.size() == 96);
  CHECK(rest[0] == 2);
  CHECK(rest[2] == 6);
  CHECK(rest.back() == 99);
  const auto& event = *run.running[0]->events()[0];
  CHECK(run.running[0]->sources()[event.source].stream == "stream");
}

TEST_CASE("the newest record may go on without being read, an older one in front of it forbids that") {
  SimulatedEnv env;
  Told told;
  Run run(env, small_queue());
  run.append({1}, told, true);
  CHECK(run.running.size() == 1);
  CHECK_FALSE(run.queue->has_unread());
  run.append({2}, told, false);
  run.append({3}, told, true);
  CHECK(run.running.size() == 1);
  CHECK(run.read_all() == Numbers{2, 3});
  run.append({4}, told, true);
  CHECK(run.running.size() == 4);
}

TEST_CASE("segments go when all of their events have been delivered, and the queue has room again") {
  SimulatedEnv env;
  Told told;
  auto settings = small_queue();
  settings.max_bytes = 8192;
  Run run(env, settings);
  int64_t n = 0;
  while (run.queue->has_room()) run.append({n++}, told, true, 500);
  CHECK(run.queue->figures().bytes >= 8192);
  while (!run.running.empty()) run.deliver();
  REQUIRE(run.queue->commit().ok());
  CHECK(run.queue->has_room());
  CHECK(run.queue->figures().bytes < 8192);
  size_t segments = 0;
  for (const auto& path : env.paths()) segments += path.find("segment.") != std::string::npos;
  CHECK(segments == 1);
}

TEST_CASE("max_events counts what is not delivered") {
  SimulatedEnv env;
  Told told;
  auto settings = small_queue();
  settings.max_events = 3;
  Run run(env, settings);
  run.append({1, 2}, told, true);
  CHECK(run.queue->has_room());
  run.append({3}, told, true);
  CHECK_FALSE(run.queue->has_room());
  run.deliver();
  CHECK(run.queue->has_room());
}

TEST_CASE("an event larger than a segment has one of its own") {
  SimulatedEnv env;
  Told told;
  Run run(env, small_queue());
  run.append({1}, told);
  run.append({2}, told, false, 100'000);
  run.append({3}, told);
  CHECK(run.read_all() == Numbers{1, 2, 3});
}

TEST_CASE("compressed records come back as they were") {
  for (const auto compression : {Compression::speed, Compression::balanced, Compression::size}) {
    SimulatedEnv env;
    Told told;
    auto settings = small_queue();
    settings.compression = compression;
    {
      Run run(env, settings);
      run.append({1, 2, 3}, told, false, 5000);
      CHECK(run.queue->figures().bytes < 2000);
    }
    settings.compression = Compression::none;
    Run run(env, settings);
    CHECK(run.read_all() == Numbers{1, 2, 3});
  }
}

TEST_CASE("a full disk refuses an append and loses nothing; with room again it goes on") {
  SimulatedEnv env;
  Told told;
  Run run(env, small_queue());
  REQUIRE(run.append({1}, told));
  env.full = true;
  const BatchRef batch = run.batch({2}, told);
  const auto refused = run.queue->append(run.writer, *batch, false);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().retriable());
  CHECK(told.lost.empty());
  env.full = false;
  REQUIRE(run.queue->append(run.writer, *batch, false).ok());
  REQUIRE(run.queue->commit().ok());
  CHECK(run.read_all() == Numbers{1, 2});
  CHECK(told.safe == std::set<int64_t>{1, 2});
}

TEST_CASE("a queue starts on a full disk, delivers what it has, and takes more when there is room") {
  for (const bool begun : {false, true}) {
    SimulatedEnv env;
    Told told;
    if (begun) {
      Run run(env, small_queue());
      REQUIRE(run.append({1}, told));
    }
    env.full = true;
    Run run(env, small_queue());
    REQUIRE_MESSAGE(run.queue, run.problem);
    CHECK(run.read_all() == (begun ? Numbers{1} : Numbers{}));
    CHECK_FALSE(run.append({2}, told));
    env.full = false;
    CHECK(run.append({3}, told));
    CHECK(run.read_all() == Numbers{3});
    REQUIRE(run.queue->commit().ok());
    CHECK(told.safe.count(3) == 1);
  }
}

TEST_CASE("acknowledgements wait for others by time or bytes, and are released without being asked for") {
  for (const bool by_bytes : {false, true}) {
    SimulatedEnv env;
    std::atomic<int> safe{0};
    auto settings = small_queue();
    settings.checkpoint_millis = 60'000;
    settings.commit_millis = by_bytes ? 60'000 : 20;
    settings.commit_bytes = by_bytes ? 1000 : 1 << 20;
    Run run(env, settings, true);
    for (int i = 0; i < 8; ++i) {
      Told told;
      const BatchRef batch = run.pool->take();
      batch->add(batch->make());
      batch->events()[0]->set(Key::intern("text"), batch->events()[0]->text(std::string(150, 'x')));
      batch->hold(AckRef(new Counted(safe)));
      REQUIRE(run.queue->append(run.writer, *batch, true).ok());
    }
    int seen = safe.load();
    while (seen < (by_bytes ? 5 : 8)) {
      safe.wait(seen);
      seen = safe.load();
    }
    CHECK(run.queue->figures().syncs < 8);
  }
}

TEST_CASE("one process has a queue") {
  SimulatedEnv env;
  Run first(env, small_queue());
  Run second(env, small_queue());
  CHECK_FALSE(second.queue);
  CHECK(second.problem.find("used by another process") != std::string::npos);
}

TEST_CASE("numbers of events are never used again, also when all were delivered") {
  SimulatedEnv env;
  Told told;
  for (int round = 0; round < 3; ++round) {
    Run run(env, small_queue());
    REQUIRE(run.queue);
    run.append({round}, told, true);
    run.deliver();
    CHECK(run.queue->close().ok());
  }
  Run run(env, small_queue());
  CHECK(run.read_all().empty());
  bool found = false;
  for (const auto& path : env.paths()) {
    const auto header = decode_segment_header(env.contents(path));
    found = found || (header && header->first == 4);
  }
  CHECK(found);
}

TEST_CASE("without its checkpoint, or with a damaged one, a queue starts and delivers all it has") {
  for (const bool remove : {true, false}) {
    SimulatedEnv env;
    Told told;
    {
      Run run(env, small_queue());
      for (int64_t i = 0; i < 5; ++i) run.append({i}, told, true);
      run.deliver();
      CHECK(run.queue->close().ok());
    }
    if (remove)
      REQUIRE(env.remove("/q/checkpoint").ok());
    else
      env.contents("/q/checkpoint")[9] ^= 1;
    Run run(env, small_queue());
    CHECK(run.read_all() == Numbers{0, 1, 2, 3, 4});
  }
}

TEST_CASE("the checksum is CRC-32C") { CHECK(checksum("123456789") == 0xE3069283U); }
