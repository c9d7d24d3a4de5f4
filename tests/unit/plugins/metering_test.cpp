// The figures of the metrics filter, on a clock of the test's own.
#include <doctest/doctest.h>

#include <cmath>

#include "plugins/metering/timer.hpp"

using namespace sluice::plugins;

namespace {
double rate(Meter& meter, RateWindow window, double now) { return meter.rate(window, now); }
}  // namespace

TEST_CASE("a meter has no rate before its first tick, and the rate of its first five seconds then") {
  Meter meter(100);
  for (int i = 0; i < 50; ++i) meter.mark(101);
  CHECK(meter.count() == 50);
  CHECK(rate(meter, RateWindow::one_minute, 105) == 0);
  for (const auto window : {RateWindow::one_minute, RateWindow::five_minutes, RateWindow::fifteen_minutes})
    CHECK(rate(meter, window, 105.5) == 10);
}

TEST_CASE("rates sink by their window while nothing comes") {
  Meter meter(0);
  for (int i = 0; i < 50; ++i) meter.mark(1);
  CHECK(rate(meter, RateWindow::one_minute, 5.5) == 10);
  // Twelve more ticks are one minute.
  CHECK(rate(meter, RateWindow::one_minute, 65.6) == doctest::Approx(10 * std::exp(-1.0)));
  CHECK(rate(meter, RateWindow::five_minutes, 65.6) == doctest::Approx(10 * std::exp(-0.2)));
  CHECK(rate(meter, RateWindow::fifteen_minutes, 65.6) == doctest::Approx(10 * std::exp(-1.0 / 15)));
  CHECK(rate(meter, RateWindow::one_minute, 1e9) == 0);
}

TEST_CASE("a later tick moves the rate towards what came") {
  Meter meter(0);
  for (int i = 0; i < 50; ++i) meter.mark(1);
  CHECK(rate(meter, RateWindow::one_minute, 5.5) == 10);
  for (int i = 0; i < 100; ++i) meter.mark(6);
  const double keep = std::exp(-5.0 / 60);
  CHECK(rate(meter, RateWindow::one_minute, 11) == doctest::Approx(10 + (1 - keep) * (20 - 10)));
}

TEST_CASE("quantiles stand at a value or between two") {
  CHECK(quantile_of({}, 0.5) == 0);
  CHECK(quantile_of({7}, 0) == 7);
  CHECK(quantile_of({7}, 1) == 7);
  CHECK(quantile_of({1, 2, 4, 8}, 0.5) == 3);
  CHECK(quantile_of({1, 2, 4, 8}, 0.25) == 1.25);
  CHECK(quantile_of({1, 2, 4, 8}, 0.99) == 8);
}

TEST_CASE("a timer knows the spread of its durations and leaves out what is none") {
  Timer timer(0);
  CHECK(timer.mean() == 0);
  CHECK(timer.stddev() == 0);
  for (const double value : {2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0, -1.0, std::nan("")})
    timer.update(value, 0.5, 1);
  CHECK(timer.count() == 8);
  CHECK(timer.min() == 2);
  CHECK(timer.max() == 9);
  CHECK(timer.mean() == 5);
  CHECK(timer.stddev() == doctest::Approx(std::sqrt(32.0 / 7)));
  CHECK(timer.sorted().size() == 8);
}

TEST_CASE("a sample stays at its size and forgets the old") {
  DecayingSample sample(0);
  double random = 0.5;
  const auto next = [&] { return random = std::fmod(random * 997 + 0.1234, 1) + 1e-9; };
  for (int i = 0; i < 5000; ++i) sample.add(1, next(), 0);
  CHECK(sample.sorted().size() == 1028);
  // Past the hour at which weights are scaled anew, what is old is next to never left.
  for (int i = 0; i < 3000; ++i) sample.add(2, next(), 4000);
  const auto values = sample.sorted();
  CHECK(values.size() == 1028);
  CHECK(values.front() == 2);
}
