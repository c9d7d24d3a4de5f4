// The time of filters that count in steps of five seconds, whichever worker flushes them.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace sluice::plugins {

/// Every worker flushes about every five seconds, and Logstash's filters count flushes: this tells how many
/// steps have passed since the last call. Not thread-safe: it stands under its filter's lock.
class FlushClock {
 public:
  static constexpr int64_t kStepSeconds = 5;

  /// Steps that are due at a flush. The final flush of a worker is a step of its own, as with Logstash.
  int64_t steps(bool final) {
    const int64_t passed = (steady_nanos() - start_) / (kStepSeconds * 1'000'000'000);
    const int64_t due = passed - counted_;
    counted_ = passed;
    return final ? due + 1 : due;
  }

 private:
  const int64_t start_ = steady_nanos();
  int64_t counted_ = 0;
};

}  // namespace sluice::plugins
