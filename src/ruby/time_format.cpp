// Ruby's strftime.
#include <algorithm>
#include <cstdio>

#include "match/civil.hpp"
#include "match/text_case.hpp"
#include "ruby/time_fields.hpp"

namespace sluice::ruby {
namespace {

constexpr int kMaxWidth = 64;

/// One %-directive: `%-d`, `%03N`, `%^a`, `%:z`.
struct Directive {
  bool no_padding = false;
  bool upper = false;
  bool swap_case = false;
  char padding = 0;
  int width = -1;
  int colons = 0;
  char letter = 0;
};

void put_number(int64_t value, int width, char padding, const Directive& d, std::string& out) {
  char digits[24];
  const int size =
      std::snprintf(digits, sizeof digits, "%lld", static_cast<long long>(value < 0 ? -value : value));
  if (d.width >= 0) width = d.width;
  if (d.padding) padding = d.padding;
  if (value < 0) out += '-';
  if (!d.no_padding && width > size)
    out.append(static_cast<size_t>(std::min(width, kMaxWidth) - size), padding);
  out.append(digits, static_cast<size_t>(size));
}

void put_text(std::string_view text, const Directive& d, std::string& out) {
  std::string value(text);
  if (d.upper) value = match::upper(text);
  if (d.swap_case) value = match::lower(text) == text ? match::upper(text) : match::lower(text);
  if (d.width > static_cast<int>(value.size()))
    out.append(static_cast<size_t>(std::min(d.width, kMaxWidth)) - value.size(), d.padding ? d.padding : ' ');
  out += value;
}

void put_fraction(int32_t nanos, int width, std::string& out) {
  char digits[12];
  std::snprintf(digits, sizeof digits, "%09d", nanos);
  out.append(digits, static_cast<size_t>(std::min(width, 9)));
  if (width > 9) out.append(static_cast<size_t>(std::min(width, kMaxWidth) - 9), '0');
}

bool put_date(const TimeFields& f, const Directive& d, std::string& out) {
  const int64_t days = match::days_from_civil(f.year, f.month, f.day);
  switch (d.letter) {
    case 'Y':
      put_number(f.year, 4, '0', d, out);
      return true;
    case 'C':
      put_number(f.year / 100, 2, '0', d, out);
      return true;
    case 'y':
      put_number(f.year % 100, 2, '0', d, out);
      return true;
    case 'm':
      put_number(f.month, 2, '0', d, out);
      return true;
    case 'B':
      put_text(kMonthNames[f.month - 1], d, out);
      return true;
    case 'b':
    case 'h':
      put_text(kMonthNames[f.month - 1].substr(0, 3), d, out);
      return true;
    case 'd':
      put_number(f.day, 2, '0', d, out);
      return true;
    case 'e':
      put_number(f.day, 2, ' ', d, out);
      return true;
    case 'j':
      put_number(f.year_day, 3, '0', d, out);
      return true;
    case 'A':
      put_text(kDayNames[f.weekday], d, out);
      return true;
    case 'a':
      put_text(kDayNames[f.weekday].substr(0, 3), d, out);
      return true;
    case 'u':
      put_number(f.weekday ? f.weekday : 7, 1, '0', d, out);
      return true;
    case 'w':
      put_number(f.weekday, 1, '0', d, out);
      return true;
    case 'G':
      put_number(match::iso_week_from_days(days).year, 4, '0', d, out);
      return true;
    case 'g':
      put_number(match::iso_week_from_days(days).year % 100, 2, '0', d, out);
      return true;
    case 'V':
      put_number(match::iso_week_from_days(days).week, 2, '0', d, out);
      return true;
    case 'U':
      put_number((f.year_day - 1 + 7 - f.weekday) / 7, 2, '0', d, out);
      return true;
    case 'W':
      put_number((f.year_day - 1 + 7 - (f.weekday + 6) % 7) / 7, 2, '0', d, out);
      return true;
    default:
      return false;
  }
}

bool put_time(const Moment& moment, const TimeFields& f, const Directive& d, std::string& out) {
  const int hour12 = f.hour % 12 ? f.hour % 12 : 12;
  switch (d.letter) {
    case 'H':
      put_number(f.hour, 2, '0', d, out);
      return true;
    case 'k':
      put_number(f.hour, 2, ' ', d, out);
      return true;
    case 'I':
      put_number(hour12, 2, '0', d, out);
      return true;
    case 'l':
      put_number(hour12, 2, ' ', d, out);
      return true;
    case 'M':
      put_number(f.minute, 2, '0', d, out);
      return true;
    case 'S':
      put_number(f.second, 2, '0', d, out);
      return true;
    case 'L':
      put_fraction(f.nanos, d.width > 0 ? d.width : 3, out);
      return true;
    case 'N':
      put_fraction(f.nanos, d.width > 0 ? d.width : 9, out);
      return true;
    case 'p':
      put_text(f.hour < 12 ? "AM" : "PM", d, out);
      return true;
    case 'P':
      put_text(f.hour < 12 ? "am" : "pm", d, out);
      return true;
    case 'z':
      append_offset(moment.offset, d.colons, out);
      return true;
    case 'Z':
      put_text(zone_name(moment), d, out);
      return true;
    case 's':
      put_number(match::floor_div(moment.nanos, match::kNanosPerSecond), 1, '0', d, out);
      return true;
    default:
      return false;
  }
}

std::string_view composite(char letter) {
  switch (letter) {
    case 'c':
      return "%a %b %e %H:%M:%S %Y";
    case 'D':
    case 'x':
      return "%m/%d/%y";
    case 'F':
      return "%Y-%m-%d";
    case 'T':
    case 'X':
      return "%H:%M:%S";
    case 'R':
      return "%H:%M";
    case 'r':
      return "%I:%M:%S %p";
    case 'v':
      return "%e-%^b-%Y";
    case '+':
      return "%a %b %e %H:%M:%S %Z %Y";
    default:
      return {};
  }
}

// Reads what stands behind a '%'; false at the end of the format.
bool read_directive(std::string_view format, size_t& at, Directive& d) {
  for (; at < format.size(); ++at) {
    const char c = format[at];
    if (c == '-')
      d.no_padding = true;
    else if (c == '0')
      d.padding = '0';
    else if (c == '_')
      d.padding = ' ';
    else if (c == '^')
      d.upper = true;
    else if (c == '#')
      d.swap_case = true;
    else if (c == ':')
      ++d.colons;
    else
      break;
  }
  for (; at < format.size() && format[at] >= '0' && format[at] <= '9'; ++at)
    d.width = std::min(kMaxWidth, std::max(d.width, 0) * 10 + (format[at] - '0'));
  if (at < format.size() && (format[at] == 'E' || format[at] == 'O')) ++at;
  if (at >= format.size()) return false;
  d.letter = format[at++];
  return true;
}

}  // namespace

void append_time(const Moment& moment, std::string_view format, std::string& out) {
  const TimeFields f = fields_of(moment);
  for (size_t at = 0; at < format.size();) {
    if (format[at] != '%') {
      out += format[at++];
      continue;
    }
    const size_t start = at++;
    Directive d;
    if (!read_directive(format, at, d)) {
      out += format.substr(start);
      return;
    }
    if (put_date(f, d, out) || put_time(moment, f, d, out)) continue;
    if (const auto parts = composite(d.letter); !parts.empty()) {
      std::string text;
      append_time(moment, parts, text);
      put_text(text, d, out);
    } else if (d.letter == 'n' || d.letter == 't' || d.letter == '%') {
      out += d.letter == 'n' ? '\n' : d.letter == 't' ? '\t' : '%';
    } else {
      out += format.substr(start, at - start);
    }
  }
}

}  // namespace sluice::ruby
