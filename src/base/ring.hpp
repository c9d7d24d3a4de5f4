// A queue in one block of memory: what goes in and out in the steady state allocates nothing.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace sluice {

/// First in, first out. Grows by doubling and keeps its room. `T` is default-constructible and movable; a
/// place that was popped holds a T{} again.
template <class T>
class Ring {
 public:
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] T& front() { return places_[first_]; }

  void push_back(T value) {
    if (size_ == places_.size()) grow();
    places_[(first_ + size_) & (places_.size() - 1)] = std::move(value);
    ++size_;
  }
  T pop_front() {
    T value = std::exchange(places_[first_], T{});
    first_ = (first_ + 1) & (places_.size() - 1);
    --size_;
    return value;
  }

 private:
  void grow() {
    std::vector<T> wider(places_.empty() ? 4 : places_.size() * 2);
    for (size_t i = 0; i < size_; ++i) wider[i] = std::move(places_[(first_ + i) & (places_.size() - 1)]);
    places_.swap(wider);
    first_ = 0;
  }

  std::vector<T> places_;  // a power of two, or none
  size_t first_ = 0;
  size_t size_ = 0;
};

}  // namespace sluice
