// MurmurHash3 by Austin Appleby (public domain): fast, and no protection against somebody who seeks
// collisions.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::plugins::digest {

/// The 32-bit variant (x86_32).
uint32_t murmur3(std::string_view text, uint32_t seed = 0);

/// The 128-bit variant for 64-bit machines (x64_128): its 16 bytes, both halves little-endian.
std::array<unsigned char, 16> murmur3_128(std::string_view text, uint64_t seed = 0);

}  // namespace sluice::plugins::digest
