// Random UUIDs.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::plugins::digest {

/// Version 4 UUIDs (RFC 9562) from OpenSSL's random generator, drawn in blocks. Each worker has its own.
class RandomUuid {
 public:
  /// The next one, in lower case with hyphens; valid until the next call. Empty when there is no randomness.
  std::string_view operator()();

 private:
  static constexpr size_t kSize = 16;
  std::array<unsigned char, 64 * kSize> random_{};
  size_t at_ = sizeof random_;
  std::array<char, 36> text_{};
};

}  // namespace sluice::plugins::digest
