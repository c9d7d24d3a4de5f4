#include "plugins/cef/timestamp.hpp"

#include <unicode/tzfmt.h>

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>

#include "match/civil.hpp"

namespace sluice::plugins::cef {
namespace {

using match::kNanosPerSecond;
using match::kSecondsPerDay;

constexpr size_t kZonesRemembered = 64;  // abbreviations, known or not, that a thread looks up once

bool digit(char c) { return c >= '0' && c <= '9'; }

// Takes exactly `count` digits off `text`.
bool take_digits(std::string_view& text, size_t count, int64_t& value) {
  if (text.size() < count || !std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(count), digit))
    return false;
  value = 0;
  for (size_t i = 0; i < count; ++i) value = value * 10 + (text[i] - '0');
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// 9, 6 or 3 digits behind a point; any other number of them is left where it is.
void take_fraction(std::string_view& text, int64_t& nanos) {
  int64_t scale = 1;
  for (const size_t digits : {9, 6, 3}) {
    std::string_view rest = text;
    if (take(rest, '.') && take_digits(rest, digits, nanos)) {
      nanos *= scale;
      text = rest;
      return;
    }
    scale *= 1000;
  }
  nanos = 0;
}

const match::TimeZone* abbreviated_zone(const std::string& text, const std::string& locale) {
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<icu::TimeZoneFormat> format(
      icu::TimeZoneFormat::createInstance(icu::Locale::createCanonical(locale.c_str()), error));
  if (U_FAILURE(error)) return nullptr;
  const auto wide = icu::UnicodeString::fromUTF8(text);
  icu::ParsePosition at(0);
  const std::unique_ptr<icu::TimeZone> zone(
      format->parse(UTZFMT_STYLE_SPECIFIC_SHORT, wide, at, UTZFMT_PARSE_OPTION_TZ_DATABASE_ABBREVIATIONS));
  if (!zone || at.getIndex() != wide.length()) return nullptr;
  icu::UnicodeString id;
  std::string utf8;
  return match::lookup_timezone(zone->getID(id).toUTF8String(utf8));
}

// Milliseconds, with a fraction of them perhaps: [1-9][0-9]*(\.[0-9]+)?
bool read_millis(std::string_view text, std::optional<int64_t>& nanos) {
  if (text.empty() || !digit(text[0]) || text[0] == '0') return false;
  const size_t point = std::min(text.find('.'), text.size());
  const auto whole = text.substr(0, point);
  const auto fraction = text.substr(std::min(point + 1, text.size()));
  if (!std::all_of(whole.begin(), whole.end(), digit) ||
      !std::all_of(fraction.begin(), fraction.end(), digit) || (point < text.size() && fraction.empty()))
    return false;
  int64_t value = 0;
  for (size_t i = 0; i < whole.size() + 6; ++i) {
    const size_t behind = i - whole.size();
    const int64_t next = i < whole.size()           ? whole[i] - '0'
                         : behind < fraction.size() ? fraction[behind] - '0'
                                                    : 0;
    if (__builtin_mul_overflow(value, int64_t{10}, &value) || __builtin_add_overflow(value, next, &value))
      return true;  // a time that 64 bits of nanoseconds do not hold
  }
  nanos = value;
  return true;
}

// The year of a time that has none: this one, unless that is more than two days ahead; or the next one when
// that is not.
int64_t assumed_year(int month, int day, int64_t time_of_day, int64_t local_now) {
  const int64_t days = match::floor_div(local_now, kSecondsPerDay);
  const auto today = match::civil_from_days(days);
  const auto limit = match::civil_from_days(days + 2);
  const auto rank = [](int m, int d, int64_t seconds) { return (m * 32 + d) * kSecondsPerDay + seconds; };
  const bool within = rank(month, day, time_of_day) <=
                      rank(limit.month, limit.day, match::floor_mod(local_now, kSecondsPerDay));
  if (limit.year > today.year) return within ? limit.year : today.year;
  return within ? today.year : today.year - 1;
}

}  // namespace

const match::TimeZone* find_zone(std::string_view text, const match::LocaleNames& locale) {
  if (text == "Z") return &match::utc_zone();
  if (text.empty()) return nullptr;
  if (const auto* zone = match::lookup_timezone(text)) return zone;
  for (const std::string_view prefix : {"UTC", "GMT", "UT"}) {
    if (!text.starts_with(prefix)) continue;
    const auto offset = text.substr(prefix.size());
    if (offset.empty()) return &match::utc_zone();
    if (offset[0] != '+' && offset[0] != '-') continue;
    std::string padded(offset);
    if (padded.size() == 2) padded.insert(1, "0");
    return match::lookup_timezone(padded);
  }
  thread_local std::unordered_map<std::string, const match::TimeZone*> known;
  const std::string name = locale.tag() + '\n' + std::string(text.substr(0, 64));
  if (const auto at = known.find(name); at != known.end()) return at->second;
  if (known.size() >= kZonesRemembered) known.clear();
  return known[name] = abbreviated_zone(std::string(text.substr(0, 64)), locale.tag());
}

struct TimestampReader::Fields {
  int month = 0;
  int64_t day = 0, year = 0, hour = 0, minute = 0, second = 0, nanos = 0;  // year 0: none
  std::string_view zone;
  [[nodiscard]] int64_t time_of_day() const { return hour * 3600 + minute * 60 + second; }
};

size_t TimestampReader::scan_month(std::string_view text, int& month) const {
  size_t longest = 0;
  for (const auto* names : {&locale_, english_too_ ? &match::english_names() : nullptr}) {
    if (!names || longest) continue;
    for (int m = 0; m < 12; ++m) {
      const auto word = names->abbreviated(match::NameField::month, m);
      if (word.size() <= longest || !text.starts_with(word)) continue;
      longest = word.size();
      month = m + 1;
    }
  }
  return longest;
}

bool TimestampReader::scan(std::string_view text, Fields& f) const {
  const size_t month = scan_month(text, f.month);
  if (month == 0) return false;
  text.remove_prefix(month);
  if (!take(text, ' ') || !take_digits(text, 2, f.day)) return false;
  std::string_view year = text;
  if (take(year, ' ') && take_digits(year, 4, f.year))
    text = year;
  else
    f.year = 0;
  const bool read = take(text, ' ') && take_digits(text, 2, f.hour) && take(text, ':') &&
                    take_digits(text, 2, f.minute) && take(text, ':') && take_digits(text, 2, f.second);
  if (!read) return false;
  take_fraction(text, f.nanos);
  if (take(text, ' ')) {
    if (text.empty()) return false;
    f.zone = text;
    text = {};
  }
  return text.empty() && f.day >= 1 && f.day <= 31 && f.hour < 24 && f.minute < 60 && f.second < 60;
}

std::optional<int64_t> TimestampReader::read(std::string_view text,
                                             std::optional<std::string_view> device_zone, int64_t now) const {
  std::optional<int64_t> nanos;
  if (read_millis(text, nanos)) return nanos;
  Fields f;
  if (!scan(text, f)) return std::nullopt;
  const auto* zone = !f.zone.empty() ? find_zone(f.zone, locale_)
                     : device_zone   ? find_zone(*device_zone, locale_)
                                     : &zone_;
  if (!zone) return std::nullopt;
  const int64_t seconds = match::floor_div(now, kNanosPerSecond);
  const int64_t year = f.year ? f.year
                              : assumed_year(f.month, static_cast<int>(f.day), f.time_of_day(),
                                             seconds + zone->offset_at(seconds));
  // A leap year has the longest months: without a year only those count.
  if (f.year == 0 && f.day > match::days_in_month(2000, f.month)) return std::nullopt;
  const int last = match::days_in_month(year, f.month);
  const int day = std::min(static_cast<int>(f.day), last);
  const int64_t local = match::days_from_civil(year, f.month, day) * kSecondsPerDay + f.time_of_day();
  int64_t result = 0;
  if (__builtin_mul_overflow(zone->to_utc_lenient(local), kNanosPerSecond, &result) ||
      __builtin_add_overflow(result, f.nanos, &result))
    return std::nullopt;
  return result;
}

}  // namespace sluice::plugins::cef
