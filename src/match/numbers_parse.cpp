// Texts as numbers.
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "match/numbers.hpp"
#include "match/text_case.hpp"

namespace sluice::match {
namespace {

// A whole number of more digits is no number: it could only be an attack ("1.0e999999999").
constexpr size_t kMaxDigits = 100000;

bool digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c) {
  if (digit(c)) return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Digits with single underscores between them are appended to `out` without these; a stray underscore ends
// them.
template <class IsDigit>
size_t take_digits(std::string_view text, size_t at, std::string& out, IsDigit is_digit) {
  while (at < text.size()) {
    if (is_digit(text[at])) {
      out += text[at++];
    } else if (text[at] == '_' && at > 0 && is_digit(text[at - 1]) && at + 1 < text.size() &&
               is_digit(text[at + 1])) {
      ++at;
    } else {
      break;
    }
  }
  return at;
}

size_t take_decimal(std::string_view text, size_t at, std::string& out) {
  return take_digits(text, at, out, digit);
}

// Decimal digits to a number, 64 bits when they suffice.
Integer integer_of(bool negative, std::string_view digits) {
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  std::string text = negative ? "-" : "";
  text += digits.empty() ? "0" : digits;
  Integer result;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result.value);
  if (error != std::errc{}) {
    result.value = negative ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
    result.big = std::move(text);
  }
  return result;
}

// Hex digits to decimal ones, nine at a time.
std::string hex_to_decimal(std::string_view hex) {
  constexpr uint64_t kBase = 1000000000;
  std::vector<uint32_t> parts{0};
  for (const char c : hex) {
    uint64_t carry = static_cast<uint64_t>(hex_digit(c));
    for (auto& part : parts) {
      carry += uint64_t{part} * 16;
      part = static_cast<uint32_t>(carry % kBase);
      carry /= kBase;
    }
    if (carry != 0) parts.push_back(static_cast<uint32_t>(carry));
  }
  std::string text = std::to_string(parts.back());
  for (size_t i = parts.size() - 1; i > 0; --i) {
    const std::string part = std::to_string(parts[i - 1]);
    text.append(9 - part.size(), '0');
    text += part;
  }
  return text;
}

// std::from_chars tells no difference between too large and too small, and leaves the value alone.
double to_double(const std::string& text, std::chars_format format) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, format);
  if (error == std::errc::result_out_of_range) {
    const size_t mark = text.find_first_of(format == std::chars_format::hex ? "pP" : "eE");
    const bool small = mark != std::string::npos && text[mark + 1] == '-';
    bool zero_before_point = true;
    for (const char c : text.substr(0, text.find('.'))) zero_before_point = zero_before_point && c == '0';
    value = small || (mark == std::string::npos && zero_before_point) ? 0.0 : HUGE_VAL;
  }
  return value;
}

// What convert works on: stripped, without commas, in lower case.
struct Convertible {
  std::string text;
  bool negative = false;
  bool hex = false;
  size_t at = 0;  // behind sign and 0x

  explicit Convertible(std::string_view source) {
    for (const char c : strip(source))
      if (c != ',') text += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) negative = text[at++] == '-';
    hex = std::string_view(text).substr(at).starts_with("0x");
    if (hex) at += 2;
  }
};

// `1a`, `1.8p1`, `.8`: digits, maybe a point with digits behind it, maybe a binary exponent.
std::optional<double> hex_float(const Convertible& c) {
  const auto is_hex = [](char x) { return hex_digit(x) >= 0; };
  std::string digits;
  size_t at = take_digits(c.text, c.at, digits, is_hex);
  if (at == c.at) return std::nullopt;
  if (at < c.text.size() && c.text[at] == '.') {
    digits += '.';
    const size_t begin = ++at;
    at = take_digits(c.text, at, digits, is_hex);
    if (at == begin) return std::nullopt;
  }
  if (at < c.text.size() && c.text[at] == 'p') {
    digits += 'p';
    ++at;
    if (at < c.text.size() && (c.text[at] == '+' || c.text[at] == '-')) {
      if (c.text[at] == '-') digits += '-';
      ++at;
    }
    const size_t begin = at;
    at = take_decimal(c.text, at, digits);
    if (at == begin) return std::nullopt;
  }
  if (at != c.text.size()) return std::nullopt;
  const double value = to_double(digits, std::chars_format::hex);
  return c.negative ? -value : value;
}

std::optional<Integer> hex_integer(const Convertible& c) {
  const auto value = hex_float(c);
  if (!value) return std::nullopt;
  if (c.text.find('.') != std::string::npos) return convert_to_integer(*value);
  std::string digits;
  const size_t end = take_digits(c.text, c.at, digits, [](char x) { return hex_digit(x) >= 0; });
  if (end != c.text.size() || digits.size() > kMaxDigits / 10) return std::nullopt;
  return integer_of(c.negative, hex_to_decimal(digits));
}

// The whole part of digits with the point moved by `exponent`.
std::optional<Integer> shifted(bool negative, std::string before, const std::string& after,
                               int64_t exponent) {
  if (exponent >= 0) {
    std::string digits = before + after;
    const auto all_zero = digits.find_first_not_of('0') == std::string::npos;
    if (all_zero) return integer_of(false, "0");
    if (before.size() + static_cast<uint64_t>(exponent) > kMaxDigits) return std::nullopt;
    digits.resize(before.size() + static_cast<size_t>(exponent), '0');
    return integer_of(negative, digits);
  }
  const auto drop = static_cast<uint64_t>(-exponent);
  before.resize(drop >= before.size() ? 0 : before.size() - drop);
  return integer_of(negative, before);
}

// What BigDecimal's constructor reads: sign, digits with at most one point among them, exponent.
struct DecimalText {
  bool negative = false;
  bool whole = true;  // neither point nor exponent
  std::string_view before, after;
  int64_t exponent = 0;
};

std::string_view take_run(std::string_view text, size_t& at) {
  const size_t begin = at;
  while (at < text.size() && digit(text[at])) ++at;
  return text.substr(begin, at - begin);
}

std::optional<DecimalText> read_decimal(std::string_view text) {
  DecimalText out;
  size_t at = 0;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) out.negative = text[at++] == '-';
  out.before = take_run(text, at);
  if (at < text.size() && text[at] == '.') {
    out.whole = false;
    out.after = take_run(text, ++at);
  }
  if (out.before.empty() && out.after.empty()) return std::nullopt;
  if (at < text.size() && (text[at] | 0x20) == 'e') {
    out.whole = false;
    ++at;
    if (at + 1 < text.size() && text[at] == '+' && digit(text[at + 1])) ++at;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), out.exponent);
    constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
    if (error != std::errc{} || out.exponent > kMost || out.exponent < -kMost) return std::nullopt;
    at = static_cast<size_t>(end - text.data());
  }
  if (at != text.size() || text.size() > kMaxDigits) return std::nullopt;
  return out;
}

std::optional<Integer> whole_part(const DecimalText& decimal) {
  return shifted(decimal.negative, std::string(decimal.before), std::string(decimal.after), decimal.exponent);
}

size_t significant_digits(const DecimalText& decimal) {
  std::string digits(decimal.before);
  digits += decimal.after;
  const size_t first = digits.find_first_not_of('0');
  return first == std::string::npos ? 0 : digits.find_last_not_of('0') - first + 1;
}

std::string json_number(const DecimalText& decimal) {
  std::string out = decimal.negative ? "-" : "";
  const size_t first = decimal.before.find_first_not_of('0');
  out += first == std::string_view::npos ? std::string_view("0") : decimal.before.substr(first);
  if (!decimal.after.empty()) out.append(1, '.').append(decimal.after);
  if (decimal.exponent != 0) out += (decimal.exponent > 0 ? "E+" : "E") + std::to_string(decimal.exponent);
  return out;
}

}  // namespace

std::optional<Integer> big_decimal_to_integer(std::string_view text) {
  const auto decimal = read_decimal(text);
  return decimal ? whole_part(*decimal) : std::nullopt;
}

std::optional<BigDecimal> parse_big_decimal(std::string_view text) {
  const auto parts = read_decimal(text);
  if (!parts) return std::nullopt;
  BigDecimal out;
  if (parts->whole) {
    out.kind = BigDecimal::Kind::integer;
    out.integer = *whole_part(*parts);
    return out;
  }
  constexpr size_t kExact = 15;  // digits that every double keeps
  const size_t digits = significant_digits(*parts);
  const std::string json = json_number(*parts);
  const auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), out.real);
  if (digits > kExact || error != std::errc{}) {
    out.kind = BigDecimal::Kind::text;
    out.text = json;
  }
  return out;
}

Integer ruby_to_i(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool simple = !text.starts_with('-') && (end == text.data() + text.size() || *end != '_');
  if (error == std::errc{} && simple) return {negative ? -value : value, {}};
  std::string digits;
  take_decimal(text, 0, digits);
  return integer_of(negative, digits);
}

double ruby_to_f(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::string number;
  size_t at = take_decimal(text, 0, number);
  if (at == 0) number = "0";
  if (at + 1 < text.size() && text[at] == '.' && digit(text[at + 1])) {
    number += '.';
    at = take_decimal(text, at + 1, number);
  }
  if (at != 0 && at < text.size() && (text[at] | 0x20) == 'e') {
    std::string exponent = "e";
    size_t next = at + 1;
    if (next < text.size() && (text[next] == '-' || text[next] == '+')) {
      if (text[next] == '-') exponent += '-';
      ++next;
    }
    if (take_decimal(text, next, exponent) != next) number += exponent;
  }
  const double value = to_double(number, std::chars_format::general);
  return negative ? -value : value;
}

std::optional<Integer> convert_to_integer(std::string_view source) {
  const Convertible c(source);
  if (c.hex) return hex_integer(c);
  std::string before, after;
  size_t at = take_decimal(c.text, c.at, before);
  const bool point = at < c.text.size() && c.text[at] == '.';
  if (point) at = take_decimal(c.text, at + 1, after);
  if (before.empty() && after.empty()) return std::nullopt;
  int64_t exponent = 0;
  if (point && at < c.text.size() && c.text[at] == 'e') {  // Logstash refuses an exponent without a point
    ++at;
    const bool negative = at < c.text.size() && c.text[at] == '-';
    if (at < c.text.size() && (c.text[at] == '-' || c.text[at] == '+')) ++at;
    std::string digits;
    const size_t begin = at;
    at = take_decimal(c.text, at, digits);
    if (at == begin) return std::nullopt;
    exponent = integer_of(false, digits).value;
    if (negative) exponent = -exponent;
  }
  if (at != c.text.size() || before.size() + after.size() > kMaxDigits) return std::nullopt;
  return shifted(c.negative, std::move(before), after, exponent);
}

std::optional<Integer> convert_to_integer(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  char text[400];
  const auto end =
      std::to_chars(text, text + sizeof text, std::trunc(std::fabs(value)), std::chars_format::fixed, 0).ptr;
  return integer_of(value < 0, {text, static_cast<size_t>(end - text)});
}

std::optional<double> convert_to_float(std::string_view source) {
  const Convertible c(source);
  if (c.hex) return hex_float(c);
  std::string number;
  size_t at = take_decimal(c.text, c.at, number);
  const bool whole = at != c.at;
  if (!whole) number = "0";
  if (at < c.text.size() && c.text[at] == '.') {
    number += '.';
    const size_t begin = ++at;
    at = take_decimal(c.text, at, number);
    if (at == begin) return std::nullopt;
  } else if (!whole) {
    return std::nullopt;
  }
  if (at < c.text.size() && c.text[at] == 'e') {
    number += 'e';
    ++at;
    if (at < c.text.size() && (c.text[at] == '-' || c.text[at] == '+')) {
      if (c.text[at] == '-') number += '-';
      ++at;
    }
    const size_t begin = at;
    at = take_decimal(c.text, at, number);
    if (at == begin) return std::nullopt;
  }
  if (at != c.text.size()) return std::nullopt;
  const double value = to_double(number, std::chars_format::general);
  return c.negative ? -value : value;
}

std::string swap_decimal_marks(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c == ',' ? '.' : c == '.' ? ',' : c;
  return out;
}

}  // namespace sluice::match
