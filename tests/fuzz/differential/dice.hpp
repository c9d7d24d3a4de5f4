// Random choices that are the same for the same seed on every machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::test {

class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}

  /// 0 to below - 1.
  size_t below(size_t below) { return below == 0 ? 0 : next() % below; }
  bool one_in(size_t n) { return below(n) == 0; }
  template <class List>
  const auto& one_of(const List& list) {
    return list[below(list.size())];
  }

 private:
  // splitmix64
  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  uint64_t state_;
};

}  // namespace sluice::test
