// Sectors that the disk cannot read: tried again for a while, then damage like any other.
#include "base/log.hpp"
#include "fixture.hpp"
#include "queue/stopped_queue.hpp"

using namespace sluice;
using namespace sluice::queue;
using namespace sluice::test;
using Numbers = std::vector<int64_t>;

namespace {

const std::string kSegment = "/q/segment.0000000000000001";
constexpr uint64_t kPage = 4096;

PersistentQueueSettings one_segment() {
  auto settings = small_queue();
  settings.page_capacity = 1 << 20;
  return settings;
}

// Eight records of more than two pages each.
std::unique_ptr<SimulatedEnv> eight_records() {
  log::Options options;
  options.level = log::Level::fatal;
  log::configure(options);
  SimulatedEnv env;
  Told told;
  Run run(env, one_segment());
  for (int64_t i = 0; i < 8; ++i) run.append({i}, told, false, 10'000);
  return env.after_stop(SimulatedEnv::Loss::none, 0);
}

// Reads as often as somebody who tries each second does in a minute.
Numbers read_for_a_minute(Run& run) {
  Numbers all;
  for (int second = 0; second < 60; ++second) {
    const auto part = run.read_all();
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace

TEST_CASE("a sector that cannot be read costs the records it is of and no other, wherever it is") {
  const uint64_t size = eight_records()->contents(kSegment).size();
  for (uint64_t at = kPage; at < size; at += kPage) {
    CAPTURE(at);
    const auto env = eight_records();
    env->break_sector(kSegment, at, at + kPage);
    Run run(*env, one_segment());
    REQUIRE_MESSAGE(run.queue, run.problem);
    const auto numbers = read_for_a_minute(run);
    CHECK(numbers.size() >= 6);
    CHECK(numbers.size() < 8);
    CHECK(run.queue->figures().damaged_bytes > 0);
    CHECK(run.queue->figures().lost_events > 0);
    CHECK_FALSE(run.queue->has_unread());
  }
}

TEST_CASE("what can be read after a few tries is no damage") {
  const auto env = eight_records();
  Run run(*env, one_segment());
  REQUIRE(run.queue);
  env->break_sector(kSegment, 3 * kPage, 4 * kPage, 5);
  CHECK(run.read_all() == Numbers{0});
  CHECK(read_for_a_minute(run) == Numbers{1, 2, 3, 4, 5, 6, 7});
  CHECK(run.queue->figures().damaged_bytes == 0);
}

TEST_CASE("a disk that is away is waited for") {
  const auto env = eight_records();
  const uint64_t size = env->contents(kSegment).size();
  Run run(*env, one_segment());
  REQUIRE(run.queue);
  env->break_sector(kSegment, 0, size);
  CHECK(read_for_a_minute(run).empty());
  CHECK(run.queue->figures().damaged_bytes == 0);
  env->break_sector(kSegment, 0, 0);
  CHECK(run.read_all().size() == 8);
}

TEST_CASE("verify names a sector that cannot be read, and reads on") {
  const auto env = eight_records();
  env->break_sector(kSegment, 3 * kPage, 4 * kPage);
  auto queue = StoppedQueue::open(*env, "/q");
  REQUIRE(queue.ok());
  const auto contents = queue->read();
  REQUIRE_MESSAGE(contents.ok(), contents.message());
  REQUIRE(contents->segments[0].damages.size() == 1);
  CHECK(contents->undelivered == 7);
}
