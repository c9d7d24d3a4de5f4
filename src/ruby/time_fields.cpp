#include "ruby/time_fields.hpp"

#include <array>

#include "match/civil.hpp"
#include "match/timezone.hpp"

namespace sluice::ruby {
namespace {

using match::floor_div;
using match::floor_mod;
constexpr int64_t kNanos = match::kNanosPerSecond;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_letters(std::string_view text, std::string_view name) {
  if (text.size() < name.size()) return false;
  for (size_t i = 0; i < name.size(); ++i)
    if (lower(text[i]) != lower(name[i])) return false;
  return true;
}

template <size_t kSize>
int name_at(std::string_view text, const std::string_view (&names)[kSize], size_t& length) {
  for (size_t i = 0; i < kSize; ++i) {
    if (!same_letters(text, names[i].substr(0, 3))) continue;
    length = same_letters(text, names[i]) ? names[i].size() : 3;
    return static_cast<int>(i);
  }
  return -1;
}

struct NamedZone {
  std::string_view name;
  int32_t hours;
};
constexpr std::array<NamedZone, 14> kZones{{{"UTC", 0},
                                            {"GMT", 0},
                                            {"Z", 0},
                                            {"EST", -5},
                                            {"EDT", -4},
                                            {"CST", -6},
                                            {"CDT", -5},
                                            {"MST", -7},
                                            {"MDT", -6},
                                            {"PST", -8},
                                            {"PDT", -7},
                                            {"CET", 1},
                                            {"CEST", 2},
                                            {"JST", 9}}};

}  // namespace

const std::string_view kMonthNames[12] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};
const std::string_view kDayNames[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};

int month_at(std::string_view text, size_t& length) { return name_at(text, kMonthNames, length) + 1; }
int weekday_at(std::string_view text, size_t& length) { return name_at(text, kDayNames, length); }

TimeFields fields_of(const Moment& moment) {
  const int64_t seconds = floor_div(moment.nanos, kNanos) + moment.offset;
  const int64_t days = floor_div(seconds, match::kSecondsPerDay);
  const auto of_day = static_cast<int>(floor_mod(seconds, match::kSecondsPerDay));
  const auto date = match::civil_from_days(days);
  TimeFields f;
  f.year = date.year;
  f.month = date.month;
  f.day = date.day;
  f.hour = of_day / 3600;
  f.minute = of_day / 60 % 60;
  f.second = of_day % 60;
  f.nanos = static_cast<int32_t>(floor_mod(moment.nanos, kNanos));
  f.weekday = (match::weekday_from_days(days) + 1) % 7;
  f.year_day = static_cast<int>(days - match::days_from_civil(date.year, 1, 1)) + 1;
  return f;
}

Moment in_zone(int64_t nanos, Zone zone) {
  if (zone.kind == Zone::Kind::utc) return {nanos, 0, true};
  if (zone.kind == Zone::Kind::fixed) return {nanos, zone.offset, false};
  return {nanos, match::machine_timezone().offset_at(floor_div(nanos, kNanos)), false};
}

std::optional<Moment> moment_from(const TimeFields& f, Zone zone) {
  if (f.year < 1678 || f.year > 2261 || f.month < 1 || f.month > 12 || f.day < 1 || f.day > 31)
    return std::nullopt;
  if (f.hour < 0 || f.hour > 24 || f.minute < 0 || f.minute > 59 || f.second < 0 || f.second > 60)
    return std::nullopt;
  const int64_t local = match::days_from_civil(f.year, f.month, 1) * match::kSecondsPerDay +
                        (f.day - 1) * match::kSecondsPerDay + f.hour * 3600 + f.minute * 60 + f.second;
  int64_t utc = local;
  if (zone.kind == Zone::Kind::fixed) utc -= zone.offset;
  if (zone.kind == Zone::Kind::local) utc = match::machine_timezone().to_utc_lenient(local);
  return in_zone(utc * kNanos + f.nanos, zone);
}

std::optional<Zone> read_zone(std::string_view text) {
  size_t at = 0;
  int32_t seconds = 0;
  if (match::scan_offset(text, at, seconds) && at == text.size()) return Zone{Zone::Kind::fixed, seconds};
  for (const auto& zone : kZones) {
    if (text.size() != zone.name.size() || !same_letters(text, zone.name)) continue;
    if (zone.hours == 0) return Zone{Zone::Kind::utc, 0};
    return Zone{Zone::Kind::fixed, zone.hours * 3600};
  }
  return std::nullopt;
}

std::string zone_name(const Moment& moment) {
  if (moment.utc) return "UTC";
  const auto& machine = match::machine_timezone();
  const auto& period = machine.period_at(floor_div(moment.nanos, kNanos));
  return period.offset == moment.offset ? machine.abbreviation(period) : std::string();
}

void append_offset(int32_t seconds, int colons, std::string& out) {
  out += seconds < 0 ? '-' : '+';
  const int32_t s = seconds < 0 ? -seconds : seconds;
  const auto two = [&out](int32_t n) {
    out += static_cast<char>('0' + n / 10 % 10);
    out += static_cast<char>('0' + n % 10);
  };
  two(s / 3600);
  if (colons > 0) out += ':';
  two(s / 60 % 60);
  if (colons < 2) return;
  out += ':';
  two(s % 60);
}

}  // namespace sluice::ruby
