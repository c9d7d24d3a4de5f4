#include "plugins/digest/uuid.hpp"

#include <openssl/rand.h>

namespace sluice::plugins::digest {

std::string_view RandomUuid::operator()() {
  if (at_ == random_.size()) {
    if (RAND_bytes(random_.data(), static_cast<int>(random_.size())) != 1) return {};
    at_ = 0;
  }
  unsigned char* bytes = random_.data() + at_;
  at_ += kSize;
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  constexpr char kDigits[] = "0123456789abcdef";
  char* out = text_.data();
  for (size_t i = 0; i < kSize; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    *out++ = kDigits[bytes[i] >> 4];
    *out++ = kDigits[bytes[i] & 15];
  }
  return {text_.data(), text_.size()};
}

}  // namespace sluice::plugins::digest
