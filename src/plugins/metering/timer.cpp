#include "plugins/metering/timer.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace sluice::plugins {

void DecayingSample::add(double value, double random, double now) {
  const double weight =
      std::min(std::exp(kAlpha * (now - start_)) / random, std::numeric_limits<double>::max());
  if (heap_.size() == kSize) {
    if (heap_.front().first >= weight) return;
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    heap_.pop_back();
  }
  heap_.emplace_back(weight, value);
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  if (now >= next_rescale_) rescale(now);
}

std::vector<double> DecayingSample::sorted() const {
  std::vector<double> values;
  values.reserve(heap_.size());
  for (const auto& [weight, value] : heap_) values.push_back(value);
  std::sort(values.begin(), values.end());
  return values;
}

// All weights sink by the same factor, so the heap stays one.
void DecayingSample::rescale(double now) {
  const double factor = std::exp(-kAlpha * (now - start_));
  for (auto& [weight, value] : heap_) weight *= factor;
  start_ = now;
  next_rescale_ = now + kRescale;
}

double quantile_of(const std::vector<double>& sorted, double quantile) {
  if (sorted.empty()) return 0;
  const double place = quantile * static_cast<double>(sorted.size() + 1);
  if (place < 1) return sorted.front();
  if (place >= static_cast<double>(sorted.size())) return sorted.back();
  const auto below = static_cast<size_t>(place);
  const double lower = sorted[below - 1], upper = sorted[below];
  return lower + (place - std::floor(place)) * (upper - lower);
}

void Timer::update(double duration, double random, double now) {
  if (!(duration >= 0)) return;
  meter_.mark(now);
  sample_.add(duration, random, now);
  const auto n = static_cast<double>(meter_.count());
  min_ = n == 1 ? duration : std::min(min_, duration);
  max_ = n == 1 ? duration : std::max(max_, duration);
  sum_ += duration;
  if (n == 1) {
    running_mean_ = duration;
    return;
  }
  const double off = duration - running_mean_;
  running_mean_ += off / n;
  squares_ += off * (duration - running_mean_);
}

double Timer::mean() const { return count() ? sum_ / static_cast<double>(count()) : 0; }

double Timer::stddev() const {
  return count() > 1 ? std::sqrt(squares_ / static_cast<double>(count() - 1)) : 0;
}

}  // namespace sluice::plugins
