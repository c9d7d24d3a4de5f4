// A bounded cache whose entries expire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "base/lru_map.hpp"
#include "base/time.hpp"

namespace sluice {

/// Values by text. The entry that was used longest ago makes room for a new one, and no entry is given out
/// `ttl_nanos` after it was put in. Thread-safe. A capacity of 0 keeps nothing.
template <class T>
class TtlCache {
 public:
  TtlCache(size_t capacity, int64_t ttl_nanos)
      : capacity_(capacity), ttl_nanos_(ttl_nanos), entries_(capacity) {}

  /// A copy of the value of `key`, when there is one that has not expired.
  std::optional<T> get(std::string_view key) {
    if (capacity_ == 0) return std::nullopt;
    std::scoped_lock lock(mutex_);
    const Entry* entry = entries_.find(key);
    if (!entry) return std::nullopt;
    if (entry->expires > steady_nanos()) return entry->value;
    entries_.erase(key);
    return std::nullopt;
  }

  /// Adds the value of `key`, or replaces it.
  void put(std::string_view key, T value) {
    if (capacity_ == 0) return;
    std::scoped_lock lock(mutex_);
    entries_.erase(key);
    entries_.put(key, {std::move(value), steady_nanos() + ttl_nanos_});
  }

 private:
  struct Entry {
    T value{};
    int64_t expires = 0;
  };
  const size_t capacity_;
  const int64_t ttl_nanos_;
  std::mutex mutex_;
  LruMap<Entry> entries_;
};

}  // namespace sluice
