#include "match/iso8601.hpp"

#include <cstring>

#include "match/civil.hpp"

namespace sluice::match {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

// Two digits at `p`; anything from 256 up when they are none.
unsigned two(const char* p) {
  const auto tens = static_cast<unsigned char>(p[0] - '0'), ones = static_cast<unsigned char>(p[1] - '0');
  return tens > 9 || ones > 9 ? 256U : tens * 10U + ones;
}

bool is_t(char c) { return (c | 0x20) == 't'; }
bool is_z(char c) { return (c | 0x20) == 'z'; }

// Seconds of a local time and nanoseconds within them, brought to UTC.
std::optional<int64_t> combine(int64_t seconds, int64_t nanos) {
  int64_t result = 0;
  if (__builtin_mul_overflow(seconds, kNanosPerSecond, &result) ||
      __builtin_add_overflow(result, nanos, &result))
    return std::nullopt;
  return result;
}

// Up to `limit` fraction digits at `p` as nanoseconds; moves `p` behind them.
int64_t fraction(const char*& p, const char* end, int limit) {
  int64_t value = 0, unit = kNanosPerSecond / 10;
  for (int n = 0; n < limit && p != end && digit(*p); ++n, ++p, unit /= 10) value += (*p - '0') * unit;
  return value;
}

// `yyyy-MM-dd` and `HH:mm:ss` with all their digits, as nearly all texts have them.
struct Strict {
  unsigned year, month, day, hour, minute, second;

  bool date(const char* p) {
    const unsigned century = two(p), in_century = two(p + 2);
    month = two(p + 5);
    day = two(p + 8);
    year = century * 100 + in_century;
    return (century | in_century | month | day) < 256 && p[4] == '-' && p[7] == '-';
  }
  bool time(const char* p) {
    hour = two(p);
    minute = two(p + 3);
    second = two(p + 6);
    return (hour | minute | second) < 256 && p[2] == ':' && p[5] == ':';
  }
  [[nodiscard]] bool day_exists() const {
    return month - 1 < 12 && day != 0 &&
           (day <= 28 || day <= static_cast<unsigned>(days_in_month(year, static_cast<int>(month))));
  }
  [[nodiscard]] int64_t seconds() const {
    return days_from_civil(year, static_cast<int>(month), static_cast<int>(day)) * kSecondsPerDay +
           (hour * 60 + minute) * int64_t{60} + second;
  }
};

// The offset at the end of a text: `Z`, or digits as `+02`, `+0200`, `+02:00`. All of the text must be used.
bool whole_offset(const char* p, const char* end, int32_t& offset) {
  if (end - p == 1 && is_z(*p)) {
    offset = 0;
    return true;
  }
  size_t at = 0;
  const std::string_view text(p, static_cast<size_t>(end - p));
  return scan_offset(text, at, offset) && at == text.size();
}

// ---- Joda-Time's dateTimeParser: every part may have fewer digits, most may be missing ----

class LenientReader {
 public:
  explicit LenientReader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  std::optional<int64_t> read(const TimeZone& zone) {
    if (at_ == end_) return std::nullopt;
    if (is_t(*at_)) {
      ++at_;
      if (!time()) return std::nullopt;
    } else {
      if (!date()) return std::nullopt;
      if (at_ != end_) {
        if (!is_t(*at_)) return std::nullopt;
        ++at_;
        if (at_ != end_ && digit(*at_) && !time()) return std::nullopt;
      }
    }
    int32_t offset = 0;
    const bool has_offset = at_ != end_;
    if (has_offset && !whole_offset(at_, end_, offset)) return std::nullopt;
    const int64_t local = days_ * kMillisPerDay + millis_;
    int64_t seconds = floor_div(local, 1000);
    const int64_t rest = local - seconds * 1000;
    if (has_offset)
      seconds -= offset;
    else if (!zone.to_utc(seconds, seconds))
      return std::nullopt;
    return combine(seconds, rest * 1000000);
  }

 private:
  [[nodiscard]] bool next_is(char c) const { return at_ != end_ && *at_ == c; }

  // 1 to `limit` digits.
  bool number(int limit, int64_t& value) {
    const char* const begin = at_;
    for (value = 0; at_ - begin < limit && at_ != end_ && digit(*at_); ++at_)
      value = value * 10 + (*at_ - '0');
    return at_ != begin;
  }

  // Joda-Time takes the reading that uses most of the text: a calendar date, a week date or an ordinal date.
  bool date() {
    const bool negative = next_is('-');
    if (negative || next_is('+')) ++at_;
    int64_t year = 0;
    if (!number(9, year) || !year_fits(year)) return false;
    if (negative) year = -year;
    if (!next_is('-')) {
      days_ = days_from_civil(year, 1, 1);
      return true;
    }
    ++at_;
    if (at_ != end_ && (*at_ | 0x20) == 'w') return week_date(year);
    const char* const begin = at_;
    int64_t first = 0;
    if (!number(2, first)) return false;
    if (next_is('-')) {
      ++at_;
      int64_t day = 0;
      if (!number(2, day) || first < 1 || first > 12 || day < 1) return false;
      const int month = static_cast<int>(first);
      if (day > days_in_month(year, month)) return false;
      days_ = days_from_civil(year, month, static_cast<int>(day));
      return true;
    }
    if (at_ != end_ && digit(*at_)) {
      at_ = begin;
      if (!number(3, first) || first < 1 || first > (leap_year(year) ? 366 : 365)) return false;
      days_ = days_from_civil(year, 1, 1) + first - 1;
      return true;
    }
    if (first < 1 || first > 12) return false;
    days_ = days_from_civil(year, static_cast<int>(first), 1);
    return true;
  }

  bool week_date(int64_t year) {
    ++at_;
    int64_t week = 0, day = 1;
    if (!number(2, week) || week < 1 || week > iso_weeks_in_year(year)) return false;
    if (next_is('-')) {
      ++at_;
      if (!number(1, day) || day < 1 || day > 7) return false;
    }
    days_ = iso_year_start(year) + (week - 1) * 7 + day - 1;
    return true;
  }

  // `.` or `,` and digits, as a part of `unit` milliseconds. True when there is none.
  bool part_of(int64_t unit) {
    if (!next_is('.') && !next_is(',')) return true;
    ++at_;
    const char* const begin = at_;
    int64_t value = 0, digit_worth = unit;
    for (; at_ - begin < 9 && at_ != end_ && digit(*at_); ++at_, digit_worth /= 10)
      value += (*at_ - '0') * digit_worth;
    millis_ += value / 10;
    return at_ != begin;
  }

  bool time() {
    constexpr int64_t kMinute = 60000, kHour = 3600000;
    int64_t value = 0;
    if (!number(2, value) || value > 23) return false;
    millis_ = value * kHour;
    if (!next_is(':')) return part_of(kHour);
    ++at_;
    if (!number(2, value) || value > 59) return false;
    millis_ += value * kMinute;
    if (!next_is(':')) return part_of(kMinute);
    ++at_;
    if (!number(2, value) || value > 59) return false;
    millis_ += value * 1000;
    return part_of(1000);
  }

  const char* at_;
  const char* const end_;
  int64_t days_ = 0;
  int64_t millis_ = 0;
};

// `yyyy-MM-dd HH:mm:ss` and a fraction that must be there; handled for all digit counts by joining it with a
// T: the lenient reader then takes it, once it is known to be whole.
std::optional<int64_t> spaced(std::string_view text, const TimeZone& zone) {
  constexpr size_t kLongest = 64;
  const size_t space = text.find(' ');
  const size_t mark = text.find_first_of(".,", space == std::string_view::npos ? text.size() : space);
  if (mark == std::string_view::npos || text.size() > kLongest) return std::nullopt;
  const std::string_view date = text.substr(0, space), time = text.substr(space + 1, mark - space - 1);
  const auto count = [](std::string_view part, char c) {
    size_t n = 0;
    for (const char x : part) n += x == c ? 1 : 0;
    return n;
  };
  if (date.empty() || time.empty() || count(date.substr(1), '-') != 2 || count(time, ':') != 2 ||
      date.find_first_of("wW") != std::string_view::npos || !digit(text[space + 1]))
    return std::nullopt;
  size_t digits = 0;
  while (mark + 1 + digits < text.size() && digit(text[mark + 1 + digits])) ++digits;
  if (digits < 1 || digits > 3) return std::nullopt;
  char joined[kLongest];
  std::memcpy(joined, text.data(), text.size());
  joined[space] = 'T';
  return LenientReader({joined, text.size()}).read(zone);
}

}  // namespace

std::optional<int64_t> parse_iso8601(std::string_view text, const TimeZone& zone) {
  Strict t;
  if (text.size() >= 20 && t.date(text.data()) && t.time(text.data() + 11) && t.day_exists() && t.hour < 24 &&
      t.minute < 60 && t.second < 60) {
    const char* p = text.data() + 19;
    const char* const end = text.data() + text.size();
    const bool joined = is_t(text[10]);
    const bool has_fraction = *p == '.' || *p == ',';
    int64_t nanos = 0;
    if (has_fraction) nanos = fraction(++p, end, joined ? 9 : 3) / 1000000 * 1000000;
    const bool form = (joined || (text[10] == ' ' && has_fraction)) && (!has_fraction || digit(p[-1]));
    int32_t offset = 0;
    if (form && p != end && whole_offset(p, end, offset)) return combine(t.seconds() - offset, nanos);
    if (form && p == end) {
      int64_t utc = 0;
      return zone.to_utc(t.seconds(), utc) ? combine(utc, nanos) : std::nullopt;
    }
  }
  if (const auto found = LenientReader(text).read(zone)) return found;
  return spaced(text, zone);
}

std::optional<int64_t> parse_event_timestamp(std::string_view text, const TimeZone& zone) {
  Strict t{};
  const char* p = text.data();
  const char* const end = p + text.size();
  if (text.size() < 10 || !t.date(p)) return std::nullopt;
  if (t.month - 1 >= 12 || t.day - 1 >= 31) return std::nullopt;
  if (t.day > 28) {
    const auto last = static_cast<unsigned>(days_in_month(t.year, static_cast<int>(t.month)));
    if (t.day > last) t.day = last;
  }
  p += 10;
  int64_t nanos = 0;
  if (p != end && is_t(*p)) {
    ++p;
    if (end - p < 5 || p[2] != ':') return std::nullopt;
    t.hour = two(p);
    t.minute = two(p + 3);
    p += 5;
    if (p != end && *p == ':') {
      if (end - p < 3) return std::nullopt;
      t.second = two(p + 1);
      p += 3;
      if (p != end && *p == '.') {
        const char* const begin = ++p;
        nanos = fraction(p, end, 9);
        if (p == begin) return std::nullopt;
      }
    }
    if (t.minute > 59 || t.second > 59) return std::nullopt;
    if (t.hour > 23 && (t.hour != 24 || t.minute != 0 || t.second != 0 || nanos != 0)) return std::nullopt;
  }
  if (p == end) return combine(zone.to_utc_lenient(t.seconds()), nanos);
  int32_t offset = 0;
  if (!whole_offset(p, end, offset) || offset > 18 * 3600 || offset < -18 * 3600) return std::nullopt;
  return combine(t.seconds() - offset, nanos);
}

std::optional<int64_t> parse_event_timestamp(std::string_view text) {
  return parse_event_timestamp(text, machine_timezone());
}

namespace {

constexpr auto kPairs = [] {
  struct {
    char text[200];
  } pairs{};
  for (int i = 0; i < 100; ++i) {
    pairs.text[2 * i] = static_cast<char>('0' + i / 10);
    pairs.text[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

void put_pair(char* out, int64_t value) { std::memcpy(out, kPairs.text + 2 * value, 2); }

constexpr size_t kToClock = 11;
constexpr size_t kToSeconds = 20;

// `2026-11-21T02:53:47.`
void format_day(int64_t days, char* out) {
  const Civil date = civil_from_days(days);  // 1677 to 2262: four digits
  put_pair(out, date.year / 100);
  put_pair(out + 2, date.year % 100);
  out[4] = '-';
  put_pair(out + 5, date.month);
  out[7] = '-';
  put_pair(out + 8, date.day);
  out[10] = 'T';
}

void format_clock(uint32_t in_day, char* out) {
  put_pair(out, in_day / 3600);
  out[2] = ':';
  put_pair(out + 3, in_day / 60 % 60);
  out[5] = ':';
  put_pair(out + 6, in_day % 60);
  out[8] = '.';
}

}  // namespace

// Events that are written together are mostly of one second, whose text is kept.
size_t format_iso8601(int64_t nanos, char* out) {
  thread_local struct {
    int64_t second = INT64_MIN, day = INT64_MIN;
    char text[kToSeconds];
  } last;
  const int64_t second = floor_div(nanos, kNanosPerSecond);
  if (last.second != second) {
    const int64_t day = floor_div(second, kSecondsPerDay);
    if (last.day != day) format_day(last.day = day, last.text);
    format_clock(static_cast<uint32_t>(second - day * kSecondsPerDay), last.text + kToClock);
    last.second = second;
  }
  std::memcpy(out, last.text, kToSeconds);
  auto fraction = static_cast<uint32_t>(nanos - second * kNanosPerSecond);
  size_t digits = 9;
  if (fraction % 1000000 == 0)
    fraction /= 1000000, digits = 3;
  else if (fraction % 1000 == 0)
    fraction /= 1000, digits = 6;
  char* end = out + kToSeconds + digits;
  *end = 'Z';
  for (size_t left = digits; left > 1; left -= 2, fraction /= 100) put_pair(end -= 2, fraction % 100);
  if (digits % 2) *--end = static_cast<char>('0' + fraction);
  return kToSeconds + digits + 1;
}

}  // namespace sluice::match
