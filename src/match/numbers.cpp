#include "match/numbers.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace sluice::match {
namespace {

// A finite double as digits d1 d2 ... dn and the exponent of d1.d2...dn.
struct Decimal {
  char digits[24];
  size_t size;
  int exponent;
  bool negative;
};

Decimal decimal_of(double value, int precision) {
  char text[40];
  const auto result =
      precision < 0
          ? std::to_chars(text, text + sizeof text, value, std::chars_format::scientific)
          : std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, precision);
  Decimal decimal{};
  const char* p = text;
  if (*p == '-') decimal.negative = true, ++p;
  for (; *p != 'e'; ++p)
    if (*p != '.') decimal.digits[decimal.size++] = *p;
  p += p[1] == '+' ? 2 : 1;
  std::from_chars(p, result.ptr, decimal.exponent);
  return decimal;
}

size_t copy(const char* text, char* out) {
  const size_t size = std::strlen(text);
  std::memcpy(out, text, size);
  return size;
}

size_t not_finite(double value, char* out) {
  if (std::isnan(value)) return copy("NaN", out);
  return copy(value < 0 ? "-Infinity" : "Infinity", out);
}

// `123.45`, `0.00123`, `100.0`: at least one digit on each side of the point.
char* write_fixed(const Decimal& d, char* p) {
  if (d.exponent < 0) {
    *p++ = '0';
    *p++ = '.';
    for (int i = -1; i > d.exponent; --i) *p++ = '0';
    std::memcpy(p, d.digits, d.size);
    return p + d.size;
  }
  const auto before = static_cast<size_t>(d.exponent) + 1;
  for (size_t i = 0; i < before; ++i) *p++ = i < d.size ? d.digits[i] : '0';
  *p++ = '.';
  if (d.size <= before) *p++ = '0';
  for (size_t i = before; i < d.size; ++i) *p++ = d.digits[i];
  return p;
}

char* write_mantissa(const Decimal& d, char* p) {
  *p++ = d.digits[0];
  *p++ = '.';
  if (d.size == 1) *p++ = '0';
  std::memcpy(p, d.digits + 1, d.size - 1);
  return p + d.size - 1;
}

// A number of few decimals between a thousandth and ten millions, as most are, in fixed form; null: it is
// none. When a whole number of 15 digits at most, divided by a power of ten, gives the value, then its digits
// are the shortest that do: no two decimals of so few digits stand for the same double.
char* write_few_decimals(double value, char* p) {
  constexpr int kDecimals = 6;
  constexpr int64_t kScale = 1'000'000;
  const double size = std::fabs(value);
  if (!(size >= 1e-3 && size < 1e7)) return nullptr;
  const auto scaled = static_cast<int64_t>(size * static_cast<double>(kScale) + 0.5);
  if (static_cast<double>(scaled) / static_cast<double>(kScale) != size) return nullptr;
  if (value < 0) *p++ = '-';
  p = std::to_chars(p, p + 8, scaled / kScale).ptr;
  *p++ = '.';
  auto rest = static_cast<uint32_t>(scaled % kScale);
  for (int i = kDecimals - 1; i >= 0; --i, rest /= 10) p[i] = static_cast<char>('0' + rest % 10);
  size_t decimals = kDecimals;
  while (decimals > 1 && p[decimals - 1] == '0') --decimals;
  return p + decimals;
}

bool zero(const Decimal& d) { return d.size == 1 && d.digits[0] == '0'; }

}  // namespace

size_t java_double_text(double value, char* out) {
  if (const char* end = write_few_decimals(value, out)) return static_cast<size_t>(end - out);
  if (!std::isfinite(value)) return not_finite(value, out);
  Decimal d = decimal_of(value, -1);
  char* p = out;
  if (d.negative) *p++ = '-';
  if (zero(d)) return static_cast<size_t>(p - out) + copy("0.0", p);
  if (d.size == 1) {  // Java prints two digits at least, and then the two nearest the value (4.9E-324)
    const Decimal two = decimal_of(value, 1);
    char text[kDoubleTextSize];
    const auto size = static_cast<size_t>(
        std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, 1).ptr - text);
    double back = 0;
    std::from_chars(text, text + size, back);
    if (two.digits[1] != '0' && back == value) d = two;
  }
  if (d.exponent >= -3 && d.exponent < 7) return static_cast<size_t>(write_fixed(d, p) - out);
  p = write_mantissa(d, p);
  *p++ = 'E';
  p = std::to_chars(p, p + 5, d.exponent).ptr;
  return static_cast<size_t>(p - out);
}

std::string java_double_text(double value) {
  char text[kDoubleTextSize];
  return {text, java_double_text(value, text)};
}

size_t ruby_double_text(double value, char* out) {
  if (const char* end = write_few_decimals(value, out)) return static_cast<size_t>(end - out);
  if (!std::isfinite(value)) return not_finite(value, out);
  const Decimal d = decimal_of(value, -1);
  char* p = out;
  if (d.negative) *p++ = '-';
  if (zero(d)) return static_cast<size_t>(p - out) + copy("0.0", p);
  if (d.exponent >= -4 && d.exponent < 16) return static_cast<size_t>(write_fixed(d, p) - out);
  p = write_mantissa(d, p);
  *p++ = 'e';
  *p++ = d.exponent < 0 ? '-' : '+';
  const int exponent = std::abs(d.exponent);
  if (exponent < 10) *p++ = '0';
  p = std::to_chars(p, p + 5, exponent).ptr;
  return static_cast<size_t>(p - out);
}

double decimal_value(std::string_view text) {
  double value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{}) return value;
  return std::strtod(std::string(text).c_str(),
                     nullptr);  // which says infinite or 0 for what is out of range
}

std::string ruby_double_text(double value) {
  char text[kDoubleTextSize];
  return {text, ruby_double_text(value, text)};
}

}  // namespace sluice::match
