#include "plugins/digest/murmur.hpp"

#include <bit>
#include <cstring>

namespace sluice::plugins::digest {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

// Up to sizeof(Word) bytes as a number, missing ones zero.
template <class Word>
Word word_at(std::string_view text, size_t at) {
  Word word = 0;
  std::memcpy(&word, text.data() + at, std::min(sizeof word, text.size() - at));
  return word;
}

uint32_t mixed(uint32_t k) { return std::rotl(k * 0xcc9e2d51u, 15) * 0x1b873593u; }

constexpr uint64_t kC1 = 0x87c37b91114253d5u;
constexpr uint64_t kC2 = 0x4cf5ad432745937fu;

uint64_t mixed_low(uint64_t k) { return std::rotl(k * kC1, 31) * kC2; }
uint64_t mixed_high(uint64_t k) { return std::rotl(k * kC2, 33) * kC1; }

uint64_t avalanche(uint64_t h) {
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53u;
  return h ^ (h >> 33);
}

}  // namespace

uint32_t murmur3(std::string_view text, uint32_t seed) {
  uint32_t h = seed;
  size_t at = 0;
  for (; at + 4 <= text.size(); at += 4)
    h = std::rotl(h ^ mixed(word_at<uint32_t>(text, at)), 13) * 5 + 0xe6546b64u;
  if (at < text.size()) h ^= mixed(word_at<uint32_t>(text, at));
  h ^= static_cast<uint32_t>(text.size());
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return h ^ (h >> 16);
}

std::array<unsigned char, 16> murmur3_128(std::string_view text, uint64_t seed) {
  uint64_t h1 = seed, h2 = seed;
  size_t at = 0;
  for (; at + 16 <= text.size(); at += 16) {
    h1 ^= mixed_low(word_at<uint64_t>(text, at));
    h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729u;
    h2 ^= mixed_high(word_at<uint64_t>(text, at + 8));
    h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5u;
  }
  if (at + 8 < text.size()) h2 ^= mixed_high(word_at<uint64_t>(text, at + 8));
  if (at < text.size()) h1 ^= mixed_low(word_at<uint64_t>(text, at));
  h1 ^= text.size();
  h2 ^= text.size();
  h1 += h2;
  h2 += h1;
  h1 = avalanche(h1);
  h2 = avalanche(h2);
  h1 += h2;
  h2 += h1;
  std::array<unsigned char, 16> out;
  std::memcpy(out.data(), &h1, 8);
  std::memcpy(out.data() + 8, &h2, 8);
  return out;
}

}  // namespace sluice::plugins::digest
