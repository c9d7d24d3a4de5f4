// Which events have been delivered: all below a mark, and ranges above it.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>

namespace sluice::queue {

/// Sequence numbers [first, end).
struct Range {
  uint64_t first = 0, end = 0;
  friend bool operator==(const Range&, const Range&) = default;
};

/// A set of sequence numbers that fills from below. Batches are delivered nearly in order, so that few ranges
/// stand above the mark. Not thread-safe.
class Acknowledged {
 public:
  /// Everything below `mark` is in the set.
  explicit Acknowledged(uint64_t mark = 0) : mark_(mark) {}

  void add(Range range) {
    if (range.end <= mark_ || range.first >= range.end) return;
    auto next = above_.upper_bound(range.first);
    if (next != above_.begin()) {
      const auto before = std::prev(next);
      if (before->second >= range.first) {
        range.first = before->first;
        next = before;
      }
    }
    while (next != above_.end() && next->first <= range.end) {
      range.end = range.end > next->second ? range.end : next->second;
      count_above_ -= next->second - next->first;
      next = above_.erase(next);
    }
    if (range.first <= mark_) {
      mark_ = range.end;
    } else {
      above_.emplace(range.first, range.end);
      count_above_ += range.end - range.first;
    }
  }

  [[nodiscard]] bool has(Range range) const {
    if (range.end <= mark_) return true;
    auto next = above_.upper_bound(range.first);
    return next != above_.begin() && std::prev(next)->second >= range.end;
  }
  /// The lowest number that is not in the set.
  [[nodiscard]] uint64_t mark() const { return mark_; }
  /// First and end of each range above the mark, in order.
  [[nodiscard]] const std::map<uint64_t, uint64_t>& above() const { return above_; }
  /// How many numbers above the mark are in the set.
  [[nodiscard]] uint64_t count_above() const { return count_above_; }

 private:
  uint64_t mark_;
  uint64_t count_above_ = 0;
  std::map<uint64_t, uint64_t> above_;
};

}  // namespace sluice::queue
