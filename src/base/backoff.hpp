// How long to wait before something that failed is tried again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

namespace sluice {

/// Exponential back-off with full jitter: anything from 0 to `first` doubled `doublings` times, `longest` at
/// the most. Many that failed together do not come back together.
template <class Random>
uint64_t full_jitter(uint64_t first, unsigned doublings, uint64_t longest, Random& random) {
  const uint64_t doubled = std::min(first, longest) << std::min(doublings, 20U);
  return std::uniform_int_distribution<uint64_t>(0, std::min(doubled, longest))(random);
}

}  // namespace sluice
