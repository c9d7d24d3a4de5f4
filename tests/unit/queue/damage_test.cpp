// Whatever a segment's bytes have become, the queue starts and delivers every record that is intact.
#include <algorithm>

#include "base/log.hpp"
#include "fixture.hpp"

using namespace sluice;
using namespace sluice::queue;
using namespace sluice::test;
using Numbers = std::vector<int64_t>;

namespace {

constexpr std::string_view kSegment = "/q/segment.0000000000000001";

void be_quiet() {
  log::Options options;
  options.level = log::Level::fatal;
  log::configure(options);
}

// The disk of a process that was killed with eight records of one event each in its queue.
std::unique_ptr<SimulatedEnv> eight_records() {
  SimulatedEnv env;
  Told told;
  Run run(env, small_queue());
  for (int64_t i = 0; i < 8; ++i) run.append({i}, told);
  return env.after_stop(SimulatedEnv::Loss::none, 0);
}

// What a queue delivers of this disk, and that it goes on working.
Numbers delivered(SimulatedEnv& env) {
  Told told;
  Run run(env, small_queue());
  REQUIRE_MESSAGE(run.queue, run.problem);
  const Numbers numbers = run.read_all();
  CHECK(run.queue->figures().events == numbers.size());
  CHECK(run.append({100}, told));
  CHECK(run.read() == Numbers{100});
  CHECK(run.queue->commit().ok());
  CHECK(told.safe.count(100) == 1);
  return numbers;
}

bool ascending(const Numbers& numbers) {
  return std::adjacent_find(numbers.begin(), numbers.end(), std::greater_equal<>()) == numbers.end();
}

}  // namespace

TEST_CASE("a segment cut off at any byte gives the records before the cut") {
  be_quiet();
  const auto whole = eight_records();
  const std::string bytes = whole->contents(std::string(kSegment));
  const size_t record = (bytes.size() - kSegmentHeader) / 8;
  for (size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    const auto env = eight_records();
    env->contents(std::string(kSegment)).resize(size);
    const Numbers numbers = delivered(*env);
    CHECK(ascending(numbers));
    const size_t intact = size <= kSegmentHeader ? 0 : (size - kSegmentHeader) / record;
    // The zeros behind a record's payload are nobody's.
    CHECK(numbers.size() >= intact);
    CHECK(numbers.size() <= intact + 1);
  }
}

TEST_CASE("any one byte of a segment flipped costs one record at most, and its bytes are set aside") {
  be_quiet();
  const size_t size = eight_records()->contents(std::string(kSegment)).size();
  for (size_t at = 0; at < size; ++at) {
    CAPTURE(at);
    const auto env = eight_records();
    env->contents(std::string(kSegment))[at] ^= static_cast<char>(1 << at % 8);
    const Numbers numbers = delivered(*env);
    CHECK(ascending(numbers));
    CHECK(numbers.size() >= 7);
    const auto paths = env->paths();
    const bool aside = std::any_of(paths.begin(), paths.end(), [](const std::string& path) {
      return path.find("/q/damaged/segment.") == 0;
    });
    CHECK((aside || numbers.size() == 8));
  }
}

TEST_CASE("a segment full of anything is no reason not to start") {
  be_quiet();
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    const auto env = eight_records();
    auto& bytes = env->contents(std::string(kSegment));
    const size_t from = random() % bytes.size(), size = random() % (bytes.size() - from) + 1;
    for (size_t i = from; i < from + size; ++i) bytes[i] = static_cast<char>(random());
    CHECK(ascending(delivered(*env)));
  }
}

TEST_CASE("an event that holds the image of a record is not taken for one behind damaged bytes") {
  be_quiet();
  SimulatedEnv env;
  Told told;
  {
    auto settings = small_queue();
    settings.page_capacity = 1 << 20;
    Run run(env, settings);
    run.append({1}, told);
    run.append({2}, told, false, 2000);
    run.append({3}, told, false, 100);
  }
  // The first record as it stands, in the text of another event, at a place where records may begin.
  auto& bytes = env.contents(std::string(kSegment));
  const auto header =
      decode_record_header(std::string_view(bytes).substr(kSegmentHeader), {1, kSegmentHeader});
  REQUIRE(header);
  const std::string first = bytes.substr(kSegmentHeader, header->extent());
  const size_t text = bytes.find(std::string(1000, 'x'));
  REQUIRE(text != std::string::npos);
  bytes.replace((text + 99) / kRecordAlign * kRecordAlign, first.size(), first);
  bytes[kSegmentHeader + first.size()] ^= 1;
  const Numbers numbers = delivered(env);
  CHECK(numbers == Numbers{1, 3});
}

TEST_CASE("a segment missing in the middle costs its own records only") {
  be_quiet();
  SimulatedEnv before;
  Told told;
  {
    Run run(before, small_queue());
    for (int64_t i = 0; i < 30; ++i) run.append({i}, told, false, 400);
  }
  const auto env = before.after_stop(SimulatedEnv::Loss::none, 0);
  REQUIRE(env->remove("/q/segment.0000000000000003").ok());
  const Numbers numbers = delivered(*env);
  CHECK(ascending(numbers));
  CHECK(numbers.size() > 20);
  CHECK(numbers.size() < 30);
  CHECK(numbers.front() == 0);
  CHECK(numbers.back() == 29);
}
