#include "base/hash.hpp"

#include <cstring>

#include "base/random.hpp"

namespace sluice {
namespace {

struct Seed {
  uint64_t a, b;
};

const Seed kSeed{random_number(), random_number()};

uint64_t load(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

// Both halves of the product, so that each bit of a factor reaches all of the result.
uint64_t mixed(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{a} * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace

uint64_t hash_bytes(std::string_view text) {
  const char* p = text.data();
  size_t left = text.size();
  uint64_t hash = kSeed.b;
  for (; left > 16; p += 16, left -= 16) hash = mixed(load(p) ^ kSeed.a, load(p + 8) ^ hash);
  uint64_t first = 0, second = 0;
  if (left >= 8) {
    first = load(p);
    second = load(p + left - 8);
  } else if (left != 0) {
    std::memcpy(&first, p, left);
  }
  return mixed(mixed(first ^ kSeed.a, second ^ hash), kSeed.b ^ text.size());
}

}  // namespace sluice
