// The unit of work: events, the arena that holds them, and the input bytes that their strings point into.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/arena.hpp"
#include "base/slab.hpp"
#include "event/event.hpp"
#include "event/source.hpp"

namespace sluice {

/// What the batch knows of a stream that fed it; events refer to it by number.
struct BatchSource {
  std::string_view input_id;  // outlives the batch
  std::string_view stream;    // a name that is stable over restarts (a file's identity), or empty
};

/// Events and all their memory. A worker decodes into it, the filters change it, the outputs hold a BatchRef
/// until the far side has confirmed; then every acknowledgement is released and the batch is recycled.
class Batch {
 public:
  Batch() = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  [[nodiscard]] Arena& arena() { return arena_; }
  /// Events in order of arrival. Filters see them through selections.
  [[nodiscard]] std::span<Event* const> events() const { return events_; }
  [[nodiscard]] std::vector<Event*>& event_list() { return events_; }

  /// A new event with no fields, of source number `source`; not yet part of events().
  Event& make(uint32_t source = 0);
  /// Makes the event part of the batch.
  void add(Event& event) {
    event.origin = static_cast<uint32_t>(events_.size());
    events_.push_back(&event);
  }
  /// A copy of `event` (fields and @metadata), not yet part of events().
  Event& clone(const Event& event);

  /// Keeps `slab` alive as long as the batch.
  void hold(SlabRef slab) { slabs_.push_back(std::move(slab)); }
  /// Events of the batch depend on `ack`.
  void hold(AckRef ack) {
    if (ack) acks_.push_back(std::move(ack));
  }
  /// Gives the acknowledgements to somebody else, behind those in `to`: the events depend on them no more.
  void move_acks(std::vector<AckRef>& to) {
    to.insert(to.end(), std::make_move_iterator(acks_.begin()), std::make_move_iterator(acks_.end()));
    acks_.clear();
  }
  uint32_t add_source(BatchSource source) {
    sources_.push_back(source);
    return static_cast<uint32_t>(sources_.size() - 1);
  }
  [[nodiscard]] const std::vector<BatchSource>& sources() const { return sources_; }

  /// Bytes of input that the batch accounts for in flow control.
  size_t credit = 0;

  /// The events could not be delivered and will not be: their sources must send again. Thread-safe.
  void abandon() { abandoned_.store(true, std::memory_order_relaxed); }

 private:
  friend class BatchRef;
  friend class BatchPool;
  void clear();

  Arena arena_;
  std::vector<Event*> events_;
  std::vector<SlabRef> slabs_;
  std::vector<AckRef> acks_;
  std::vector<BatchSource> sources_;
  std::atomic<uint32_t> references_{0};
  std::unique_ptr<std::atomic<uint32_t>[]> held_;  // the references of each holder
  uint32_t holders_ = 0;
  std::atomic<bool> abandoned_{false};
  class BatchPool* pool_ = nullptr;
  // Of the pool, with its lock held.
  int64_t taken_at_ = 0;  // steady nanoseconds
  Batch* older_ = nullptr;
  Batch* newer_ = nullptr;
};

/// A counted reference to a batch; copies may live on any thread. When the last is gone, the batch settles
/// its acknowledgements and returns to its pool. A reference and its copies belong to one holder, which is
/// for BatchPool::oldest(): 0 is the worker, and outputs have the other numbers. A holder that the pool does
/// not tell apart counts as the worker.
class BatchRef {
 public:
  BatchRef() = default;
  explicit BatchRef(Batch* batch, uint32_t holder = 0)
      : batch_(batch), holder_(batch && holder < batch->holders_ ? holder : 0) {
    retain();
  }
  BatchRef(const BatchRef& other) : batch_(other.batch_), holder_(other.holder_) { retain(); }
  BatchRef(BatchRef&& other) noexcept
      : batch_(std::exchange(other.batch_, nullptr)), holder_(other.holder_) {}
  BatchRef& operator=(BatchRef other) noexcept {
    std::swap(batch_, other.batch_);
    std::swap(holder_, other.holder_);
    return *this;
  }
  /// A reference to another batch, of the same holder.
  [[nodiscard]] BatchRef to(Batch& other) const { return BatchRef(&other, holder_); }
  /// Another reference, of `holder`.
  [[nodiscard]] BatchRef for_holder(uint32_t holder) const { return BatchRef(batch_, holder); }
  ~BatchRef() { release(); }
  explicit operator bool() const { return batch_ != nullptr; }
  Batch& operator*() const { return *batch_; }
  Batch* operator->() const { return batch_; }
  [[nodiscard]] Batch* get() const { return batch_; }
  void reset() {
    release();
    batch_ = nullptr;
  }

 private:
  void retain() {
    if (!batch_) return;
    batch_->references_.fetch_add(1, std::memory_order_relaxed);
    batch_->held_[holder_].fetch_add(1, std::memory_order_relaxed);
  }
  void release();
  Batch* batch_ = nullptr;
  uint32_t holder_ = 0;
};

/// Recycles batches and counts those in flight. Thread-safe. Must outlive its batches.
class BatchPool {
 public:
  /// `settled(credit)` is called for each batch that has settled, on the thread that let it go. `holders`:
  /// one more than the highest number that is told apart.
  explicit BatchPool(std::function<void(size_t credit)> settled = {}, uint32_t holders = 1)
      : settled_(std::move(settled)), holders_(holders) {}
  ~BatchPool();
  BatchRef take();
  /// Frees the idle batches that were not needed since the last call. Returns their bytes.
  size_t trim();
  [[nodiscard]] size_t in_flight() const { return in_flight_.load(std::memory_order_acquire); }
  /// For each holder since when it has the oldest of its batches, counted from when the batch was taken from
  /// the pool (steady nanoseconds); 0: it has none.
  [[nodiscard]] std::vector<int64_t> oldest() const;
  /// Waits until no batch is in flight, `millis` at most; true when none is.
  bool wait_idle(int64_t millis);

 private:
  friend class BatchRef;
  void give_back(Batch* batch);
  void link(Batch& batch);
  void unlink(Batch& batch);

  std::function<void(size_t)> settled_;
  const uint32_t holders_;
  mutable std::mutex mutex_;
  Batch* oldest_ = nullptr;  // of those in flight, which are linked in the order in which they were taken
  Batch* newest_ = nullptr;
  std::condition_variable none_in_flight_;
  std::vector<std::unique_ptr<Batch>> idle_;  // the warmest last
  size_t unneeded_ = 0;                       // the fewest idle batches since the last trim()
  std::atomic<size_t> in_flight_{0};
};

}  // namespace sluice
