// A pipeline's entrance that keeps what inputs push and lets it be delivered out of order, as a seed says.
#pragma once

#include <random>
#include <utility>
#include <vector>

#include "plugin/input.hpp"
#include "plugins/inputs/stop_signal.hpp"

namespace sluice::test {

/// Everything happens on the input's thread, in push().
class CrashSink : public plugin::InputSink {
 public:
  CrashSink(uint32_t seed, const plugins::StopSignal& stop) : random(seed), stop_(stop) {}

  bool push(std::shared_ptr<plugin::Stream>, plugin::Chunk chunk) override {
    waiting_.push_back(std::move(chunk));
    if (on_push) on_push();
    return true;
  }
  void finish(std::shared_ptr<plugin::Stream>, std::function<void()> done) override {
    if (done) done();
  }
  bool ready() const override { return true; }
  void when_ready(std::function<void()> resume) override { resume(); }
  bool wait_ready(const std::atomic<bool>&) override { return !stop_.is_set(); }
  void ended() override {}

  /// One of the chunks that wait has arrived; `seen` hears of it first.
  void deliver_one(const std::function<void(const plugin::Chunk&)>& seen) {
    if (waiting_.empty()) return;
    const auto at = waiting_.begin() + static_cast<std::ptrdiff_t>(random() % waiting_.size());
    seen(*at);
    waiting_.erase(at);
  }
  void deliver_all(const std::function<void(const plugin::Chunk&)>& seen) {
    while (!waiting_.empty()) deliver_one(seen);
  }
  /// What waits is given up, as when the process ends.
  void abandon() {
    for (auto& chunk : waiting_) chunk.ack.abandon();
    waiting_.clear();
  }

  std::mt19937 random;
  std::function<void()> on_push;

 private:
  const plugins::StopSignal& stop_;
  std::vector<plugin::Chunk> waiting_;
};

}  // namespace sluice::test
