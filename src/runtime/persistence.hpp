// The persistent queue as the workers of a pipeline use it: what goes through it from memory, what waits on
// disk, and when it is read back.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "event/batch.hpp"
#include "queue/persistent_queue.hpp"
#include "runtime/stream_queue.hpp"

namespace sluice::runtime {

/// Events go on from memory while little of them is there, and wait on disk otherwise, so that inputs are
/// slowed down by a full queue and not by a slow output. All methods are thread-safe.
class Persistence {
 public:
  /// `entrance` outlives this, and is woken when something here may have changed. `name_events`: events whose
  /// source did not name them (Event::digest) get a name before they are written.
  Persistence(std::shared_ptr<queue::PersistentQueue> queue, StreamQueue& entrance, bool name_events = false);
  ~Persistence();

  /// True while events of inputs may come: there is room, or the pipeline ends and what it has read must go
  /// somewhere.
  [[nodiscard]] bool may_take() const {
    return queue_->has_room() || ending_.load(std::memory_order_relaxed);
  }
  /// True when records wait on disk that are still to be delivered before the end.
  [[nodiscard]] bool has_backlog() const;
  /// True when one of them may be read: little is in memory, and no filter holds their sender, which is the
  /// disk.
  [[nodiscard]] bool may_read() const;
  [[nodiscard]] const LanePtr& disk() const { return disk_; }
  /// How long to wait for a wake(), `most` or less (milliseconds).
  [[nodiscard]] int64_t patience(int64_t most) const;
  /// A batch that went on to the filters has been let go. Its credit counts here, and no longer as input in
  /// flight.
  void settled(size_t credit);
  [[nodiscard]] bool ending() const { return ending_.load(std::memory_order_relaxed); }

  using Next = queue::PersistentQueue::Next;
  /// Writes the events of `batch`, and takes over its acknowledgements. An error is logged, and the batch is
  /// as before: try again later. At the end there is no later: the answer is then `run`, and the
  /// acknowledgements come from the outputs.
  Result<Next> append(queue::RecordWriter& writer, Batch& batch);
  /// Reads a record into `batch`. False: there is none, or it cannot be read for now, which is logged.
  bool read(Batch& batch);

  /// The inputs have stopped. The backlog is read until `deadline` (steady nanoseconds).
  void end(int64_t deadline);
  [[nodiscard]] queue::PersistentQueue& queue() const { return *queue_; }

 private:
  void name(Batch& batch);
  [[nodiscard]] bool little_runs() const;

  const std::shared_ptr<queue::PersistentQueue> queue_;
  StreamQueue& entrance_;
  const LanePtr disk_ = std::make_shared<plugin::Lane>();  // of what is read back
  const uint64_t name_;  // of this run: the digest of events that have none; 0: they need none
  std::atomic<uint64_t> named_{0};
  std::atomic<size_t> running_{0};  // bytes of batches that are filtered or wait for their outputs
  std::atomic<bool> ending_{false};
  std::atomic<int64_t> deadline_{INT64_MAX};
  std::atomic<int64_t> read_again_{0};  // steady nanoseconds: not before
  queue::DiskTrouble writing_, reading_;
};

}  // namespace sluice::runtime
