#include "plugins/metering/meter.hpp"

#include <cmath>

namespace sluice::plugins {
namespace {

constexpr double kTick = 5;  // seconds
constexpr std::array<double, 3> kWindows{60, 300, 900};

}  // namespace

void Meter::mark(double now) {
  tick_if_due(now);
  ++count_;
  ++uncounted_;
}

double Meter::rate(RateWindow window, double now) {
  tick_if_due(now);
  return rates_[static_cast<size_t>(window)];
}

// The ticks that were missed count nothing: they only let the rates sink.
void Meter::tick_if_due(double now) {
  const double age = now - last_tick_;
  if (age <= kTick) return;
  last_tick_ = now;
  const double missed = std::floor(age / kTick) - 1;
  const double instant = static_cast<double>(uncounted_) / kTick;
  uncounted_ = 0;
  for (size_t i = 0; i < rates_.size(); ++i) {
    const double keep = std::exp(-kTick / kWindows[i]);
    rates_[i] = ticked_ ? rates_[i] + (1 - keep) * (instant - rates_[i]) : instant;
    if (missed > 0) rates_[i] *= std::pow(keep, missed);
  }
  ticked_ = true;
}

}  // namespace sluice::plugins
