// One input's way into the pipeline's queue.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "plugin/lane.hpp"
#include "runtime/stream_queue.hpp"

namespace sluice::runtime {

/// Passes everything on to the queue, and remembers when the input ended by itself.
class Entrance : public plugin::InputSink, public plugin::Room {
 public:
  /// `on_ended` is called on the input's thread.
  Entrance(StreamQueue& queue, std::function<void()> on_ended)
      : queue_(queue), on_ended_(std::move(on_ended)) {}

  bool push(std::shared_ptr<plugin::Stream> stream, plugin::Chunk chunk) override {
    return queue_.push(std::move(stream), std::move(chunk));
  }
  void finish(std::shared_ptr<plugin::Stream> stream, std::function<void()> done) override {
    queue_.finish(std::move(stream), std::move(done));
  }
  bool ready() const override { return queue_.ready(); }
  void when_ready(std::function<void()> resume) override { queue_.when_ready(std::move(resume)); }
  bool wait_ready(const std::atomic<bool>& stop) override { return queue_.wait_ready(stop); }
  bool has_room(const plugin::Lane& lane) const override { return queue_.has_room(lane); }
  void when_room(LanePtr lane, std::function<void()> resume) override {
    queue_.when_room(std::move(lane), std::move(resume));
  }
  bool wait_room(const LanePtr& lane, const std::atomic<bool>& stop) override {
    return queue_.wait_room(lane, stop);
  }
  void ended() override {
    has_ended_ = true;
    on_ended_();
  }

  [[nodiscard]] bool has_ended() const { return has_ended_; }

 private:
  StreamQueue& queue_;
  const std::function<void()> on_ended_;
  std::atomic<bool> has_ended_{false};
};

}  // namespace sluice::runtime
