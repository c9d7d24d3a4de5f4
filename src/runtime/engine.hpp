// The process: event loops and what plugins of all pipelines share.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/loop.hpp"
#include "plugin/setup.hpp"

namespace sluice::runtime {

/// Owns the input loop, the output loop and the background thread. Outlives every pipeline.
class Engine : public plugin::Engine {
 public:
  explicit Engine(plugin::Environment environment) : environment_(std::move(environment)) {}
  ~Engine() override;

  Status start();
  /// Ends the loops and the thread; pipelines must have been stopped.
  void stop();

  net::Loop& input_loop() override { return input_loop_; }
  net::Loop& output_loop() override { return output_loop_; }
  void background(std::function<void()> job) override;
  const plugin::Environment& environment() const override { return environment_; }
  void listening(std::string_view what, std::string_view address) override;

  /// What inputs have said they listen on.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> addresses() const;

 private:
  void run_background();

  plugin::Environment environment_;
  net::Loop input_loop_, output_loop_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  std::thread background_;
  bool stopping_ = false;
  std::vector<std::pair<std::string, std::string>> addresses_;
};

}  // namespace sluice::runtime
