#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "base/time.hpp"
#include "runtime/stream_queue.hpp"

using namespace sluice;
using runtime::StreamQueue;
using runtime::Turn;

namespace {

class TestStream : public plugin::Stream {
 public:
  void decode(plugin::Chunk& chunk, Batch&) override { positions.push_back(chunk.position); }
  std::vector<uint64_t> positions;
  std::atomic<bool> held{false};
};

plugin::Chunk chunk(uint64_t position, size_t credit = 100) {
  plugin::Chunk c;
  c.position = position;
  c.credit = credit;
  return c;
}

}  // namespace

TEST_CASE(
    "chunks of one stream are decoded in order and by one worker at a time, whatever the number of workers") {
  constexpr int kStreams = 8, kChunks = 3000, kWorkers = 4;
  StreamQueue queue(size_t{1} << 40);
  std::vector<std::shared_ptr<TestStream>> streams;
  for (int i = 0; i < kStreams; ++i) streams.push_back(std::make_shared<TestStream>());
  std::atomic<int> overlaps{0};
  std::vector<std::thread> workers;
  for (int w = 0; w < kWorkers; ++w)
    workers.emplace_back([&] {
      BatchPool pool;
      while (!queue.drained()) {
        Turn turn = queue.take(1000);
        if (!turn) continue;
        auto& stream = static_cast<TestStream&>(*turn.stream);
        if (stream.held.exchange(true)) ++overlaps;
        const auto batch = pool.take();
        size_t credit = 0;
        for (auto& c : turn.chunks) {
          credit += c.credit;
          stream.decode(c, *batch);
        }
        stream.held = false;
        queue.release(turn, std::nullopt);
        queue.settle(credit);
      }
    });
  std::vector<std::thread> inputs;
  for (int half = 0; half < 2; ++half)
    inputs.emplace_back([&, half] {
      for (uint64_t n = 0; n < kChunks; ++n)
        for (int s = half; s < kStreams; s += 2) queue.push(streams[s], chunk(n));
    });
  for (auto& t : inputs) t.join();
  queue.close();
  for (auto& t : workers) t.join();
  CHECK(overlaps == 0);
  for (const auto& stream : streams) {
    REQUIRE(stream->positions.size() == kChunks);
    for (uint64_t n = 0; n < kChunks; ++n) REQUIRE(stream->positions[n] == n);
  }
  CHECK(queue.in_flight_bytes() == 0);
  CHECK(queue.queued_chunks() == 0);
}

TEST_CASE("inputs are asked to pause at the limit and resumed when a quarter is free") {
  StreamQueue queue(1000);
  const auto stream = std::make_shared<TestStream>();
  CHECK(queue.push(stream, chunk(0, 600)));
  CHECK_FALSE(queue.push(stream, chunk(1, 600)));  // taken all the same
  CHECK(queue.in_flight_bytes() == 1200);
  CHECK_FALSE(queue.ready());
  int resumed = 0;
  queue.when_ready([&] { ++resumed; });
  CHECK(resumed == 0);
  queue.settle(400);  // 800: not yet
  CHECK(resumed == 0);
  queue.settle(100);  // 700
  CHECK(resumed == 1);
  queue.settle(100);
  CHECK(resumed == 1);
  queue.when_ready([&] { ++resumed; });  // room: at once
  CHECK(resumed == 2);
  CHECK(queue.paused_nanos() > 0);
}

TEST_CASE("inputs are asked to pause when much waits for workers, however much may be in flight") {
  StreamQueue queue(size_t{1} << 40);
  const auto stream = std::make_shared<TestStream>();
  const size_t quarter = StreamQueue::kMostQueued / 4;
  for (uint64_t i = 0; i < 3; ++i) CHECK(queue.push(stream, chunk(i, quarter)));
  CHECK_FALSE(queue.push(stream, chunk(3, quarter)));
  int resumed = 0;
  queue.when_ready([&] { ++resumed; });
  for (const int expected : {0, 1, 1}) {  // three quarters wait, then a half
    Turn turn = queue.take(0);
    REQUIRE(turn.chunks.size() == 1);
    CHECK(resumed == expected);
    queue.release(turn, std::nullopt);
  }
  CHECK(queue.in_flight_bytes() == 4 * quarter);
}

TEST_CASE("a chunk without credit counts by its bytes and what queueing costs") {
  StreamQueue queue(1 << 20);
  plugin::Chunk c;
  c.bytes = "0123456789";
  queue.push(std::make_shared<TestStream>(), std::move(c));
  CHECK(queue.in_flight_bytes() > 10);
  Turn turn = queue.take(0);
  REQUIRE(turn);
  CHECK(turn.chunks[0].credit == queue.in_flight_bytes());
}

TEST_CASE("an input with a thread of its own waits for room, or for its stop") {
  StreamQueue queue(100);
  queue.push(std::make_shared<TestStream>(), chunk(0, 200));
  std::atomic<bool> stop{false};
  std::thread worker([&] { queue.settle(200); });
  CHECK(queue.wait_ready(stop));
  worker.join();
  queue.push(std::make_shared<TestStream>(), chunk(0, 200));
  std::thread stopper([&] {
    while (queue.paused_nanos() == 0) std::this_thread::yield();  // until the input waits
    stop = true;
  });
  CHECK_FALSE(queue.wait_ready(stop));
  stopper.join();
  const uint64_t waited = queue.paused_nanos();
  CHECK(waited > 0);
  CHECK(queue.paused_nanos() == waited);  // the wait is over, and so is its count
}

TEST_CASE("a busy stream gets a bounded turn, so that others get theirs") {
  StreamQueue queue(size_t{1} << 40);
  const auto busy = std::make_shared<TestStream>(), other = std::make_shared<TestStream>();
  for (uint64_t i = 0; i < 100; ++i) queue.push(busy, chunk(i, 100 << 10));
  queue.push(other, chunk(0));
  Turn first = queue.take(0);
  CHECK(first.stream == busy);
  CHECK(first.chunks.size() < 10);
  queue.release(first, std::nullopt);
  CHECK(queue.take(0).stream == other);
}

TEST_CASE("a quiet stream is flushed after the time it asked for, and not while chunks come") {
  StreamQueue queue(1 << 20);
  const auto stream = std::make_shared<TestStream>();
  queue.push(stream, chunk(0));
  Turn turn = queue.take(0);
  CHECK_FALSE(turn.flush);
  const int64_t released = steady_nanos();
  queue.release(turn, 30);
  turn = queue.take(60'000);
  REQUIRE(turn);
  CHECK(turn.flush);
  CHECK(turn.chunks.empty());
  CHECK(steady_nanos() - released >= 30'000'000);
  queue.release(turn, std::nullopt);

  // A chunk comes in time: its turn is no flush, and the old deadline is void.
  queue.push(stream, chunk(1));
  turn = queue.take(0);
  queue.release(turn, 50);
  queue.push(stream, chunk(2));
  turn = queue.take(0);
  CHECK_FALSE(turn.flush);
  queue.release(turn, std::nullopt);
  CHECK_FALSE(queue.take(120));
}

TEST_CASE("an ended stream is flushed behind its last chunk, then its end is told") {
  StreamQueue queue(1 << 20);
  const auto stream = std::make_shared<TestStream>();
  bool done = false;
  queue.push(stream, chunk(0));
  queue.finish(stream, [&] { done = true; });
  Turn turn = queue.take(0);
  REQUIRE(turn);
  CHECK(turn.chunks.size() == 1);
  CHECK(turn.flush);
  REQUIRE(turn.done);
  turn.done();
  CHECK(done);
  queue.release(turn, std::nullopt);
  CHECK_FALSE(queue.take(0));
}

TEST_CASE("closed means drained only when nothing waits and nothing is held") {
  StreamQueue queue(1 << 20);
  const auto stream = std::make_shared<TestStream>();
  queue.push(stream, chunk(0));
  queue.close();
  CHECK_FALSE(queue.drained());
  Turn turn = queue.take(0);
  REQUIRE(turn);
  CHECK_FALSE(queue.drained());
  queue.push(stream, chunk(1));  // what an input pushes before its stop() returns still counts
  queue.release(turn, std::nullopt);
  CHECK_FALSE(queue.drained());
  turn = queue.take(0);
  REQUIRE(turn);
  queue.release(turn, std::nullopt);
  CHECK(queue.drained());
  CHECK_FALSE(queue.take(60'000));  // at once
}
