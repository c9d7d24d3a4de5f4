// What a batch holds of a sender's bytes in flight, as one of the acknowledgements that it keeps.
#pragma once

#include <memory>
#include <utility>

#include "event/source.hpp"
#include "runtime/stream_queue.hpp"

namespace sluice::runtime {

/// Settles what a turn has put into a batch when the batch has been let go, or when its events are safe on
/// disk.
class Charge : public Acknowledgement {
 public:
  /// `queue` outlives it. `taken_at`: when the turn was taken (steady nanoseconds).
  Charge(StreamQueue& queue, LanePtr lane, size_t bytes, int64_t taken_at)
      : queue_(queue), lane_(std::move(lane)), bytes_(bytes), taken_at_(taken_at) {}
  /// Outputs have got events of the batch. On the worker that holds the batch.
  void reached_outputs() { reached_outputs_ = true; }
  void settled(bool) noexcept override { queue_.settle(*lane_, bytes_, reached_outputs_ ? taken_at_ : 0); }

 private:
  StreamQueue& queue_;
  const LanePtr lane_;
  const size_t bytes_;
  const int64_t taken_at_;
  bool reached_outputs_ = false;
};

}  // namespace sluice::runtime
