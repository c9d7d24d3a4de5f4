#include "match/unixtime.hpp"

#include <charconv>
#include <cmath>

namespace sluice::match {
namespace {

constexpr int64_t kLastSecond = 2147483647;

// A whole decimal number with an optional sign, as Java's Long.parseLong.
std::optional<int64_t> whole(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int64_t> seconds_to_millis(int64_t seconds) {
  int64_t millis = 0;
  if (seconds > kLastSecond || __builtin_mul_overflow(seconds, int64_t{1000}, &millis)) return std::nullopt;
  return millis;
}

// As Java casts: cut, and the ends of the range for what lies beyond it.
std::optional<int64_t> cut(double value) {
  if (std::isnan(value)) return 0;
  if (std::fabs(value) >= 9.2e18) return std::nullopt;
  return static_cast<int64_t>(value);
}

std::optional<uint64_t> hex(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<int64_t> millis_to_nanos(int64_t millis) {
  int64_t nanos = 0;
  if (__builtin_mul_overflow(millis, int64_t{1000000}, &nanos)) return std::nullopt;
  return nanos;
}

std::optional<int64_t> parse_unix(std::string_view text) {
  const size_t dot = text.find('.');
  const auto seconds = whole(text.substr(0, dot));
  if (!seconds) return std::nullopt;
  auto millis = seconds_to_millis(*seconds);
  if (!millis) return std::nullopt;
  if (dot != std::string_view::npos) {
    const std::string_view digits = text.substr(dot + 1, 3);
    const auto part = whole(digits);
    if (!part) return std::nullopt;
    *millis += *part * (digits.size() == 1 ? 100 : digits.size() == 2 ? 10 : 1);
  }
  return millis_to_nanos(*millis);
}

std::optional<int64_t> parse_unix(int64_t seconds) {
  const auto millis = seconds_to_millis(seconds);
  return millis ? millis_to_nanos(*millis) : std::nullopt;
}

std::optional<int64_t> parse_unix(double seconds) {
  const auto whole_seconds = cut(seconds);
  if (!whole_seconds || *whole_seconds > kLastSecond) return std::nullopt;
  return parse_unix_ms(seconds * 1000);
}

std::optional<int64_t> parse_unix_ms(std::string_view text) {
  const auto millis = whole(text);
  return millis ? millis_to_nanos(*millis) : std::nullopt;
}

std::optional<int64_t> parse_unix_ms(int64_t millis) { return millis_to_nanos(millis); }

std::optional<int64_t> parse_unix_ms(double millis) {
  const auto whole_millis = cut(millis);
  return whole_millis ? millis_to_nanos(*whole_millis) : std::nullopt;
}

std::optional<int64_t> parse_tai64n(std::string_view text) {
  if (text.starts_with('@')) text.remove_prefix(1);
  if (text.size() < 24) return std::nullopt;
  const auto label = hex(text.substr(0, 16));
  const auto nanos = hex(text.substr(16, 8));
  if (!label || !nanos || *label >> 63 != 0 || *nanos > INT32_MAX) return std::nullopt;
  const auto seconds = static_cast<int64_t>(*label & ((uint64_t{1} << 62) - 1)) - 10;
  int64_t millis = 0;
  if (__builtin_mul_overflow(seconds, int64_t{1000}, &millis)) return std::nullopt;
  return millis_to_nanos(millis + static_cast<int64_t>(*nanos / 1000000));
}

}  // namespace sluice::match
