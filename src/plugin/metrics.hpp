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

 private:
  mutable std::mutex mutex_;
  std::deque<std::pair<std::string, Counter>> own_;
};

}  // namespace sluice::plugin
