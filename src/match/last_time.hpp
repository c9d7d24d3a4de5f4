// The last text that was read as a time. Lines that follow each other have the same day, if not the same
// second.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::match {

/// Where the digits of the time of day stand in a text, when the rest of the text says nothing about it and
/// its day, read at any other time of day, is as long: HH, mm and ss of two digits, and SSS. Filled by
/// JodaPattern::parse.
struct ClockDigits {
  bool known = false;
  uint32_t hour = 0, minute = 0, second = 0;
  uint32_t millis = 0;  // of three digits; 0: the text has none (something stands before them)
};

/// Reads a text that differs from the last one in the digits of its time of day at most. For texts that
/// always stand for the same time. Not thread-safe.
class LastTime {
 public:
  /// False when the text is another one, or its time of day is none.
  bool read(std::string_view text, int64_t& nanos) const;
  /// `nanos` is what `text` stands for.
  void set(std::string_view text, int64_t nanos, const ClockDigits& clock);

 private:
  static constexpr size_t kWord = sizeof(uint64_t);
  static constexpr size_t kLongest = 40;

  size_t size_ = 0;  // 0: no text yet
  std::array<char, kLongest> text_{};
  std::array<char, kLongest> compared_{};  // the bits that have to be the same
  ClockDigits clock_;
  int64_t nanos_ = 0;  // of the text; of the beginning of its day when the clock is known
};

}  // namespace sluice::match
