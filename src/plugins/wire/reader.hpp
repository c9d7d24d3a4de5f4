// Big-endian bytes, read with a bound: past the end every number is 0 and ok() is false.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::plugins::wire {

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] size_t left() const { return rest_.size(); }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::string_view rest() const { return rest_; }

  /// The next `n` bytes, or none when there are fewer.
  std::string_view take(size_t n) {
    if (n > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const auto bytes = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return bytes;
  }
  uint8_t u8() { return static_cast<uint8_t>(number(take(1))); }
  uint16_t u16() { return static_cast<uint16_t>(number(take(2))); }
  uint32_t u32() { return static_cast<uint32_t>(number(take(4))); }

  /// The unsigned number in at most eight bytes.
  static uint64_t number(std::string_view bytes) {
    uint64_t value = 0;
    for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace sluice::plugins::wire
