// Counters of plugins and pipelines. Writers add with relaxed atomics once per batch; readers sum at any
// time.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::plugin {

/// A number that only grows, or (as a gauge) goes up and down. Thread-safe.
class Counter {
 public:
  void add(uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  void subtract(uint64_t n = 1) { value_.fetch_sub(n, std::memory_order_relaxed); }
  void set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

/// Whether a destination is asked: closed, it is; open, it has failed and is left alone for a while; half
/// open, one request finds out whether it is well again.
enum class CircuitState : uint8_t { closed, half_open, open };
inline std::string_view circuit_name(CircuitState state) {
  return state == CircuitState::closed ? "closed" : state == CircuitState::open ? "open" : "half_open";
}

/// What one plugin counts. The three common figures, and named ones of its own ("matches", "failures",
/// "bulk_requests.successes": dots nest in the API).
class PluginMetrics {
 public:
  Counter in, out, nanos;

  /// The counter of that name, made at first use; keep the reference. Thread-safe.
  Counter& counter(std::string_view name) {
    std::scoped_lock lock(mutex_);
    for (auto& [known, counter] : own_)
      if (known == name) return counter;
    own_.emplace_back(std::piecewise_construct, std::forward_as_tuple(name), std::forward_as_tuple());
    return own_.back().second;
  }
  [[nodiscard]] std::vector<std::pair<std::string, uint64_t>> snapshot() const {
    std::scoped_lock lock(mutex_);
    std::vector<std::pair<std::string, uint64_t>> all;
    for (const auto& [name, counter] : own_) all.emplace_back(name, counter.get());
    return all;
  }

  /// The state of that destination, made at first use; keep the reference. Thread-safe.
  std::atomic<CircuitState>& circuit(std::string_view destination) {
    std::scoped_lock lock(mutex_);
    for (auto& [known, state] : circuits_)
      if (known == destination) return state;
    circuits_.emplace_back(std::piecewise_construct, std::forward_as_tuple(destination),
                           std::forward_as_tuple(CircuitState::closed));
    return circuits_.back().second;
  }
  [[nodiscard]] std::vector<std::pair<std::string, CircuitState>> circuits() const {
    std::scoped_lock lock(mutex_);
    return {circuits_.begin(), circuits_.end()};
  }

 private:
  mutable std::mutex mutex_;
  std::deque<std::pair<std::string, Counter>> own_;
  std::deque<std::pair<std::string, std::atomic<CircuitState>>> circuits_;
};

}  // namespace sluice::plugin
