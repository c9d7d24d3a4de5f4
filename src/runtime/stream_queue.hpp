// The queue between inputs and workers: streams with chunks to decode, bounded by the bytes in flight.
//
// A stream is in the ready list at most once and is held by one worker at a time, so its chunks are decoded
// in order without a lock around decoding, while different streams go to different workers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/ring.hpp"
#include "plugin/input.hpp"

namespace sluice::runtime {

/// What a worker has taken: a stream, held until release(), and the chunks to decode.
struct Turn {
  std::shared_ptr<plugin::Stream> stream;
  std::vector<plugin::Chunk> chunks;
  bool flush = false;          // then flush the stream
  std::function<void()> done;  // called after the flush of an ended stream
  explicit operator bool() const { return stream != nullptr; }
};

/// The pipeline's entrance. All methods are thread-safe.
class StreamQueue {
 public:
  /// `limit`: bytes of input that may be in flight (queued, being filtered, or waiting for their outputs)
  /// before inputs are asked to pause. They are asked earlier when workers do not keep up: what waits in the
  /// queue shall still be in the processor's cache when its turn comes.
  explicit StreamQueue(size_t limit) : limit_(limit) {}

  /// Bytes that may wait for workers before inputs are asked to pause: a few turns.
  static constexpr size_t kMostQueued = 2 << 20;

  // As in plugin::InputSink.
  bool push(std::shared_ptr<plugin::Stream> stream, plugin::Chunk chunk);
  void finish(std::shared_ptr<plugin::Stream> stream, std::function<void()> done);
  bool ready() const {
    return in_flight_.load(std::memory_order_relaxed) < limit_ &&
           queued_bytes_.load(std::memory_order_relaxed) < kMostQueued &&
           holds_.load(std::memory_order_relaxed) == 0;
  }
  void when_ready(std::function<void()> resume);
  bool wait_ready(const std::atomic<bool>& stop);

  /// Waits up to `wait_millis` for work. An empty turn: none came, or the queue is closed and empty. `spent`:
  /// a released turn whose memory may be used again. `seen`: an answer of wakes(); the wait ends with the
  /// next wake() behind it.
  Turn take(int64_t wait_millis, Turn spent = {}, std::optional<uint64_t> seen = {});
  /// Waits up to `wait_millis`, or until the next wake() behind `seen`, and takes nothing.
  void wait(int64_t wait_millis, uint64_t seen);
  /// Ends waits: something that a worker waits for beside input may have happened.
  void wake();
  /// How often wake() was called: ask before looking at what is waited for.
  [[nodiscard]] uint64_t wakes() const { return wakes_.load(); }
  /// Gives the stream back and empties the turn; `flush_after`: when it wants to be flushed if it stays
  /// quiet.
  void release(Turn& turn, std::optional<int64_t> flush_after);
  /// Counts `credit` bytes as no longer in flight.
  void settle(size_t credit);

  /// Asks inputs to pause, whatever is in flight, until as many calls of let_go().
  void hold();
  void let_go();
  /// While workers are paused, take() and wait() return at once, with nothing.
  void pause_workers(bool pause);
  [[nodiscard]] bool workers_paused() const { return workers_paused_.load(std::memory_order_relaxed); }

  /// No more work will come: take() returns at once when nothing is left.
  void close();
  /// True when closed and nothing is queued or held by a worker.
  [[nodiscard]] bool drained() const;

  [[nodiscard]] size_t in_flight_bytes() const { return in_flight_.load(std::memory_order_relaxed); }
  [[nodiscard]] size_t queued_chunks() const { return queued_.load(std::memory_order_relaxed); }
  [[nodiscard]] size_t limit() const { return limit_; }
  /// Nanoseconds that inputs have spent paused, for the flow metrics.
  [[nodiscard]] uint64_t paused_nanos() const;
  /// Since when inputs have waited for room (steady nanoseconds); 0: they do not.
  [[nodiscard]] int64_t blocked_since() const;

 private:
  void schedule(const std::shared_ptr<plugin::Stream>& stream);
  void collect_due(int64_t now);
  void count_pause();  // with the lock held
  void resume_inputs();

  const size_t limit_;
  std::atomic<size_t> in_flight_{0};
  std::atomic<size_t> queued_bytes_{0};
  std::atomic<size_t> queued_{0};
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable room_;
  Ring<std::shared_ptr<plugin::Stream>> ready_;
  std::multimap<int64_t, std::weak_ptr<plugin::Stream>> deadlines_;  // steady nanoseconds
  std::vector<std::function<void()>> waiting_;                       // inputs to resume
  std::atomic<bool> has_waiting_{false};
  std::atomic<int> holds_{0};
  std::atomic<bool> workers_paused_{false};  // changed with the lock held
  std::atomic<uint64_t> wakes_{0};
  std::atomic<bool> wants_wake_{false};  // somebody waits for wake()
  size_t held_ = 0;                      // streams that workers hold
  bool closed_ = false;
  int64_t paused_since_ = 0;
  uint64_t paused_nanos_ = 0;
};

}  // namespace sluice::runtime
