// A bounded map from texts to values that forgets what was asked for least recently.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace sluice {

/// Not thread-safe. Values stay where they are until they are forgotten.
template <class T>
class LruMap {
 public:
  /// Holds `capacity` entries at most (at least one).
  explicit LruMap(size_t capacity) : capacity_(capacity ? capacity : 1) {}

  /// The value of `key`, which counts as used, or null. Valid until the next put() or clear().
  T* find(std::string_view key) {
    const auto it = index_.find(key);
    if (it == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, it->second);
    return &it->second->second;
  }

  /// Adds a key that is not there, forgetting another one when the map is full.
  T& put(std::string_view key, T value) {
    if (entries_.size() < capacity_) {
      entries_.emplace_front(std::string(key), std::move(value));
    } else {
      entries_.splice(entries_.begin(), entries_, std::prev(entries_.end()));
      auto& [old_key, old_value] = entries_.front();
      index_.erase(old_key);
      old_key.assign(key);
      old_value = std::move(value);
    }
    index_.emplace(entries_.front().first, entries_.begin());
    return entries_.front().second;
  }

  void clear() {
    index_.clear();
    entries_.clear();
  }
  [[nodiscard]] size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<std::string, T>>;
  size_t capacity_;
  Entries entries_;                                                         // the newest first
  std::unordered_map<std::string_view, typename Entries::iterator> index_;  // keys point into entries_
};

}  // namespace sluice
