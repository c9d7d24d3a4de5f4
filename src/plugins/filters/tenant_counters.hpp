// Figures per tenant, for a bounded number of tenants.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

#include "base/hash.hpp"
#include "plugin/metrics.hpp"

namespace sluice::plugins {

/// What is counted of one tenant. All but `events` are null when the filter limits nobody.
struct TenantFigures {
  plugin::Counter* events = nullptr;
  plugin::Counter* limited = nullptr;  // events that came over the limit
  plugin::Counter* bytes = nullptr;    // that passed a limit of bytes
  plugin::Counter* waited = nullptr;   // milliseconds that senders were made to wait
};

/// The counters `tenants.NAME.events` of one filter, and those of limits. Names come from outside, so their
/// number is bounded: tenants past it count as `other`. Thread-safe.
class TenantCounters {
 public:
  static constexpr size_t kMost = 1000;

  /// `limited`: the filter has limits.
  explicit TenantCounters(bool limited) : limited_(limited) {}

  const TenantFigures& of(std::string_view tenant, plugin::PluginMetrics& metrics) {
    // A full table never changes again and is read without the lock.
    if (!full_.load(std::memory_order_acquire)) {
      std::scoped_lock lock(mutex_);
      if (const auto known = figures_.find(tenant); known != figures_.end()) return known->second;
      if (figures_.size() < kMost) return figures_.emplace(tenant, make(tenant, metrics)).first->second;
      other_ = make("other", metrics);
      full_.store(true, std::memory_order_release);
    }
    const auto known = figures_.find(tenant);
    return known != figures_.end() ? known->second : other_;
  }

 private:
  [[nodiscard]] TenantFigures make(std::string_view tenant, plugin::PluginMetrics& metrics) const {
    std::string name = "tenants.";
    for (const char c : tenant) name += c == '.' ? '_' : c;  // dots nest in the API
    TenantFigures figures{&metrics.counter(name + ".events")};
    if (!limited_) return figures;
    figures.limited = &metrics.counter(name + ".limited");
    figures.bytes = &metrics.counter(name + ".bytes");
    figures.waited = &metrics.counter(name + ".waited_in_millis");
    return figures;
  }

  const bool limited_;
  std::atomic<bool> full_{false};
  std::mutex mutex_;
  TextMap<TenantFigures> figures_;
  TenantFigures other_;
};

}  // namespace sluice::plugins
