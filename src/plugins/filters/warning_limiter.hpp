// Warnings about single events: the first is worth a log line, the ten thousandth is not.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace sluice::plugins {

/// Lets one warning in ten seconds through, and counts the others. One per worker.
class WarningLimiter {
 public:
  /// True when a line may be written now; `suppressed` is how many were not since the last one.
  bool allow(uint64_t& suppressed) {
    const int64_t now = steady_nanos();
    if (next_ != 0 && now < next_) {
      ++suppressed_;
      return false;
    }
    next_ = now + kEvery;
    suppressed = suppressed_;
    suppressed_ = 0;
    return true;
  }

 private:
  static constexpr int64_t kEvery = 10'000'000'000;
  int64_t next_ = 0;
  uint64_t suppressed_ = 0;
};

}  // namespace sluice::plugins
