#include "index/dates.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

#include "match/civil.hpp"
#include "match/timezone.hpp"

namespace sluice::index {
namespace {

constexpr int64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;

using match::days_from_civil, match::days_in_month, match::floor_div;

bool is_date(int year, int month, int day) {
  return match::year_fits(year) && month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(year, month);
}

struct Parts {
  int year = 1970;
  int month = 1, day = 1;
  int hour = 0, minute = 0, second = 0, milli = 0;
};

Parts split(int64_t local) {
  const int64_t days = floor_div(local, kDay);
  const auto civil = match::civil_from_days(days);
  int64_t rest = local - days * kDay;
  Parts p;
  p.year = static_cast<int>(civil.year);
  p.month = civil.month;
  p.day = civil.day;
  p.hour = static_cast<int>(rest / kHour);
  p.minute = static_cast<int>(rest % kHour / kMinute);
  p.second = static_cast<int>(rest % kMinute / kSecond);
  p.milli = static_cast<int>(rest % kSecond);
  return p;
}

/// Reads digits one after another from a text.
struct Reader {
  std::string_view text;
  bool digits(size_t n, int& out) {
    if (text.size() < n) return false;
    int v = 0;
    for (size_t i = 0; i < n; ++i) {
      if (text[i] < '0' || text[i] > '9') return false;
      v = v * 10 + (text[i] - '0');
    }
    out = v;
    text.remove_prefix(n);
    return true;
  }
  bool take(char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
  }
};

bool read_offset(Reader& r, int64_t& offset) {
  if (r.take('Z')) {
    offset = 0;
    return true;
  }
  if (r.text.empty() || (r.text.front() != '+' && r.text.front() != '-')) return false;
  const int64_t sign = r.text.front() == '-' ? -1 : 1;
  r.text.remove_prefix(1);
  int h = 0, m = 0;
  if (!r.digits(2, h)) return false;
  if (r.take(':')) {
    if (!r.digits(2, m)) return false;
  } else if (!r.text.empty() && !r.digits(2, m)) {
    return false;
  }
  if (h > 18 || m > 59) return false;
  offset = sign * (h * kHour + m * kMinute);
  return true;
}

/// ISO 8601 with everything after the year optional. `date_sep` and `time_sep` serve yyyy/MM/dd HH:mm:ss,
/// too.
std::optional<int64_t> parse_iso(std::string_view text, bool round_up, const Zone& zone) {
  Reader r{text};
  int year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, milli = 0;
  bool negative = r.take('-');
  if (!r.digits(4, year)) return std::nullopt;
  if (negative) year = -year;
  int depth = 1;  // how many parts are there
  if (r.take('-')) {
    if (!r.digits(2, month)) return std::nullopt;
    depth = 2;
    if (r.take('-')) {
      if (!r.digits(2, day)) return std::nullopt;
      depth = 3;
    }
  }
  int64_t offset = 0;
  bool has_offset = false;
  if (depth == 3 && r.take('T') && !r.text.empty()) {
    if (!r.digits(2, hour)) return std::nullopt;
    depth = 4;
    if (r.take(':')) {
      if (!r.digits(2, minute)) return std::nullopt;
      depth = 5;
      if (r.take(':')) {
        if (!r.digits(2, second)) return std::nullopt;
        depth = 6;
        if (r.take('.') || r.take(',')) {
          int n = 0, scale = 100;
          while (!r.text.empty() && r.text.front() >= '0' && r.text.front() <= '9') {
            milli += (r.text.front() - '0') * scale;
            scale /= 10;
            r.text.remove_prefix(1);
            if (++n > 9) return std::nullopt;
          }
          if (n == 0) return std::nullopt;
          depth = 7;
        }
      }
    }
    if (!r.text.empty()) {
      if (!read_offset(r, offset)) return std::nullopt;
      has_offset = true;
    }
  }
  if (!r.text.empty()) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  if (!is_date(year, month, day)) return std::nullopt;
  int64_t local =
      days_from_civil(year, month, day) * kDay + hour * kHour + minute * kMinute + second * kSecond + milli;
  if (round_up && depth < 7) {
    constexpr CalendarUnit kUnits[] = {CalendarUnit::year, CalendarUnit::month,  CalendarUnit::day,
                                       CalendarUnit::hour, CalendarUnit::minute, CalendarUnit::second};
    local = add_local(local, kUnits[depth - 1], 1) - 1;
  }
  return has_offset ? local - offset : zone.to_utc(local);
}

std::optional<int64_t> parse_number(std::string_view text) {
  int64_t v = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return v;
}

/// A pattern of Java's letters, both ways.
struct Pattern {
  static bool known(std::string_view pattern) {
    for (size_t i = 0; i < pattern.size(); ++i) {
      const char c = pattern[i];
      if (c == '\'') {
        const auto end = pattern.find('\'', i + 1);
        if (end == std::string_view::npos) return false;
        i = end;
        continue;
      }
      if (!std::isalpha(static_cast<unsigned char>(c))) continue;
      size_t run = 1;
      while (i + run < pattern.size() && pattern[i + run] == c) ++run;
      const bool ok = ((c == 'y' || c == 'u') && run == 4) || (c == 'S' && run <= 9) ||
                      ((c == 'M' || c == 'd' || c == 'H' || c == 'm' || c == 's') && run == 2) ||
                      ((c == 'X' || c == 'x' || c == 'Z') && run <= 3);
      if (!ok) return false;
      i += run - 1;
    }
    return true;
  }

  static std::optional<int64_t> parse(std::string_view pattern, std::string_view text, const Zone& zone) {
    Reader r{text};
    int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, milli = 0;
    int64_t offset = 0;
    bool has_offset = false;
    for (size_t i = 0; i < pattern.size(); ++i) {
      const char c = pattern[i];
      if (c == '\'') {
        for (++i; i < pattern.size() && pattern[i] != '\''; ++i)
          if (!r.take(pattern[i])) return std::nullopt;
        continue;
      }
      if (!std::isalpha(static_cast<unsigned char>(c))) {
        if (!r.take(c)) return std::nullopt;
        continue;
      }
      size_t run = 1;
      while (i + run < pattern.size() && pattern[i + run] == c) ++run;
      i += run - 1;
      bool ok = false;
      if (c == 'y' || c == 'u') ok = r.digits(4, year);
      if (c == 'M') ok = r.digits(2, month);
      if (c == 'd') ok = r.digits(2, day);
      if (c == 'H') ok = r.digits(2, hour);
      if (c == 'm') ok = r.digits(2, minute);
      if (c == 's') ok = r.digits(2, second);
      if (c == 'S') {
        int scale = 100, digit = 0;
        ok = true;
        for (size_t n = 0; n < run && ok; ++n, scale /= 10) {
          ok = r.digits(1, digit);
          milli += digit * scale;
        }
      }
      if (c == 'X' || c == 'x' || c == 'Z') ok = has_offset = read_offset(r, offset);
      if (!ok) return std::nullopt;
    }
    if (!r.text.empty() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    if (!is_date(year, month, day)) return std::nullopt;
    const int64_t local =
        days_from_civil(year, month, day) * kDay + hour * kHour + minute * kMinute + second * kSecond + milli;
    return has_offset ? local - offset : zone.to_utc(local);
  }

  static std::string format(std::string_view pattern, int64_t ms, const Zone& zone) {
    const int64_t offset = zone.offset_at(ms);
    const Parts p = split(ms + offset);
    std::string out;
    for (size_t i = 0; i < pattern.size(); ++i) {
      const char c = pattern[i];
      if (c == '\'') {
        for (++i; i < pattern.size() && pattern[i] != '\''; ++i) out += pattern[i];
        continue;
      }
      if (!std::isalpha(static_cast<unsigned char>(c))) {
        out += c;
        continue;
      }
      size_t run = 1;
      while (i + run < pattern.size() && pattern[i + run] == c) ++run;
      i += run - 1;
      if (c == 'y' || c == 'u') out += fmt::format("{:04}", p.year);
      if (c == 'M') out += fmt::format("{:02}", p.month);
      if (c == 'd') out += fmt::format("{:02}", p.day);
      if (c == 'H') out += fmt::format("{:02}", p.hour);
      if (c == 'm') out += fmt::format("{:02}", p.minute);
      if (c == 's') out += fmt::format("{:02}", p.second);
      if (c == 'S') out += fmt::format("{:03}000000", p.milli).substr(0, run);
      if (c == 'X' || c == 'x' || c == 'Z') {
        const int64_t minutes = std::abs(offset) / kMinute;
        if (offset == 0 && c == 'X')
          out += 'Z';
        else
          out += fmt::format("{}{:02}{}{:02}", offset < 0 ? '-' : '+', minutes / 60,
                             c != 'Z' && run == 3 ? ":" : "", minutes % 60);
      }
    }
    return out;
  }
};

bool iso_name(std::string_view name) {
  return name == "strict_date_optional_time" || name == "date_optional_time" ||
         name == "strict_date_optional_time_nanos" || name == "iso8601" || name == "strict_date_time" ||
         name == "date_time" || name == "strict_date" || name == "date";
}

std::optional<CalendarUnit> math_unit(char c) {
  switch (c) {
    case 'y':
      return CalendarUnit::year;
    case 'M':
      return CalendarUnit::month;
    case 'w':
      return CalendarUnit::week;
    case 'd':
      return CalendarUnit::day;
    case 'h':
    case 'H':
      return CalendarUnit::hour;
    case 'm':
      return CalendarUnit::minute;
    case 's':
      return CalendarUnit::second;
    default:
      return std::nullopt;
  }
}

/// No step of date math goes further, and no moment between two steps lies further from 1970: what is added
/// to it stays in 64 bits.
constexpr int64_t kFarthest = INT64_MAX / 4;

int64_t longest(CalendarUnit unit) {
  switch (unit) {
    case CalendarUnit::second:
      return kSecond;
    case CalendarUnit::minute:
      return kMinute;
    case CalendarUnit::hour:
      return kHour;
    case CalendarUnit::day:
      return kDay;
    case CalendarUnit::week:
      return 7 * kDay;
    case CalendarUnit::month:
      return 31 * kDay;
    default:
      return 366 * kDay;
  }
}

/// Applies "+1d-2h/d" to a moment.
std::optional<int64_t> apply_math(int64_t ms, std::string_view math, bool round_up, const Zone& zone) {
  while (!math.empty()) {
    const char op = math.front();
    math.remove_prefix(1);
    int64_t n = 1;
    size_t digits = 0;
    while (digits < math.size() && math[digits] >= '0' && math[digits] <= '9') ++digits;
    if (digits > 0) {
      if (op == '/') return std::nullopt;
      auto number = parse_number(math.substr(0, digits));
      if (!number) return std::nullopt;
      n = *number;
      math.remove_prefix(digits);
    }
    if (math.empty()) return std::nullopt;
    const auto unit = math_unit(math.front());
    if (!unit || (op != '+' && op != '-' && op != '/')) return std::nullopt;
    math.remove_prefix(1);
    if (std::abs(ms) > kFarthest || n > kFarthest / longest(*unit)) return std::nullopt;
    int64_t local = ms + zone.offset_at(ms);
    if (op == '/') {
      local = floor_local(local, *unit);
      if (round_up) local = add_local(local, *unit, 1) - 1;
    } else {
      local = add_local(local, *unit, op == '+' ? n : -n);
    }
    ms = zone.to_utc(local);
  }
  return ms;
}

}  // namespace

std::optional<Zone> Zone::parse(std::string_view text) {
  Zone z;
  if (text.empty()) return std::nullopt;
  if (text == "Z" || text == "UTC" || text == "GMT" || text == "Etc/UTC") return z;
  if (text.front() == '+' || text.front() == '-') {
    Reader r{text};
    if (!read_offset(r, z.offset_ms) || !r.text.empty()) return std::nullopt;
    z.name = text;
    return z;
  }
  z.region = match::lookup_timezone(text);
  if (!z.region) return std::nullopt;
  z.name = text;
  return z;
}

int64_t Zone::offset_at(int64_t utc) const {
  if (region == nullptr) return offset_ms;
  return region->offset_at(floor_div(utc, kSecond)) * kSecond;
}

int64_t Zone::to_utc(int64_t local) const {
  if (region == nullptr) return local - offset_ms;
  const int64_t seconds = floor_div(local, kSecond);
  int64_t utc = 0;
  if (region->to_utc(seconds, utc)) return utc * kSecond + (local - seconds * kSecond);
  return region->period_at(region->to_utc_lenient(seconds)).begin * kSecond;
}

std::optional<DateFormats> DateFormats::parse(std::string_view text, std::string& unknown) {
  DateFormats out;
  out.patterns.clear();
  while (true) {
    const auto bar = text.find("||");
    const auto one = text.substr(0, bar);
    if (!iso_name(one) && one != "epoch_millis" && one != "epoch_second" &&
        (one.empty() || !Pattern::known(one))) {
      unknown = one;
      return std::nullopt;
    }
    out.patterns.emplace_back(one);
    if (bar == std::string_view::npos) return out;
    text.remove_prefix(bar + 2);
  }
}

std::optional<int64_t> parse_date(std::string_view text, const DateFormats& formats, bool round_up,
                                  const Zone& zone) {
  for (const auto& format : formats.patterns) {
    std::optional<int64_t> ms;
    if (iso_name(format)) {
      ms = parse_iso(text, round_up, zone);
    } else if (format == "epoch_millis") {
      ms = parse_number(text);
    } else if (format == "epoch_second") {
      ms = parse_number(text);
      if (ms) *ms *= kSecond;
    } else {
      ms = Pattern::parse(format, text, zone);
    }
    if (ms) return ms;
  }
  return std::nullopt;
}

std::optional<int64_t> parse_date_math(std::string_view text, const DateFormats& formats, int64_t now,
                                       bool round_up, const Zone& zone) {
  if (text.substr(0, 3) == "now") return apply_math(now, text.substr(3), round_up, zone);
  const auto bars = text.find("||");
  if (bars == std::string_view::npos) return parse_date(text, formats, round_up, zone);
  const auto base = parse_date(text.substr(0, bars), formats, false, zone);
  if (!base) return std::nullopt;
  return apply_math(*base, text.substr(bars + 2), round_up, zone);
}

bool looks_like_date(std::string_view text) {
  if (text.size() < 4 || text.size() > 40 || text.find_first_of(":-/") == std::string_view::npos)
    return false;
  if (text.front() < '0' || text.front() > '9') return false;
  if (text.find('/') == std::string_view::npos) return parse_iso(text, false, {}).has_value();
  return Pattern::parse("yyyy/MM/dd HH:mm:ss Z", text, {}).has_value() ||
         Pattern::parse("yyyy/MM/dd Z", text, {}).has_value();
}

std::string format_date(int64_t ms, const Zone& zone) {
  const int64_t offset = zone.offset_at(ms);
  const Parts p = split(ms + offset);
  std::string out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}", p.year, p.month, p.day, p.hour,
                                p.minute, p.second, p.milli);
  if (offset == 0 && zone.offset_ms == 0 && zone.name == "Z") return out + "Z";
  const int64_t minutes = std::abs(offset) / kMinute;
  return offset == 0 ? out + "Z"
                     : out + fmt::format("{}{:02}:{:02}", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

std::optional<std::string> format_date(int64_t ms, std::string_view format, const Zone& zone) {
  const auto first = format.substr(0, format.find("||"));
  if (first == "strict_date" || first == "date") return Pattern::format("yyyy-MM-dd", ms, zone);
  if (iso_name(first)) return format_date(ms, zone);
  if (first == "epoch_millis") return std::to_string(ms);
  if (first == "epoch_second") return std::to_string(floor_div(ms, kSecond));
  if (first.empty() || !Pattern::known(first)) return std::nullopt;
  return Pattern::format(first, ms, zone);
}

int64_t floor_local(int64_t local, CalendarUnit unit) {
  const int64_t day = floor_div(local, kDay);
  switch (unit) {
    case CalendarUnit::second:
      return floor_div(local, kSecond) * kSecond;
    case CalendarUnit::minute:
      return floor_div(local, kMinute) * kMinute;
    case CalendarUnit::hour:
      return floor_div(local, kHour) * kHour;
    case CalendarUnit::day:
      return day * kDay;
    case CalendarUnit::week:
      return (floor_div(day + 3, 7) * 7 - 3) * kDay;  // day 0 was a Thursday
    default:
      break;
  }
  const Parts p = split(local);
  if (unit == CalendarUnit::month) return days_from_civil(p.year, p.month, 1) * kDay;
  if (unit == CalendarUnit::quarter) return days_from_civil(p.year, (p.month - 1) / 3 * 3 + 1, 1) * kDay;
  return days_from_civil(p.year, 1, 1) * kDay;
}

int64_t add_local(int64_t local, CalendarUnit unit, int64_t count) {
  switch (unit) {
    case CalendarUnit::second:
      return local + count * kSecond;
    case CalendarUnit::minute:
      return local + count * kMinute;
    case CalendarUnit::hour:
      return local + count * kHour;
    case CalendarUnit::day:
      return local + count * kDay;
    case CalendarUnit::week:
      return local + count * 7 * kDay;
    default:
      break;
  }
  const int64_t months = count * (unit == CalendarUnit::month ? 1 : unit == CalendarUnit::quarter ? 3 : 12);
  const Parts p = split(local);
  const int64_t total = p.year * int64_t{12} + (p.month - 1) + months;
  const int year = static_cast<int>(floor_div(total, 12));
  const auto month = static_cast<int>(total - int64_t{year} * 12) + 1;
  const int last = days_in_month(year, month);
  const int64_t time = local - floor_div(local, kDay) * kDay;
  return days_from_civil(year, month, std::min(p.day, last)) * kDay + time;
}

std::optional<int64_t> parse_time_value(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const auto n = parse_number(text.substr(0, digits));
  if (!n) return std::nullopt;
  const auto unit = text.substr(digits);
  if (unit == "ms") return *n;
  if (unit == "s") return *n * kSecond;
  if (unit == "m") return *n * kMinute;
  if (unit == "h") return *n * kHour;
  if (unit == "d") return *n * kDay;
  return std::nullopt;
}

}  // namespace sluice::index
