// A bounded cache whose entries expire.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/time.hpp"

namespace sluice::plugins::dns {

/// Texts by text. The entry that was used longest ago makes room for a new one, and no entry is given out
/// `ttl_nanos` after it was put in. Thread-safe. A capacity of 0 keeps nothing.
class TtlCache {
 public:
  TtlCache(size_t capacity, int64_t ttl_nanos) : capacity_(capacity), ttl_nanos_(ttl_nanos) {}

  std::optional<std::string> get(const std::string& key) {
    if (capacity_ == 0) return {};
    std::scoped_lock lock(mutex_);
    const auto found = places_.find(key);
    if (found == places_.end()) return {};
    if (found->second->expires <= steady_nanos()) {
      entries_.erase(found->second);
      places_.erase(found);
      return {};
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front().value;
  }

  void put(const std::string& key, std::string value) {
    if (capacity_ == 0) return;
    std::scoped_lock lock(mutex_);
    if (const auto found = places_.find(key); found != places_.end()) {
      entries_.erase(found->second);
      places_.erase(found);
    } else if (entries_.size() >= capacity_) {
      places_.erase(entries_.back().key);
      entries_.pop_back();
    }
    entries_.push_front({key, std::move(value), steady_nanos() + ttl_nanos_});
    places_.emplace(key, entries_.begin());
  }

 private:
  struct Entry {
    std::string key, value;
    int64_t expires;
  };
  const size_t capacity_;
  const int64_t ttl_nanos_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the one used last in front
  std::unordered_map<std::string, std::list<Entry>::iterator> places_;
};

}  // namespace sluice::plugins::dns
