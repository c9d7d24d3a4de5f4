// What commands see of a queue, and that a repair loses nothing that the engine would have delivered.
#include "queue/stopped_queue.hpp"

#include "base/log.hpp"
#include "fixture.hpp"

using namespace sluice;
using namespace sluice::queue;
using namespace sluice::test;
using Numbers = std::vector<int64_t>;

namespace {

constexpr std::string_view kSegment = "/q/segment.0000000000000001";

// Six records of two events; the first is delivered and noted.
std::unique_ptr<SimulatedEnv> six_records() {
  SimulatedEnv env;
  Told told;
  Run run(env, small_queue());
  run.append({0, 1}, told, true);
  run.deliver();
  REQUIRE(run.queue->commit().ok());
  for (int64_t i = 2; i < 12; i += 2) run.append({i, i + 1}, told);
  return env.after_stop(SimulatedEnv::Loss::none, 0);
}

StoppedQueue opened(Env& env) {
  auto queue = StoppedQueue::open(env, "/q");
  REQUIRE_MESSAGE(queue.ok(), queue.message());
  return std::move(queue).value();
}

Numbers exported(Env& env, bool* damaged = nullptr) {
  Numbers numbers;
  const auto contents = opened(env).read([&](Batch& batch) -> Status {
    for (const int64_t number : Run::numbers_of(batch)) numbers.push_back(number);
    return {};
  });
  REQUIRE(contents.ok());
  CHECK(contents->undelivered == numbers.size());
  if (damaged) *damaged = contents->damaged();
  return numbers;
}

Numbers delivered(Env& env) {
  Run run(env, small_queue());
  REQUIRE_MESSAGE(run.queue, run.problem);
  return run.read_all();
}

}  // namespace

TEST_CASE("a stopped queue says what is in it, and an engine's is left alone") {
  const auto env = six_records();
  bool damaged = true;
  CHECK(exported(*env, &damaged) == Numbers{2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  CHECK_FALSE(damaged);
  const auto contents = opened(*env).read();
  REQUIRE(contents.ok());
  CHECK(contents->segments[0].events + contents->segments.back().events >= 10);
  const Run engine(*env, small_queue());
  const auto refused = StoppedQueue::open(*env, "/q");
  CHECK_FALSE(refused.ok());
  CHECK(refused.message().find("stop the engine first") != std::string::npos);
}

TEST_CASE("after a repair a queue is intact, and delivers what it would have delivered without") {
  log::Options options;
  options.level = log::Level::fatal;
  log::configure(options);
  const size_t size = six_records()->contents(std::string(kSegment)).size();
  for (const bool cut : {false, true}) {
    for (size_t at = 0; at < size; ++at) {
      CAPTURE(cut);
      CAPTURE(at);
      const auto env = six_records(), same = six_records();
      for (auto* one : {env.get(), same.get()}) {
        auto& bytes = one->contents(std::string(kSegment));
        if (cut)
          bytes.resize(at);
        else
          bytes[at] ^= static_cast<char>(1 << at % 8);
      }
      REQUIRE(opened(*env).repair().ok());
      bool damaged = true;
      const Numbers numbers = exported(*env, &damaged);
      CHECK_FALSE(damaged);
      CHECK(numbers == delivered(*same));
      CHECK(numbers == delivered(*env));
    }
  }
}

TEST_CASE("a damaged checkpoint is named, kept, and made anew") {
  const auto env = six_records();
  env->contents("/q/checkpoint")[9] ^= 1;
  bool damaged = false;
  CHECK(exported(*env, &damaged).size() == 12);
  CHECK(damaged);
  REQUIRE(opened(*env).repair().ok());
  CHECK(exported(*env, &damaged).size() == 12);
  CHECK_FALSE(damaged);
  CHECK(env->contents("/q/damaged/checkpoint").size() == env->contents("/q/checkpoint").size());
}

TEST_CASE("a repair that is stopped anywhere has lost nothing") {
  for (uint64_t at = 1; at < 40; ++at) {
    for (const auto moment : {SimulatedEnv::Moment::before, SimulatedEnv::Moment::within}) {
      CAPTURE(at);
      const auto env = six_records();
      env->contents(std::string(kSegment))[kSegmentHeader + 3] ^= 1;
      env->stop_at(at, moment);
      (void)opened(*env).repair();
      CHECK(delivered(*env->after_stop(SimulatedEnv::Loss::some_sectors, static_cast<uint32_t>(at))) ==
            Numbers{2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
    }
  }
}
