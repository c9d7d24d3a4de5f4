// Counts with sliding rates, as the metriks library that Logstash uses computes them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::plugins {

/// The windows of the rates.
enum class RateWindow : uint8_t { one_minute, five_minutes, fifteen_minutes };

/// A count, and per window the events per second as an exponentially weighted moving average over ticks of
/// five seconds: 0 until the first tick. Times are seconds of a clock that the caller reads. Not thread-safe.
class Meter {
 public:
  explicit Meter(double now) : last_tick_(now) {}

  void mark(double now);
  [[nodiscard]] uint64_t count() const { return count_; }
  /// Events per second.
  double rate(RateWindow window, double now);

 private:
  void tick_if_due(double now);

  uint64_t count_ = 0;
  uint64_t uncounted_ = 0;  // since the last tick
  double last_tick_;
  bool ticked_ = false;
  std::array<double, 3> rates_{};
};

}  // namespace sluice::plugins
