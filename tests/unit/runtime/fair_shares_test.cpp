// Several senders at the pipeline's entrance.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "plugin/lane.hpp"
#include "runtime/stream_queue.hpp"

using namespace sluice;
using plugin::Lane;
using plugin::lane_of;
using runtime::StreamQueue;
using runtime::Turn;
using runtime::Window;

namespace {

constexpr size_t kKilo = 1024, kMega = 1024 * kKilo;
constexpr int64_t kMilli = 1'000'000;

class NoStream : public plugin::Stream {
 public:
  void decode(plugin::Chunk&, Batch&) override {}
};
using StreamRef = std::shared_ptr<NoStream>;

StreamRef stream() { return std::make_shared<NoStream>(); }

plugin::Chunk chunk(size_t credit) {
  plugin::Chunk c;
  c.credit = credit;
  return c;
}

size_t credit_of(const Turn& turn) {
  size_t credit = 0;
  for (const auto& c : turn.chunks) credit += c.credit;
  return credit;
}

// A worker, and an output that holds what it is given until it is told to let it go.
struct Pipe {
  explicit Pipe(size_t limit) : queue(limit) {}
  // Takes one turn; the stream whose it was, or null.
  plugin::Stream* step() {
    Turn turn = queue.take(0);
    if (!turn) return nullptr;
    auto* of = turn.stream.get();
    under_way.emplace_back(lane_of(*turn.stream), credit_of(turn));
    queue.release(turn, std::nullopt);
    return of;
  }
  void settle_one() {
    auto [lane, credit] = under_way.front();
    under_way.pop_front();
    queue.settle(*lane, credit, 0);
    queue.settle(credit);
  }
  [[nodiscard]] size_t bytes_under_way() const {
    size_t sum = 0;
    for (const auto& [lane, credit] : under_way) sum += credit;
    return sum;
  }
  // An input that pushes as long as it may.
  size_t flood(const StreamRef& of, size_t piece = 64 * kKilo) {
    size_t pushed = 0;
    while (queue.has_room(*lane_of(*of))) {
      queue.push(of, chunk(piece));
      pushed += piece;
    }
    return pushed;
  }

  StreamQueue queue;
  std::deque<std::pair<std::shared_ptr<Lane>, size_t>> under_way;
};

}  // namespace

TEST_CASE("a sender that fills the pipeline leaves room for one that has little in it") {
  Pipe pipe(16 * kMega);
  const auto flood = stream(), quiet = stream();
  size_t pushed = 0;
  for (;;) {  // until the output has all that may be in flight
    pushed += pipe.flood(flood);
    if (!pipe.step()) break;
    while (pipe.step()) {
    }
  }
  CHECK(pushed >= 16 * kMega);
  CHECK(pushed < 16 * kMega + 256 * kKilo);
  CHECK_FALSE(pipe.queue.has_room(*lane_of(*flood)));
  CHECK(pipe.queue.has_room(*lane_of(*quiet)));
  CHECK(pipe.queue.push(quiet, chunk(300)));
  CHECK(pipe.step() == quiet.get());
}

TEST_CASE("what all senders together have in flight is bounded, and one that comes last finds room soon") {
  Pipe pipe(4 * kMega);
  std::vector<StreamRef> floods;
  for (int i = 0; i < 50; ++i) floods.push_back(stream());
  for (bool any = true; any;) {
    any = false;
    for (const auto& flood : floods) any = pipe.flood(flood, 4 * kKilo) > 0 || any;
    while (pipe.step()) any = true;
  }
  CHECK(pipe.queue.in_flight_bytes() <= 5 * kMega + 50 * 4 * kKilo);
  const auto last = stream();
  bool last_goes_on = false;
  pipe.queue.when_room(lane_of(*last), [&] { last_goes_on = true; });
  while (!last_goes_on && !pipe.under_way.empty()) {
    pipe.settle_one();
    pipe.step();
  }
  CHECK(last_goes_on);
  CHECK(pipe.queue.in_flight_bytes() > kMega);  // it did not have to wait for all of that
}

TEST_CASE("inputs are resumed each by what its own sender has in flight") {
  Pipe pipe(4 * kMega);
  const auto flood = stream(), other = stream();
  for (size_t pushed = 1; pushed != 0;) {
    pushed = pipe.flood(flood);
    while (pipe.step()) {
    }
  }
  while (pipe.queue.push(other, chunk(64 * kKilo))) pipe.step();
  while (pipe.step()) {
  }
  bool flood_goes_on = false, other_goes_on = false;
  pipe.queue.when_room(lane_of(*flood), [&] { flood_goes_on = true; });
  pipe.queue.when_room(lane_of(*other), [&] { other_goes_on = true; });
  CHECK_FALSE(flood_goes_on);
  CHECK_FALSE(other_goes_on);
  CHECK(pipe.queue.blocked_since() != 0);
  const size_t all = lane_of(*other)->in_flight;
  pipe.queue.settle(*lane_of(*other), all, 0);
  pipe.queue.settle(all);
  CHECK(other_goes_on);
  CHECK_FALSE(flood_goes_on);
  while (!pipe.under_way.empty() && pipe.under_way.front().first == lane_of(*flood)) pipe.settle_one();
  CHECK(flood_goes_on);
  CHECK(pipe.queue.blocked_since() == 0);
}

TEST_CASE("turns are shared by bytes, however many of them a sender has and however big they are") {
  Pipe pipe(size_t{1} << 40);
  const auto big = stream(), small = stream();
  for (int i = 0; i < 100; ++i) pipe.queue.push(big, chunk(256 * kKilo));
  for (int i = 0; i < 10'000; ++i) pipe.queue.push(small, chunk(2 * kKilo));
  std::map<plugin::Stream*, size_t> bytes;
  for (int i = 0; i < 60; ++i) {
    auto* of = pipe.step();
    REQUIRE(of);
    bytes[of] += pipe.under_way.back().second;
    pipe.settle_one();
  }
  const double ratio = static_cast<double>(bytes[big.get()]) / static_cast<double>(bytes[small.get()]);
  CHECK(ratio > 0.9);
  CHECK(ratio < 1.1);
}

TEST_CASE("who sends little is next, among a hundred who send much") {
  Pipe pipe(size_t{1} << 40);
  std::vector<StreamRef> floods;
  const auto quiet = stream();
  for (int i = 0; i < 100; ++i) {
    floods.push_back(stream());
    for (int n = 0; n < 80; ++n) pipe.queue.push(floods.back(), chunk(64 * kKilo));
  }
  for (int i = 0; i < 300; ++i) {
    REQUIRE(pipe.step());
    pipe.settle_one();
    if (i % 10 != 0) continue;
    // Of the first round of floods some may stand before it; later it is one turn at most.
    pipe.queue.push(quiet, chunk(300));
    int turns = 0;
    while (pipe.step() != quiet.get()) {
      pipe.settle_one();
      ++turns;
    }
    pipe.settle_one();
    if (i >= 100) CHECK(turns <= 1);
  }
}

TEST_CASE("connections of one tenant share what one connection gets") {
  Pipe pipe(size_t{1} << 40);
  std::vector<StreamRef> many;
  const auto one = stream();
  lane_of(*one)->tenant = 1;
  for (int i = 0; i < 9; ++i) {
    many.push_back(stream());
    lane_of(*many.back())->tenant = 2;
    for (int n = 0; n < 40; ++n) pipe.queue.push(many.back(), chunk(64 * kKilo));
  }
  for (int n = 0; n < 400; ++n) pipe.queue.push(one, chunk(64 * kKilo));
  size_t of_one = 0, of_many = 0;
  for (int i = 0; i < 60; ++i) {
    auto* of = pipe.step();
    REQUIRE(of);
    (of == one.get() ? of_one : of_many) += pipe.under_way.back().second;
    pipe.settle_one();
  }
  CHECK(of_one * 10 >= of_many * 7);
  CHECK(of_one * 7 <= of_many * 10);
}

TEST_CASE("while several senders meet, little stands before the outputs, and nobody within its share waits") {
  Pipe pipe(16 * kMega);
  const auto flood = stream(), quiet = stream();
  pipe.queue.push(quiet, chunk(300));
  CHECK(pipe.step() == quiet.get());
  for (int round = 0; round < 50; ++round) {
    pipe.flood(flood);
    while (pipe.step()) {
    }
  }
  CHECK(pipe.bytes_under_way() < kMega);
  CHECK(pipe.bytes_under_way() >= 256 * kKilo);
  pipe.queue.push(quiet, chunk(300));
  CHECK(pipe.step() == quiet.get());  // though the window is closed for the flood
  CHECK(pipe.step() == nullptr);
  while (!pipe.under_way.empty()) pipe.settle_one();
  CHECK(pipe.step() == flood.get());
}

TEST_CASE("one sender alone may have everything under way, and at the end nobody waits") {
  Pipe pipe(4 * kMega);
  const auto flood = stream(), quiet = stream();
  for (int round = 0; round < 100; ++round) {
    pipe.flood(flood);
    while (pipe.step()) {
    }
  }
  CHECK(pipe.bytes_under_way() >= 4 * kMega);
  while (!pipe.under_way.empty()) pipe.settle_one();

  pipe.queue.push(quiet, chunk(300));
  pipe.step();
  for (int round = 0; round < 50; ++round) {
    pipe.flood(flood);
    while (pipe.step()) {
    }
  }
  CHECK(pipe.bytes_under_way() < kMega);
  CHECK(pipe.queue.queued_chunks() > 0);
  pipe.queue.close();
  while (pipe.step()) {
  }
  CHECK(pipe.queue.queued_chunks() == 0);
  CHECK(pipe.queue.drained());
}

TEST_CASE("a sender that has to wait is not taken and not read on, and delays no other") {
  Pipe pipe(16 * kMega);
  const auto held = stream(), other = stream();
  const int64_t until = steady_nanos() + 60 * kMilli;
  lane_of(*held)->hold_until(until);
  CHECK(pipe.flood(held) <= 128 * kKilo);
  bool goes_on = false;
  pipe.queue.when_room(lane_of(*held), [&] { goes_on = true; });
  CHECK(pipe.queue.blocked_since() == 0);  // it is where it should be
  pipe.queue.push(other, chunk(300));
  CHECK(pipe.step() == other.get());
  Turn turn = pipe.queue.take(60'000);
  CHECK(steady_nanos() >= until);
  CHECK(turn.stream == held);
  CHECK(goes_on);
  pipe.queue.release(turn, std::nullopt);
}

TEST_CASE("a sender that has to wait does not hold up a queue that is to become empty") {
  Pipe pipe(16 * kMega);
  const auto held = stream();
  lane_of(*held)->hold_until(steady_nanos() + 3'600'000 * kMilli);
  pipe.queue.push(held, chunk(300));
  CHECK(pipe.step() == nullptr);
  pipe.queue.hold();
  CHECK(pipe.step() == held.get());
  CHECK_FALSE(pipe.queue.has_room(*lane_of(*held)));
  pipe.queue.let_go();
  CHECK(pipe.queue.has_room(*lane_of(*held)));
}

TEST_CASE("a sender that has to wait does not hold up the end") {
  Pipe pipe(16 * kMega);
  const auto held = stream();
  lane_of(*held)->hold_until(steady_nanos() + 3'600'000 * kMilli);
  pipe.queue.push(held, chunk(300));
  CHECK(pipe.step() == nullptr);
  pipe.queue.close();
  CHECK_FALSE(pipe.queue.drained());
  CHECK(pipe.step() == held.get());
  CHECK(pipe.queue.drained());
}

namespace {

// Outputs with `capacity` bytes a millisecond that add `delay` to each batch, and a flood that takes what the
// window lets it. The bytes under way and delivered after `millis`.
struct Simulated {
  explicit Simulated(Window& of) : window(of) { window.begin(); }
  void run(int64_t millis, double capacity, int64_t delay) {
    for (const int64_t end = now + millis; now < end; ++now) {
      for (int i = 0; i < 4 && window.open(under_way, now * kMilli); ++i) {
        window.taken(under_way, kTurn, now * kMilli);
        busy_until = std::max(busy_until, static_cast<double>(now)) + kTurn / capacity;
        batches.push_back({now, static_cast<int64_t>(busy_until) + delay});
        under_way += kTurn;
      }
      while (!batches.empty() && batches.front().second <= now) {
        window.settled(batches.front().first * kMilli, now * kMilli);
        batches.pop_front();
        under_way -= kTurn;
        delivered += kTurn;
      }
    }
  }
  static constexpr size_t kTurn = 256 * kKilo;
  Window& window;
  int64_t now = 1;  // milliseconds
  double busy_until = 0;
  size_t under_way = 0, delivered = 0;
  std::deque<std::pair<int64_t, int64_t>> batches;  // taken, let go
};

}  // namespace

TEST_CASE("the window stays small before an output that is at its capacity, and keeps it busy") {
  Window window(256 * kKilo, 64 * kMega);
  Simulated outputs(window);
  const double capacity = 10 * kKilo;  // a mega takes 100 ms
  outputs.run(60'000, capacity, 1);
  CHECK(static_cast<double>(outputs.delivered) > 0.95 * capacity * 60'000);
  CHECK(outputs.under_way <= 4 * kMega);
}

TEST_CASE("the window grows to what an output with a long way needs, and finds back after a measurement") {
  Window window(256 * kKilo, 64 * kMega);
  Simulated outputs(window);
  const double capacity = 100 * kKilo;
  outputs.run(5'000, capacity, 200);
  outputs.delivered = 0;
  outputs.run(60'000, capacity, 200);
  CHECK(static_cast<double>(outputs.delivered) > 0.9 * capacity * 60'000);
  CHECK(outputs.under_way <= 60 * kMega);
}

TEST_CASE("the window follows an output that gets slower") {
  Window window(256 * kKilo, 64 * kMega);
  Simulated outputs(window);
  outputs.run(20'000, 100 * kKilo, 200);
  CHECK(outputs.under_way > 16 * kMega);
  outputs.run(60'000, 10 * kKilo, 1);
  CHECK(outputs.under_way <= 8 * kMega);
}
