#include "match/last_time.hpp"

#include <algorithm>
#include <cstring>

#include "match/civil.hpp"

namespace sluice::match {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;

uint64_t word_at(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// The number of `count` digits; a number beyond all limits when one is none.
template <size_t count>
uint32_t number_at(const char* from) {
  uint32_t number = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto digit = static_cast<uint32_t>(static_cast<unsigned char>(from[i])) - '0';
    if (digit > 9) return UINT32_MAX;
    number = number * 10 + digit;
  }
  return number;
}

// Nanoseconds since midnight. False: no time of day.
bool read_clock(std::string_view text, const ClockDigits& clock, int64_t& nanos) {
  const uint32_t hour = number_at<2>(text.data() + clock.hour),
                 minute = number_at<2>(text.data() + clock.minute),
                 second = number_at<2>(text.data() + clock.second);
  const uint32_t millis = clock.millis ? number_at<3>(text.data() + clock.millis) : 0;
  if (hour > 23 || minute > 59 || second > 59 || millis > 999) return false;
  nanos = int64_t{(hour * 60 + minute) * 60 + second} * kNanosPerSecond + millis * kNanosPerMilli;
  return true;
}

}  // namespace

bool LastTime::read(std::string_view text, int64_t& nanos) const {
  if (text.size() != size_ || size_ == 0) return false;
  uint64_t different = 0;
  for (size_t begin = 0; begin < size_; begin += kWord) {
    const size_t at = std::min(begin, size_ - kWord);  // the last word overlaps the one before
    different |= (word_at(text.data() + at) ^ word_at(text_.data() + at)) & word_at(compared_.data() + at);
  }
  if (different) return false;
  nanos = nanos_;
  int64_t clock = 0;
  if (!clock_.known) return true;
  return read_clock(text, clock_, clock) && !__builtin_add_overflow(nanos_, clock, &nanos);
}

void LastTime::set(std::string_view text, int64_t nanos, const ClockDigits& clock) {
  size_ = 0;
  if (text.size() < kWord || text.size() > kLongest) return;
  int64_t since_midnight = 0, midnight = 0;
  clock_ = clock;
  clock_.known = clock.known && read_clock(text, clock, since_midnight) &&
                 !__builtin_sub_overflow(nanos, since_midnight, &midnight);
  nanos_ = clock_.known ? midnight : nanos;
  size_ = text.copy(text_.data(), text.size());
  compared_.fill('\xFF');
  if (!clock_.known) return;
  for (const uint32_t at : {clock.hour, clock.minute, clock.second}) std::fill_n(&compared_[at], 2, '\0');
  if (clock.millis) std::fill_n(&compared_[clock.millis], 3, '\0');
}

}  // namespace sluice::match
