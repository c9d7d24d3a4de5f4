// How the reloads of one pipeline went, for the monitoring API.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace sluice::runtime {

/// Written by the agent, read by any thread. Outlives the pipeline when that is stopped and started anew.
class ReloadRecord {
 public:
  struct Figures {
    uint64_t successes = 0, failures = 0;
    int64_t last_success = 0, last_failure = 0;  ///< wall clock, nanoseconds; 0: never
    std::string last_error;                      ///< of the last reload; empty when it succeeded
  };

  void succeeded(int64_t now) {
    const std::scoped_lock lock(mutex_);
    ++figures_.successes;
    figures_.last_success = now;
    figures_.last_error.clear();
  }
  void failed(int64_t now, std::string why) {
    const std::scoped_lock lock(mutex_);
    ++figures_.failures;
    figures_.last_failure = now;
    figures_.last_error = std::move(why);
  }
  [[nodiscard]] Figures figures() const {
    const std::scoped_lock lock(mutex_);
    return figures_;
  }

 private:
  mutable std::mutex mutex_;
  Figures figures_;
};

}  // namespace sluice::runtime
