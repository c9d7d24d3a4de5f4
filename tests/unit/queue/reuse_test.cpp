// A delivered segment's file becomes the next one: its old bytes are never taken for anything.
#include <algorithm>

#include "base/log.hpp"
#include "fixture.hpp"
#include "queue/stopped_queue.hpp"

using namespace sluice;
using namespace sluice::queue;
using namespace sluice::test;
using Numbers = std::vector<int64_t>;

namespace {

const std::string kReused = "/q/segment.0000000000000003";
const std::string kSpare = "/q/spare";

bool has(const SimulatedEnv& env, const std::string& path) {
  const auto paths = env.paths();
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

void be_quiet() {
  log::Options options;
  options.level = log::Level::fatal;
  log::configure(options);
}

// Fills two segments, of which the first is delivered and becomes the third: that ends with the events 1,
// 2, 3.
struct Reused {
  explicit Reused(SimulatedEnv& env) : run(env, small_queue()) {
    be_quiet();
    while (!has(env, "/q/segment.0000000000000002")) REQUIRE(run.append({-1}, told, true, 100));
    deliver_all();
    REQUIRE(has(env, kSpare));
    old_size = env.contents(kSpare).size();
    REQUIRE(run.append({-1}, told, true, 1700));
    for (const int64_t n : {1, 2, 3}) REQUIRE(run.append({n}, told, true, 100));
    REQUIRE(has(env, kReused));
    REQUIRE_FALSE(has(env, kSpare));
    REQUIRE(env.contents(kReused).size() == old_size);
    REQUIRE(run.queue->commit().ok());
  }
  void deliver_all() {
    while (!run.running.empty()) run.deliver();
    REQUIRE(run.queue->commit().ok());
  }

  Told told;
  Run run;
  size_t old_size = 0;
};

// How many bytes of the third segment are its own.
size_t used(const std::string& bytes) {
  size_t at = kSegmentHeader;
  while (const auto header = decode_record_header(std::string_view(bytes).substr(at), {3, at}))
    at += header->extent();
  return at;
}

Numbers found(SimulatedEnv& env, uint64_t* damaged = nullptr) {
  Told told;
  Run run(env, small_queue());
  REQUIRE_MESSAGE(run.queue, run.problem);
  auto numbers = run.read_all();
  REQUIRE(run.append({100}, told));  // what is damaged at the end is seen on the way to it
  REQUIRE(run.read() == Numbers{100});
  if (damaged) *damaged = run.queue->figures().damaged_bytes;
  std::erase(numbers, -1);
  return numbers;
}

}  // namespace

TEST_CASE("a segment in a file that was one before ends where it was written to") {
  SimulatedEnv env;
  const Reused reused(env);
  for (const auto loss : {SimulatedEnv::Loss::none, SimulatedEnv::Loss::unsynced}) {
    const auto next = env.after_stop(loss, 0);
    CHECK(used(next->contents(kReused)) < reused.old_size);
    uint64_t damaged = 0;
    CHECK(found(*next, &damaged) == Numbers{1, 2, 3});
    CHECK(damaged == 0);
  }
}

TEST_CASE("commands see no damage behind the end of such a segment") {
  SimulatedEnv env;
  const Reused reused(env);
  const auto next = env.after_stop(SimulatedEnv::Loss::none, 0);
  auto queue = StoppedQueue::open(*next, "/q");
  REQUIRE(queue.ok());
  const auto contents = queue->read();
  REQUIRE(contents.ok());
  CHECK_FALSE(contents->damaged());
  CHECK(contents->segments.back().records == 3);
}

TEST_CASE("any one byte of such a segment flipped costs one record at most, and one behind its end nothing") {
  SimulatedEnv env;
  const Reused reused(env);
  const size_t end = used(env.contents(kReused)) + kEndMark;
  for (size_t at = 0; at < reused.old_size; at += at < end ? 1 : 37) {
    CAPTURE(at);
    const auto next = env.after_stop(SimulatedEnv::Loss::none, 0);
    next->contents(kReused)[at] ^= static_cast<char>(1 << at % 8);
    uint64_t damaged = 0;
    const auto numbers = found(*next, &damaged);
    CHECK(numbers.size() >= 2);
    CHECK((numbers.size() == 3 || damaged > 0));
    if (at >= end) CHECK(damaged == 0);
    if (at >= end) CHECK(numbers.size() == 3);
  }
}

TEST_CASE("a segment that was being made of another file when the process stopped is empty, and no damage") {
  const auto count = [] {
    SimulatedEnv env;
    const Reused reused(env);
    return env.operations();
  }();
  for (uint64_t at = 1; at <= count; ++at) {
    for (const auto loss : {SimulatedEnv::Loss::none, SimulatedEnv::Loss::unsynced}) {
      CAPTURE(at);
      SimulatedEnv env;
      env.stop_at(at, SimulatedEnv::Moment::after);
      Told told;
      {
        Run run(env, small_queue());
        for (int i = 0; run.queue && !env.stopped() && i < 60; ++i) {
          run.append({i}, told, true, 100);
          if (i % 20 != 19) continue;
          while (!run.running.empty()) run.deliver();
          (void)run.queue->commit();
        }
      }
      REQUIRE(env.stopped());
      uint64_t damaged = 0;
      const auto next = env.after_stop(loss, 0);
      (void)found(*next, &damaged);
      CHECK(damaged == 0);
      CHECK_FALSE(has(*next, kSpare));
    }
  }
}

TEST_CASE(
    "a file whose new name outlived a loss of power, and whose new header did not, is an empty segment") {
  be_quiet();
  SimulatedEnv env;
  Told told;
  Run run(env, small_queue());
  while (!has(env, "/q/segment.0000000000000002")) REQUIRE(run.append({-1}, told, true, 100));
  while (!run.running.empty()) run.deliver();
  REQUIRE(run.queue->commit().ok());
  const auto next = env.after_stop(SimulatedEnv::Loss::unsynced, 0);
  REQUIRE(next->rename(kSpare, kReused).ok());
  uint64_t damaged = 0;
  CHECK(found(*next, &damaged).empty());
  CHECK(damaged == 0);
}

TEST_CASE("a file larger than a segment may be is not kept") {
  SimulatedEnv env;
  be_quiet();
  Told told;
  Run run(env, small_queue());
  REQUIRE(run.append({1}, told, true, 100'000));
  REQUIRE(run.append({2}, told, true, 100));
  run.deliver();
  REQUIRE(run.queue->commit().ok());
  CHECK_FALSE(has(env, kSpare));
  CHECK_FALSE(has(env, "/q/segment.0000000000000001"));
}

TEST_CASE("nothing is kept beyond the end of the process") {
  SimulatedEnv env;
  {
    Reused reused(env);
    reused.deliver_all();
    REQUIRE(has(env, kSpare));
    REQUIRE(reused.run.queue->close().ok());
  }
  CHECK_FALSE(has(env, kSpare));
}
