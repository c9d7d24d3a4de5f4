// The process stops at, before and after every operation on the disk in turn, and the disk forgets: no event
// that an input was told is safe may be missing afterwards.
#include <algorithm>
#include <chrono>

#include "base/log.hpp"
#include "fixture.hpp"

using namespace sluice;
using namespace sluice::queue;
using namespace sluice::test;
using Loss = SimulatedEnv::Loss;
using Moment = SimulatedEnv::Moment;

namespace {

struct History {
  Told told;
  std::set<int64_t> written, delivered;
};

// Batches of changing size, some run at once and some read later, delivered a little out of order.
void work(SimulatedEnv& env, uint32_t seed, int steps, History& history) {
  std::mt19937 random(seed);
  auto settings = small_queue();
  settings.compression = seed % 2 ? Compression::speed : Compression::none;
  Run run(env, settings);
  int64_t next = history.written.empty() ? 0 : *history.written.rbegin() + 1;
  for (int step = 0; step < steps && run.queue && !env.stopped(); ++step) {
    switch (random() % 6) {
      case 0:
      case 1:
      case 2: {
        std::vector<int64_t> numbers(1 + random() % 5);
        for (auto& number : numbers) history.written.insert(number = next++);
        run.append(numbers, history.told, random() % 2, random() % 300);
        break;
      }
      case 3:
        run.read();
        break;
      case 4:
        if (!run.running.empty())
          for (const int64_t n : run.deliver(random() % std::min<size_t>(run.running.size(), 3)))
            history.delivered.insert(n);
        break;
      default:
        (void)run.queue->commit();
    }
  }
}

// What the next process finds, and what it may not miss.
void check(SimulatedEnv& env, const History& history) {
  const auto begun = std::chrono::steady_clock::now();
  Run run(env, small_queue());
  REQUIRE_MESSAGE(run.queue, run.problem);
  const auto found = run.read_all();
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(1));
  const std::set<int64_t> unique(found.begin(), found.end());
  CHECK(unique.size() == found.size());
  for (const int64_t number : history.told.safe)
    if (!history.delivered.count(number))
      CHECK_MESSAGE(unique.count(number), "event " << number << " is lost");
  for (const int64_t number : unique) CHECK(history.written.count(number));
}

}  // namespace

TEST_CASE("no acknowledged event is missing, wherever the process stops and whatever the disk forgets") {
  log::Options options;
  options.level = log::Level::fatal;
  log::configure(options);
  constexpr int kSteps = 120;
  size_t points = 0;
  for (uint32_t seed = 0; seed < 8; ++seed) {
    SimulatedEnv dry;
    History all;
    work(dry, seed, kSteps, all);
    for (uint64_t at = 1; at <= dry.operations(); ++at) {
      for (const auto moment : {Moment::before, Moment::within, Moment::after}) {
        SimulatedEnv env;
        History history;
        env.stop_at(at, moment);
        work(env, seed, kSteps, history);
        for (const auto loss : {Loss::none, Loss::unsynced, Loss::some_sectors}) {
          CAPTURE(seed);
          CAPTURE(at);
          CAPTURE(static_cast<int>(moment));
          CAPTURE(static_cast<int>(loss));
          check(*env.after_stop(loss, seed + static_cast<uint32_t>(at)), history);
          ++points;
        }
      }
    }
  }
  MESSAGE(points << " crash points");
  CHECK(points >= 10'000);
}

TEST_CASE("a process that stops while it recovers from a stop loses nothing either") {
  log::Options options;
  options.level = log::Level::fatal;
  log::configure(options);
  for (uint32_t seed = 100; seed < 104; ++seed) {
    for (uint64_t first = 5; first < 60; first += 7) {
      for (uint64_t second = 1; second < 30; ++second) {
        SimulatedEnv env;
        History history;
        env.stop_at(first, Moment::within);
        work(env, seed, 80, history);
        const auto again = env.after_stop(Loss::some_sectors, seed);
        again->stop_at(second, Moment::within);
        work(*again, seed + 1, 80, history);
        check(*again->after_stop(Loss::some_sectors, seed + 7), history);
      }
    }
  }
}
