#include "event/json_scalars.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/utf8.hpp"
#include "match/numbers.hpp"

namespace sluice {
namespace {

constexpr size_t kDigitsOfInteger = 18;         // that 64 bits always hold
constexpr uint64_t kExactInteger = 1ull << 53;  // up to here a double holds every whole number

// Powers of ten that a double holds exactly.
constexpr std::array<double, 23> kPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                            1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                            1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

int hex4(const char* p) {
  int v = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = p[i];
    v <<= 4;
    if (c >= '0' && c <= '9')
      v |= c - '0';
    else if (c >= 'a' && c <= 'f')
      v |= c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
      v |= c - 'A' + 10;
    else
      return -1;
  }
  return v;
}

// What stands behind the `u` of an escape; the low half of a surrogate pair is taken too. Null: no hex
// digits.
const char* read_unicode(const char* p, const char* end, uint32_t& code) {
  if (end - p < 4) return nullptr;
  const int first = hex4(p);
  if (first < 0) return nullptr;
  p += 4;
  code = static_cast<uint32_t>(first);
  if (code >= 0xD800 && code < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
    const int second = hex4(p + 2);
    if (second >= 0xDC00 && second < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10) + (static_cast<uint32_t>(second) - 0xDC00);
      p += 6;
    }
  }
  return p;
}

// What a backslash before `c` stands for; 0: nothing.
char escaped(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

bool digit(char c) { return c >= '0' && c <= '9'; }

// JSON's grammar of numbers.
bool is_number(std::string_view text) {
  const auto digits = [&text] {
    const size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(end);
    return end;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero = text.starts_with('0');
  const size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

// Any number, at leisure.
bool read_long_number(std::string_view token, Arena& arena, Value& out) {
  if (!is_number(token)) return false;
  if (token.find_first_of(".eE") == std::string_view::npos) {
    int64_t i = 0;
    const bool fits = std::from_chars(token.data(), token.data() + token.size(), i).ec == std::errc{};
    out = fits ? Value::integer(i) : Value::decimal(arena.copy(token));
    return true;
  }
  const double d = match::decimal_value(token);
  out = std::isfinite(d) ? Value::real(d) : Value::decimal(arena.copy(token));
  return true;
}

}  // namespace

char* unescape_json(std::string_view body, char* out) {
  const char* p = body.data();
  const char* const end = p + body.size();
  while (p < end) {
    const auto* slash = static_cast<const char*>(std::memchr(p, '\\', static_cast<size_t>(end - p)));
    const auto plain = static_cast<size_t>((slash ? slash : end) - p);
    std::memcpy(out, p, plain);
    out += plain;
    if (!slash) break;
    p = slash + 1;
    if (p == end) return nullptr;
    if (*p == 'u') {
      uint32_t code = 0;
      p = read_unicode(p + 1, end, code);
      if (!p) return nullptr;
      out = utf8_put(out, code);  // a surrogate alone is no character
    } else {
      *out = escaped(*p++);
      if (*out++ == 0) return nullptr;
    }
  }
  return out;
}

// The usual ones in one pass: few enough digits that both steps to the value are exact.
bool read_json_number(std::string_view token, Arena& arena, Value& out) {
  const char* p = token.data();
  const char* const end = p + token.size();
  const bool negative = p < end && *p == '-';
  p += negative;
  if (end - p > static_cast<ptrdiff_t>(kDigitsOfInteger) || p == end || !digit(*p) ||
      (*p == '0' && end - p > 1 && digit(p[1])))
    return read_long_number(token, arena, out);
  uint64_t digits = 0;
  for (; p < end && digit(*p); ++p) digits = digits * 10 + static_cast<uint64_t>(*p - '0');
  if (p == end) {
    out = Value::integer(negative ? -static_cast<int64_t>(digits) : static_cast<int64_t>(digits));
    return true;
  }
  const char* const fraction = p + 1;
  if (*p != '.' || fraction == end) return read_long_number(token, arena, out);
  for (p = fraction; p < end && digit(*p); ++p) digits = digits * 10 + static_cast<uint64_t>(*p - '0');
  if (p != end || digits > kExactInteger) return read_long_number(token, arena, out);
  const double value = static_cast<double>(digits) / kPowers[static_cast<size_t>(end - fraction)];
  out = Value::real(negative ? -value : value);
  return true;
}

}  // namespace sluice
