// Senders: what each has in the pipeline, and how inputs and filters deal with one of them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/ring.hpp"
#include "plugin/input.hpp"

namespace sluice::plugin {

/// One sender's way through the pipeline: a connection, a file. What it has in flight is counted here, so
/// that no sender takes the room of the others, and a filter can make it wait. Thread-safe where it does not
/// say otherwise.
class Lane {
 public:
  /// Nothing of the sender is decoded before `nanos` (steady); an earlier time than one it waits for changes
  /// nothing.
  void hold_until(int64_t nanos) {
    int64_t known = held_until_.load(std::memory_order_relaxed);
    while (known < nanos && !held_until_.compare_exchange_weak(known, nanos, std::memory_order_relaxed)) {
    }
  }
  /// Steady nanoseconds; 0: it never had to wait.
  [[nodiscard]] int64_t held_until() const { return held_until_.load(std::memory_order_relaxed); }

  std::atomic<size_t> in_flight{0};  ///< bytes between reading and confirmed delivery
  std::atomic<size_t> queued{0};     ///< of them, those that wait to be decoded
  /// A number for the tenant whose event came last; 0: none is known. Senders of one tenant get one sender's
  /// share.
  std::atomic<uint64_t> tenant{0};
  uint64_t finish = 0;  ///< of the pipeline's entrance, with its lock held

 private:
  std::atomic<int64_t> held_until_{0};
};

/// What the pipeline's entrance keeps with a stream. All but `lane` is guarded by the entrance's lock.
class StreamState {
 public:
  std::shared_ptr<Lane> lane = std::make_shared<Lane>();
  Ring<Chunk> chunks;
  bool scheduled = false;  // in the ready list, or held by a worker
  bool ended = false;
  bool flush_due = false;
  int64_t flush_at = 0;  // steady nanoseconds; 0: never
  std::function<void()> done;

  /// Made at first use, which is the input's: before a chunk of the stream is pushed, or in doing so.
  static StreamState& of(Stream& stream) {
    if (!stream.queue_state_) stream.queue_state_ = std::make_shared<StreamState>();
    return *static_cast<StreamState*>(stream.queue_state_.get());
  }
};

inline const std::shared_ptr<Lane>& lane_of(Stream& stream) { return StreamState::of(stream).lane; }
/// `stream` is of the same sender as `other`. Before the first chunk of `stream` is pushed.
void share_lane(Stream& stream, Stream& other);

/// An InputSink that tells senders apart: one that has little in flight finds room when others have taken all
/// of theirs. The methods are InputSink's, for one sender.
class Room {
 public:
  virtual ~Room() = default;
  [[nodiscard]] virtual bool has_room(const Lane& lane) const = 0;
  virtual void when_room(std::shared_ptr<Lane> lane, std::function<void()> resume) = 0;
  virtual bool wait_room(const std::shared_ptr<Lane>& lane, const std::atomic<bool>& stop) = 0;
};

/// Ask for the sender of `stream`; a sink that is no Room answers for all senders together.
bool has_room(InputSink& sink, Stream& stream);
void when_room(InputSink& sink, Stream& stream, std::function<void()> resume);
bool wait_room(InputSink& sink, Stream& stream, const std::atomic<bool>& stop);

/// The senders of a batch's events. Belongs to one worker.
class Senders {
 public:
  void clear() { ranges_.clear(); }
  /// Sources of the batch from number `first_source` on are of `lane`.
  void add(uint32_t first_source, std::shared_ptr<Lane> lane) {
    ranges_.push_back({first_source, std::move(lane)});
  }
  /// Null when nobody is known to have sent it, as an event that a filter's flush made.
  [[nodiscard]] Lane* of(const Event& event) const;

 private:
  struct Range {
    uint32_t first_source;
    std::shared_ptr<Lane> lane;
  };
  std::vector<Range> ranges_;
};

/// What this thread works on is of `senders`, while it lives. One per thread at a time; made by whoever runs
/// a batch.
class SendersScope {
 public:
  explicit SendersScope(const Senders& senders);
  ~SendersScope();
  SendersScope(const SendersScope&) = delete;
  SendersScope& operator=(const SendersScope&) = delete;
};

/// For a filter: the sender of an event that it works on, or null.
Lane* sender_of(const Event& event);

}  // namespace sluice::plugin
