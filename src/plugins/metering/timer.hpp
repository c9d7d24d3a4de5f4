// Durations: how many, how fast they come, and how they are spread.
#pragma once

#include <random>
#include <utility>
#include <vector>

#include "plugins/metering/meter.hpp"

namespace sluice::plugins {

/// A sample of values in which recent ones are likelier to be: exponentially decaying, 1028 values, as
/// metriks keeps it (G. Cormode et al., "Forward Decay", 2009).
class DecayingSample {
 public:
  explicit DecayingSample(double now) : start_(now), next_rescale_(now + kRescale) {}
  /// `random` is even in (0, 1].
  void add(double value, double random, double now);
  /// The values, sorted.
  [[nodiscard]] std::vector<double> sorted() const;

 private:
  static constexpr size_t kSize = 1028;
  static constexpr double kAlpha = 0.015;
  static constexpr double kRescale = 3600;  // seconds, before the weights outgrow a double
  void rescale(double now);

  std::vector<std::pair<double, double>> heap_;  // weight and value; the lightest is on top
  double start_, next_rescale_;
};

/// The value at `quantile` (0 to 1) of sorted values, between two of them when it falls there; 0 of none.
double quantile_of(const std::vector<double>& sorted, double quantile);

/// Durations of one name. Times are seconds of a clock that the caller reads. Not thread-safe.
class Timer {
 public:
  explicit Timer(double now) : meter_(now), sample_(now) {}

  /// Counts a duration; one below 0 (or that is no number) is left out.
  void update(double duration, double random, double now);

  [[nodiscard]] Meter& meter() { return meter_; }
  [[nodiscard]] uint64_t count() const { return meter_.count(); }
  [[nodiscard]] double min() const { return min_; }
  [[nodiscard]] double max() const { return max_; }
  [[nodiscard]] double mean() const;
  [[nodiscard]] double stddev() const;
  [[nodiscard]] std::vector<double> sorted() const { return sample_.sorted(); }

 private:
  Meter meter_;
  DecayingSample sample_;
  double min_ = 0, max_ = 0, sum_ = 0;
  double running_mean_ = 0, squares_ = 0;  // Welford's
};

}  // namespace sluice::plugins
