// The queue between inputs and workers: streams with chunks to decode, bounded by the bytes in flight.
//
// A stream is in the ready list at most once and is held by one worker at a time, so its chunks are decoded
// in order without a lock around decoding, while different streams go to different workers.
//
// Senders (plugin::Lane) get fair shares by bytes: each turn has a tag, the place up to which its
// sender has used its share, and the lowest tag is next (start-time fair queueing). Who sends little is
// thereby next when it sends. While several senders meet, a Window keeps the line behind the outputs short;
// who is within its share need not wait for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/ring.hpp"
#include "plugin/lane.hpp"
#include "runtime/window.hpp"

namespace sluice::runtime {

using LanePtr = std::shared_ptr<plugin::Lane>;

/// What a worker has taken: a stream, held until release(), and the chunks to decode.
struct Turn {
  std::shared_ptr<plugin::Stream> stream;
  std::vector<plugin::Chunk> chunks;
  bool flush = false;          // then flush the stream
  std::function<void()> done;  // called after the flush of an ended stream
  explicit operator bool() const { return stream != nullptr; }
};

/// The pipeline's entrance. All methods are thread-safe.
class StreamQueue : public plugin::Room {
 public:
  /// `limit`: bytes of input that may be in flight (queued, being filtered, or waiting for their outputs)
  /// before inputs are asked to pause. They are asked earlier when workers do not keep up: what waits in the
  /// queue shall still be in the processor's cache when its turn comes.
  explicit StreamQueue(size_t limit);

  /// Bytes that may wait for workers before inputs are asked to pause: a few turns.
  static constexpr size_t kMostQueued = 2 << 20;
  /// Senders meet when one has had a turn and then, within this time, another.
  static constexpr int64_t kMeetNanos = 60'000'000'000;

  // As in plugin::InputSink and plugin::Room.
  bool push(std::shared_ptr<plugin::Stream> stream, plugin::Chunk chunk);
  void finish(std::shared_ptr<plugin::Stream> stream, std::function<void()> done);
  bool ready() const { return fits(nullptr, false); }
  void when_ready(std::function<void()> resume) { wait_for_room(nullptr, std::move(resume)); }
  bool wait_ready(const std::atomic<bool>& stop) { return wait_for_room(nullptr, stop); }
  bool has_room(const plugin::Lane& lane) const override { return fits(&lane, false); }
  void when_room(LanePtr lane, std::function<void()> resume) override {
    wait_for_room(std::move(lane), std::move(resume));
  }
  bool wait_room(const LanePtr& lane, const std::atomic<bool>& stop) override {
    return wait_for_room(lane, stop);
  }

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
  /// The same for a sender's own count. `taken_at`: when they were taken (steady nanoseconds), if outputs had
  /// them; else 0.
  void settle(plugin::Lane& lane, size_t bytes, int64_t taken_at);

  /// Asks inputs to pause, whatever is in flight, until as many calls of let_go(). What is there may be taken
  /// at once, whatever its sender has to wait for.
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
  struct Ready {
    uint64_t tag = 0;
    uint64_t number = 0;  // of equal tags the first is next
    std::shared_ptr<plugin::Stream> stream;
    bool operator<(const Ready& other) const {
      return tag != other.tag ? tag > other.tag : number > other.number;
    }
  };
  struct Waiting {
    std::function<void()> resume;  // empty: a thread waits for room_
    LanePtr lane;                  // may be null
    int64_t since = 0;             // steady nanoseconds
  };
  using WaitingList = std::list<Waiting>;

  // All but fits(), the waits for room and resume_inputs() with the lock held.
  void schedule(const std::shared_ptr<plugin::Stream>& stream);
  void make_ready(std::shared_ptr<plugin::Stream> stream);
  std::shared_ptr<plugin::Stream> pop_ready();
  uint64_t& finish_of(plugin::Lane& lane);
  void collect_due(int64_t now);
  [[nodiscard]] int64_t next_due(int64_t until) const;
  bool may_take(int64_t now);
  [[nodiscard]] bool draining() const { return closed_ || holds_.load(std::memory_order_relaxed) != 0; }
  void fill(Turn& turn, int64_t now);
  void meet(const plugin::Lane& lane, size_t bytes, int64_t now);
  [[nodiscard]] size_t under_way() const;
  WaitingList::iterator begin_wait(Waiting waiting);
  void end_wait(WaitingList::iterator waiting);
  [[nodiscard]] bool fits(const plugin::Lane* lane, bool again) const;
  void wait_for_room(LanePtr lane, std::function<void()> resume);
  bool wait_for_room(const LanePtr& lane, const std::atomic<bool>& stop);
  void resume_inputs();

  const size_t limit_;
  std::atomic<size_t> in_flight_{0};
  std::atomic<size_t> queued_bytes_{0};
  std::atomic<size_t> queued_{0};
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable room_;
  std::vector<Ready> ready_;                                           // a heap, the lowest tag on top
  std::multimap<int64_t, std::weak_ptr<plugin::Stream>> deadlines_;    // steady nanoseconds
  std::multimap<int64_t, std::shared_ptr<plugin::Stream>> held_back_;  // until then (steady nanoseconds)
  WaitingList waiting_;                                                // inputs to resume
  std::atomic<bool> has_waiting_{false};
  std::atomic<int> holds_{0};
  std::atomic<bool> workers_paused_{false};  // changed with the lock held
  std::atomic<uint64_t> wakes_{0};
  std::atomic<bool> wants_wake_{false};  // somebody waits for wake()
  size_t held_ = 0;                      // streams that workers hold
  bool closed_ = false;
  int64_t paused_since_ = 0;
  uint64_t paused_nanos_ = 0;
  // Fair shares.
  uint64_t now_serving_;  // the highest tag of all turns
  uint64_t turns_ = 0;
  std::vector<uint64_t> tenant_finish_;  // by the tenant's number; tenants that share a place share its share
  const plugin::Lane* last_lane_ = nullptr;  // compared, never looked into
  int64_t last_turn_at_ = 0;
  int64_t meet_until_ = 0;         // steady nanoseconds
  std::atomic<bool> meet_{false};  // settle() tells the window
  bool window_wait_ = false;       // a worker waits for the window to open
  Window window_;
};

}  // namespace sluice::runtime
