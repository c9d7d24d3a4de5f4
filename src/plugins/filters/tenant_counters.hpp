// Events per tenant, for a bounded number of tenants.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

#include "base/hash.hpp"
#include "plugin/metrics.hpp"

namespace sluice::plugins {

/// The counters `tenants.NAME.events` of one filter. Names come from outside, so their number is bounded:
/// tenants past it count as `other`. Thread-safe.
class TenantCounters {
 public:
  static constexpr size_t kMost = 1000;

  plugin::Counter& of(std::string_view tenant, plugin::PluginMetrics& metrics) {
    // A full table never changes again and is read without the lock.
    if (!full_.load(std::memory_order_acquire)) {
      std::scoped_lock lock(mutex_);
      if (const auto known = counters_.find(tenant); known != counters_.end()) return *known->second;
      if (counters_.size() < kMost) return add(tenant, metrics);
      other_ = &metrics.counter("tenants.other.events");
      full_.store(true, std::memory_order_release);
    }
    const auto known = counters_.find(tenant);
    return known != counters_.end() ? *known->second : *other_;
  }

 private:
  plugin::Counter& add(std::string_view tenant, plugin::PluginMetrics& metrics) {
    std::string name = "tenants.";
    for (const char c : tenant) name += c == '.' ? '_' : c;  // dots nest in the API
    auto& counter = metrics.counter(name + ".events");
    counters_.emplace(tenant, &counter);
    return counter;
  }

  std::atomic<bool> full_{false};
  std::mutex mutex_;
  TextMap<plugin::Counter*> counters_;
  plugin::Counter* other_ = nullptr;
};

}  // namespace sluice::plugins
