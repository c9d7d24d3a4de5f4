// Days and dates of the proleptic Gregorian calendar. Source of the two algorithms: Howard Hinnant,
// "chrono-Compatible Low-Level Date Algorithms", https://howardhinnant.github.io/date_algorithms.html
#pragma once

#include <cstdint>

namespace sluice::match {

inline constexpr int64_t kSecondsPerDay = 86400;
inline constexpr int64_t kMillisPerDay = 86400000;
inline constexpr int64_t kNanosPerSecond = 1000000000;

/// No year further from 0 is taken from a text: its milliseconds would not fit 64 bits. (Joda-Time's end is
/// near it.)
inline constexpr int64_t kLastYear = 290000000;

struct Civil {
  int64_t year;
  int month;  // 1..12
  int day;    // 1..31
};

constexpr int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
constexpr int64_t floor_mod(int64_t a, int64_t b) { return a - floor_div(a, b) * b; }

constexpr bool year_fits(int64_t year) { return year >= -kLastYear && year <= kLastYear; }

constexpr bool leap_year(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

constexpr int days_in_month(int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && leap_year(year) ? 29 : kDays[month - 1];
}

/// Days since 1970-01-01.
constexpr int64_t days_from_civil(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<uint64_t>(year - era * 400);
  const auto day_of_year =
      static_cast<uint64_t>((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1);
  const uint64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + static_cast<int64_t>(day_of_era) - 719468;
}

constexpr Civil civil_from_days(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto day_of_era = static_cast<uint32_t>(days - era * 146097);
  const uint32_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint32_t shifted = (5 * day_of_year + 2) / 153;
  const int month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0), month,
          static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1)};
}

/// 0 = Monday .. 6 = Sunday.
constexpr int weekday_from_days(int64_t days) { return static_cast<int>(floor_mod(days + 3, 7)); }

/// Day of the Monday of ISO week 1 of a year.
constexpr int64_t iso_year_start(int64_t year) {
  const int64_t january4 = days_from_civil(year, 1, 4);
  return january4 - weekday_from_days(january4);
}

struct IsoWeek {
  int64_t year;
  int week;  // 1..53
};

constexpr IsoWeek iso_week_from_days(int64_t days) {
  int64_t year = civil_from_days(days).year;
  if (days >= iso_year_start(year + 1))
    ++year;
  else if (days < iso_year_start(year))
    --year;
  return {year, static_cast<int>((days - iso_year_start(year)) / 7 + 1)};
}

constexpr int iso_weeks_in_year(int64_t year) {
  return static_cast<int>((iso_year_start(year + 1) - iso_year_start(year)) / 7);
}

}  // namespace sluice::match
