#include "base/random.hpp"

#include <random>

namespace sluice {

uint64_t random_number() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

}  // namespace sluice
