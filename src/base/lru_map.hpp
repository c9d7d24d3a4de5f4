// A bounded map from texts to values that forgets what was asked for least recently.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.hpp"

namespace sluice {

/// Not thread-safe. Values stay where they are until they are forgotten. Keys may come from outside: they
/// cannot be chosen so that look-ups become slow.
template <class T>
class LruMap {
 public:
  /// Holds `capacity` entries at most (at least one).
  explicit LruMap(size_t capacity) : capacity_(capacity ? capacity : 1) {}

  /// The value of `key`, which counts as used, or null. Valid until the next put(), erase() or clear().
  T* find(std::string_view key) {
    if (newest_ != kNone && entries_[newest_].key == key) return &entries_[newest_].value;
    if (size_ == 0) return nullptr;
    const Index found = look_up(key, hash_bytes(key));
    if (found == kNone) return nullptr;
    unlink(found);
    link(found);
    return &entries_[found].value;
  }

  /// Adds a key that is not there, forgetting another one when the map is full.
  T& put(std::string_view key, T value) {
    const uint64_t hash = hash_bytes(key);
    if (size_ == capacity_) remove(oldest_);
    const Index at = free_entry();
    Entry& entry = entries_[at];
    entry.key.assign(key);
    entry.value = std::move(value);
    entry.hash = hash;
    ++size_;
    if (size_ > buckets_.size()) {
      link(at);
      rebuild();
    } else {
      Index& bucket = bucket_of(hash);
      entry.next = std::exchange(bucket, at);
      link(at);
    }
    return entry.value;
  }

  /// Forgets `key`; true when it was there.
  bool erase(std::string_view key) {
    if (size_ == 0) return false;
    const Index found = look_up(key, hash_bytes(key));
    if (found == kNone) return false;
    remove(found);
    entries_[found].value = T{};
    return true;
  }

  void clear() {
    entries_.clear();
    buckets_.clear();
    newest_ = oldest_ = free_ = kNone;
    size_ = 0;
  }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  using Index = uint32_t;
  static constexpr Index kNone = UINT32_MAX;
  static constexpr size_t kFewestBuckets = 16;

  struct Entry {
    std::string key;
    T value{};
    uint64_t hash = 0;
    Index next = kNone;  // in its bucket, or in the list of free entries
    Index newer = kNone, older = kNone;
  };

  Index& bucket_of(uint64_t hash) { return buckets_[hash & (buckets_.size() - 1)]; }

  Index look_up(std::string_view key, uint64_t hash) {
    Index at = bucket_of(hash);
    while (at != kNone && (entries_[at].hash != hash || entries_[at].key != key)) at = entries_[at].next;
    return at;
  }

  // An entry that is in no list.
  Index free_entry() {
    if (free_ != kNone) return std::exchange(free_, entries_[free_].next);
    entries_.emplace_back();
    return static_cast<Index>(entries_.size() - 1);
  }

  // Takes the entry out of the map and keeps its memory for another key.
  void remove(Index at) {
    Index* place = &bucket_of(entries_[at].hash);
    while (*place != at) place = &entries_[*place].next;
    *place = entries_[at].next;
    unlink(at);
    entries_[at].next = std::exchange(free_, at);
    --size_;
  }

  void link(Index at) {
    entries_[at].newer = kNone;
    entries_[at].older = newest_;
    (newest_ == kNone ? oldest_ : entries_[newest_].newer) = at;
    newest_ = at;
  }
  void unlink(Index at) {
    const Index newer = entries_[at].newer, older = entries_[at].older;
    (newer == kNone ? newest_ : entries_[newer].older) = older;
    (older == kNone ? oldest_ : entries_[older].newer) = newer;
  }

  void rebuild() {
    buckets_.assign(std::max(kFewestBuckets, buckets_.size() * 2), kNone);
    for (Index at = newest_; at != kNone; at = entries_[at].older)
      entries_[at].next = std::exchange(bucket_of(entries_[at].hash), at);
  }

  size_t capacity_;
  size_t size_ = 0;
  std::deque<Entry> entries_;
  std::vector<Index> buckets_;  // the first entry of each; their number is a power of two
  Index newest_ = kNone, oldest_ = kNone, free_ = kNone;
};

}  // namespace sluice
