// Ruby's strptime and Time.parse.
#include <cctype>

#include "match/civil.hpp"
#include "ruby/time_fields.hpp"

namespace sluice::ruby {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// A place in a text that is read from left to right.
struct Cursor {
  std::string_view text;
  size_t at = 0;

  [[nodiscard]] bool done() const { return at >= text.size(); }
  [[nodiscard]] char peek(size_t ahead = 0) const {
    return at + ahead < text.size() ? text[at + ahead] : '\0';
  }
  [[nodiscard]] std::string_view rest() const { return text.substr(at); }
  void skip_space() {
    while (!done() && space(text[at])) ++at;
  }
  bool number(size_t most, int64_t& out) {
    size_t n = 0;
    out = 0;
    for (; n < most && digit(peek()); ++n) {
      if (out > (INT64_MAX - 9) / 10) return false;
      out = out * 10 + (text[at++] - '0');
    }
    return n > 0;
  }
  /// Digits behind the point as nanoseconds.
  bool fraction(int32_t& nanos) {
    int64_t value = 0;
    int n = 0;
    for (; digit(peek()); ++at)
      if (n < 9) {
        value = value * 10 + (peek() - '0');
        ++n;
      }
    if (n == 0) return false;
    for (; n < 9; ++n) value *= 10;
    nanos = static_cast<int32_t>(value);
    return true;
  }
  /// "+02:00", "UTC", "CEST".
  bool zone(std::optional<Zone>& out) {
    size_t end = at;
    if (peek() == '+' || peek() == '-') {
      for (++end; end < text.size() && (digit(text[end]) || text[end] == ':'); ++end) {
      }
    } else {
      while (end < text.size() && letter(text[end])) ++end;
    }
    if (end == at) return false;
    const auto read = read_zone(text.substr(at, end - at));
    if (!read) return false;
    out = read;
    at = end;
    return true;
  }
};

/// What has been read so far; what was not read stays empty.
struct Parts {
  TimeFields fields;
  std::optional<Zone> zone;
  std::optional<int64_t> epoch_nanos;
  std::optional<bool> afternoon;
  int year_day = 0;
  bool has_year = false, has_month = false, has_day = false, has_time = false;
};

std::optional<Moment> finish(Parts& parts, Zone otherwise, int64_t now) {
  const Zone zone = parts.zone.value_or(otherwise);
  if (parts.epoch_nanos) return in_zone(*parts.epoch_nanos, zone);
  auto& f = parts.fields;
  if (parts.afternoon) {
    if (f.hour > 12) return std::nullopt;
    f.hour = f.hour % 12 + (*parts.afternoon ? 12 : 0);
  }
  const TimeFields today = fields_of(in_zone(now, zone));
  if (!parts.has_year) f.year = today.year;
  if (parts.year_day) {
    const auto date = match::civil_from_days(match::days_from_civil(f.year, 1, 1) + parts.year_day - 1);
    f.month = date.month;
    f.day = date.day;
  } else {
    // What is missing on the left is today's, what is missing on the right begins.
    if (!parts.has_month && !parts.has_year) f.month = today.month;
    if (!parts.has_day && !parts.has_month && !parts.has_year) f.day = today.day;
  }
  if (f.month < 1 || f.month > 12 || f.day < 1 || f.day > match::days_in_month(f.year, f.month))
    return std::nullopt;
  return moment_from(f, zone);
}

int64_t full_year(int64_t two_digits) { return two_digits + (two_digits < 69 ? 2000 : 1900); }

bool read_named(Cursor& in, char directive, Parts& parts) {
  size_t length = 0;
  if (directive == 'b') {
    parts.fields.month = month_at(in.rest(), length);
    parts.has_month = true;
    in.at += length;
    return parts.fields.month > 0;
  }
  if (directive == 'a') {
    const bool ok = weekday_at(in.rest(), length) >= 0;
    in.at += length;
    return ok;
  }
  const char c = static_cast<char>(std::tolower(static_cast<unsigned char>(in.peek())));
  const char m = static_cast<char>(std::tolower(static_cast<unsigned char>(in.peek(1))));
  if ((c != 'a' && c != 'p') || m != 'm') return false;
  parts.afternoon = c == 'p';
  in.at += 2;
  return true;
}

bool read_epoch(Cursor& in, int64_t unit, Parts& parts) {
  const bool minus = in.peek() == '-';
  if (minus) ++in.at;
  int64_t value = 0;
  if (!in.number(18, value) || __builtin_mul_overflow(value, unit, &value)) return false;
  parts.epoch_nanos = minus ? -value : value;
  return true;
}

bool store(Cursor& in, size_t most, int& into, bool* flag = nullptr) {
  int64_t value = 0;
  if (!in.number(most, value)) return false;
  into = static_cast<int>(value);
  if (flag) *flag = true;
  return true;
}

bool read_all(Cursor& in, std::string_view format, Parts& parts);

bool read_year(Cursor& in, size_t digits, Parts& parts) {
  parts.has_year = in.number(digits, parts.fields.year);
  if (digits == 2) parts.fields.year = full_year(parts.fields.year);
  return parts.has_year;
}

bool read_directive(Cursor& in, char c, Parts& parts) {
  auto& f = parts.fields;
  switch (c) {
    case 'Y':
      return read_year(in, 4, parts);
    case 'y':
      return read_year(in, 2, parts);
    case 'm':
      return store(in, 2, f.month, &parts.has_month);
    case 'd':
    case 'e':
      in.skip_space();
      return store(in, 2, f.day, &parts.has_day);
    case 'j':
      return store(in, 3, parts.year_day);
    case 'H':
    case 'k':
    case 'I':
    case 'l':
      in.skip_space();
      return store(in, 2, f.hour, &parts.has_time);
    case 'M':
      return store(in, 2, f.minute);
    case 'S':
      return store(in, 2, f.second);
    case 'L':
    case 'N':
      return in.fraction(f.nanos);
    case 'B':
    case 'b':
    case 'h':
      return read_named(in, 'b', parts);
    case 'A':
    case 'a':
      return read_named(in, 'a', parts);
    case 'p':
    case 'P':
      return read_named(in, 'p', parts);
    case 'z':
    case 'Z':
      return in.zone(parts.zone);
    case 's':
      return read_epoch(in, match::kNanosPerSecond, parts);
    case 'Q':
      return read_epoch(in, 1'000'000, parts);
    case 'T':
    case 'X':
      return read_all(in, "%H:%M:%S", parts);
    case 'R':
      return read_all(in, "%H:%M", parts);
    case 'r':
      return read_all(in, "%I:%M:%S %p", parts);
    case 'F':
      return read_all(in, "%Y-%m-%d", parts);
    case 'D':
    case 'x':
      return read_all(in, "%m/%d/%y", parts);
    case 'c':
      return read_all(in, "%a %b %e %H:%M:%S %Y", parts);
    default:
      return false;
  }
}

bool read_all(Cursor& in, std::string_view format, Parts& parts) {
  for (size_t at = 0; at < format.size(); ++at) {
    const char c = format[at];
    if (space(c)) {
      in.skip_space();
    } else if (c != '%' || at + 1 >= format.size()) {
      if (in.peek() != c) return false;
      ++in.at;
    } else {
      ++at;
      while (at + 1 < format.size() &&
             (format[at] == '-' || format[at] == '0' || format[at] == ':' || format[at] == '^'))
        ++at;
      while (at + 1 < format.size() && digit(format[at])) ++at;
      if (format[at] == '%') {
        if (in.peek() != '%') return false;
        ++in.at;
      } else if (format[at] == 'n' || format[at] == 't') {
        in.skip_space();
      } else if (!read_directive(in, format[at], parts)) {
        return false;
      }
    }
  }
  return true;
}

// hh:mm[:ss[.fraction]] [am|pm]
bool guess_clock(Cursor& in, Parts& parts) {
  Cursor at = in;
  int64_t hour = 0, minute = 0, second = 0;
  if (!at.number(2, hour) || at.peek() != ':') return false;
  ++at.at;
  if (!at.number(2, minute)) return false;
  if (at.peek() == ':' && digit(at.peek(1))) {
    ++at.at;
    at.number(2, second);
    if ((at.peek() == '.' || at.peek() == ',') && digit(at.peek(1))) {
      ++at.at;
      at.fraction(parts.fields.nanos);
    }
  }
  parts.fields.hour = static_cast<int>(hour);
  parts.fields.minute = static_cast<int>(minute);
  parts.fields.second = static_cast<int>(second);
  parts.has_time = true;
  Cursor behind = at;
  behind.skip_space();
  if (read_named(behind, 'p', parts)) at = behind;
  in = at;
  return true;
}

void take_date(Parts& parts, int64_t year, int64_t month, int64_t day) {
  parts.fields.year = year;
  parts.fields.month = static_cast<int>(month);
  parts.fields.day = static_cast<int>(day);
  parts.has_year = parts.has_month = parts.has_day = true;
}

// 2026-11-21, 2026/11/21, 21/11/2026, 21.11.2026, 20261121[T112233]; a date of names has only its number
// here.
bool guess_date(Cursor& in, Parts& parts) {
  Cursor at = in;
  size_t digits = 0;
  while (digit(at.peek(digits))) ++digits;
  int64_t first = 0, second = 0, third = 0;
  if (digits == 8 || digits == 14) {
    at.number(4, first);
    at.number(2, second);
    at.number(2, third);
    take_date(parts, first, second, third);
    if (digits == 14 || (at.peek() == 'T' && digit(at.peek(1)))) {
      if (digits == 8) ++at.at;
      parts.has_time = store(at, 2, parts.fields.hour) && store(at, 2, parts.fields.minute);
      store(at, 2, parts.fields.second);
    }
    in = at;
    return true;
  }
  at.number(digits, first);
  const char mark = at.peek();
  if (digits > 4 || (mark != '-' && mark != '/' && mark != '.') || !digit(at.peek(1))) return false;
  ++at.at;
  at.number(2, second);
  if (at.peek() != mark || !digit(at.peek(1))) {
    if (mark == '.') return false;
    if (digits == 4) {
      parts.fields.year = first;
      parts.fields.month = static_cast<int>(second);
      parts.has_year = parts.has_month = true;
    } else {
      parts.fields.month = static_cast<int>(first);
      parts.fields.day = static_cast<int>(second);
      parts.has_month = parts.has_day = true;
    }
    in = at;
    return true;
  }
  ++at.at;
  const size_t before = at.at;
  at.number(4, third);
  if (digits >= 3)
    take_date(parts, first, second, third);
  else if (at.at - before == 4)
    take_date(parts, third, second, first);
  else
    take_date(parts, full_year(first), second, third);
  in = at;
  return true;
}

// A lone number: the day, or behind it the year.
void guess_number(Cursor& in, Parts& parts) {
  const size_t begin = in.at;
  int64_t value = 0;
  in.number(9, value);
  while (digit(in.peek())) ++in.at;
  const size_t digits = in.at - begin;
  if (digits <= 2 && !parts.has_day) {
    parts.fields.day = static_cast<int>(value);
    parts.has_day = true;
  } else if ((digits == 4 || digits == 2) && !parts.has_year) {
    parts.fields.year = digits == 2 ? full_year(value) : value;
    parts.has_year = true;
  }
}

}  // namespace

std::optional<Moment> read_time(std::string_view text, std::string_view format, Zone otherwise, int64_t now) {
  Cursor in{text};
  Parts parts;
  if (!read_all(in, format, parts) || !in.done()) return std::nullopt;
  return finish(parts, otherwise, now);
}

std::optional<Moment> guess_time(std::string_view text, Zone otherwise, int64_t now) {
  if (text.size() > 256) return std::nullopt;
  Cursor in{text};
  Parts parts;
  while (!in.done()) {
    size_t length = 0;
    if (digit(in.peek())) {
      if (!guess_clock(in, parts) && (parts.has_year || !guess_date(in, parts))) guess_number(in, parts);
    } else if (parts.has_time && in.zone(parts.zone)) {
    } else if (const int month = month_at(in.rest(), length); month && !parts.has_month) {
      parts.fields.month = month;
      parts.has_month = true;
      in.at += length;
      while (letter(in.peek())) ++in.at;
    } else if (letter(in.peek())) {
      // A day's name, the T between date and time, or a word that says nothing.
      if (!(in.peek() == 'T' && digit(in.peek(1))))
        while (letter(in.peek(1))) ++in.at;
      ++in.at;
    } else {
      ++in.at;
    }
  }
  if (!parts.has_year && !parts.has_month && !parts.has_day && !parts.has_time) return std::nullopt;
  return finish(parts, otherwise, now);
}

}  // namespace sluice::ruby
