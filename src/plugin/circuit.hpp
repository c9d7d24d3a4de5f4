// The circuit breaker of one destination: who fails again and again is left alone, and asked by one request
// at a time until it answers.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <random>

#include "plugin/metrics.hpp"

namespace sluice::plugin {

/// Opens after some failures in a row. While it is open, one probe may go out after each wait; the waits
/// double, with full jitter. A success closes it. What it says has changed is for the log. Thread-safe.
class Circuit {
 public:
  struct Settings {
    unsigned failures = 3;           // in a row, until it opens
    uint64_t first_millis = 500;     // the first wait, at the most
    uint64_t longest_millis = 5000;  // any wait, at the most
    bool untried = false;            // begins half open: the first request is a probe
  };
  /// Shows its state in `state`, which is PluginMetrics::circuit() and outlives it.
  Circuit(Settings settings, std::atomic<CircuitState>& state);

  [[nodiscard]] CircuitState state() const { return state_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool closed() const { return state() == CircuitState::closed; }
  [[nodiscard]] bool half_open() const { return state() == CircuitState::half_open; }

  /// The destination has answered. True when that closed the circuit.
  bool succeeded();
  /// It has not; `now` in steady nanoseconds. True when that opened the circuit and it was not open since the
  /// last success.
  bool failed(int64_t now);
  /// Of an open circuit whose wait is over: makes it half open, and the caller sends one probe, which ends
  /// in succeeded() or failed().
  bool begin_probe(int64_t now);
  /// Of an open circuit: milliseconds until a probe may go out.
  [[nodiscard]] uint64_t wait_millis(int64_t now) const;

 private:
  const Settings settings_;
  std::atomic<CircuitState>& state_;
  mutable std::mutex mutex_;
  std::minstd_rand random_;
  unsigned failures_ = 0;  // in a row
  unsigned waits_ = 0;     // since it opened
  int64_t probe_at_ = 0;   // steady nanoseconds
};

}  // namespace sluice::plugin
