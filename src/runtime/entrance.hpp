// One input's way into the pipeline's queue.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "plugin/input.hpp"
#include "runtime/stream_queue.hpp"

namespace sluice::runtime {

/// Passes everything on to the queue, and remembers when the input ended by itself.
class Entrance : public plugin::InputSink {
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
