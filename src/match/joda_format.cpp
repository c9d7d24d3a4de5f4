// Writing with a Joda-Time pattern.
#include <algorithm>
#include <charconv>

#include "match/civil.hpp"
#include "match/joda.hpp"

namespace sluice::match {
namespace {

void append_number(std::string& out, int64_t value, size_t digits) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value < 0 ? -value : value).ptr;
  const auto size = static_cast<size_t>(end - buffer);
  if (value < 0) out += '-';
  if (size < digits) out.append(digits - size, '0');
  out.append(buffer, size);
}

// Milliseconds as `digits` fraction digits. Joda-Time's 64 bits end at 15 digits unless all are 0.
void append_fraction(std::string& out, int millis, size_t digits) {
  if (millis == 0) {
    out.append(digits, '0');
    return;
  }
  char buffer[3] = {static_cast<char>('0' + millis / 100), static_cast<char>('0' + millis / 10 % 10),
                    static_cast<char>('0' + millis % 10)};
  digits = std::min<size_t>(digits, 15);
  out.append(buffer, std::min<size_t>(digits, 3));
  if (digits > 3) out.append(digits - 3, '0');
}

void append_offset(std::string& out, int32_t seconds, bool colon) {
  out += seconds < 0 ? '-' : '+';
  if (seconds < 0) seconds = -seconds;
  append_number(out, seconds / 3600, 2);
  if (colon) out += ':';
  append_number(out, seconds / 60 % 60, 2);
}

// A time taken apart in a zone.
struct Parts {
  int64_t days;
  int millis_of_day;
  int32_t offset;
  bool daylight;
  Civil date;

  Parts(int64_t nanos, const TimeZone& zone) {
    const int64_t millis = floor_div(nanos, 1000000);
    const auto& period = zone.period_at(floor_div(millis, 1000));
    offset = period.offset;
    daylight = period.daylight;
    const int64_t local = millis + int64_t{offset} * 1000;
    days = floor_div(local, kMillisPerDay);
    millis_of_day = static_cast<int>(local - days * kMillisPerDay);
    date = civil_from_days(days);
  }
  [[nodiscard]] int hour() const { return millis_of_day / 3600000; }
};

int64_t value_of(JodaField field, const Parts& parts) {
  const int hour = parts.hour();
  switch (field) {
    case JodaField::era:
      return parts.date.year > 0 ? 1 : 0;
    case JodaField::century:
      return (parts.date.year > 0 ? parts.date.year : -parts.date.year) / 100;
    case JodaField::year:
      return parts.date.year;
    case JodaField::year_of_era:
      return parts.date.year > 0 ? parts.date.year : 1 - parts.date.year;
    case JodaField::weekyear:
      return iso_week_from_days(parts.days).year;
    case JodaField::month:
      return parts.date.month;
    case JodaField::week:
      return iso_week_from_days(parts.days).week;
    case JodaField::day_of_year:
      return parts.days - days_from_civil(parts.date.year, 1, 1) + 1;
    case JodaField::day_of_month:
      return parts.date.day;
    case JodaField::day_of_week:
      return weekday_from_days(parts.days) + 1;
    case JodaField::halfday:
      return hour / 12;
    case JodaField::hour_of_day:
      return hour;
    case JodaField::clockhour_of_day:
      return hour == 0 ? 24 : hour;
    case JodaField::hour_of_halfday:
      return hour % 12;
    case JodaField::clockhour_of_halfday:
      return hour % 12 == 0 ? 12 : hour % 12;
    case JodaField::minute:
      return parts.millis_of_day / 60000 % 60;
    case JodaField::second:
      return parts.millis_of_day / 1000 % 60;
    default:
      return 0;
  }
}

std::string_view word_of(JodaField field, bool full, int64_t value, const LocaleNames& locale) {
  NameField name = NameField::month;
  int index = static_cast<int>(value);
  if (field == JodaField::era)
    name = NameField::era;
  else if (field == JodaField::halfday)
    name = NameField::halfday;
  else
    --index;  // months and weekdays count from 1
  if (field == JodaField::day_of_week) name = NameField::weekday;
  return full ? locale.full(name, index) : locale.abbreviated(name, index);
}

void append_zone_name(std::string& out, const TimeZone& zone, int64_t nanos, bool full,
                      const LocaleNames& locale) {
  const auto& period = zone.period_at(floor_div(nanos, kNanosPerSecond));
  if (full)
    out += long_zone_name(zone, period.daylight, locale);
  else
    out += zone.abbreviation(period);
}

}  // namespace

void JodaPattern::format(int64_t nanos, const TimeZone& zone, const LocaleNames& locale,
                         std::string& out) const {
  const Parts parts(nanos, zone);
  for (const auto& step : steps_) {
    using Form = JodaStep::Form;
    switch (step.field) {
      case JodaField::literal:
        out.append(literals_, step.literal_at, step.literal_size);
        continue;
      case JodaField::fraction:
        append_fraction(out, parts.millis_of_day % 1000, step.min_digits);
        continue;
      case JodaField::zone_offset:
        append_offset(out, parts.offset, step.colon);
        continue;
      case JodaField::zone_id:
        out += zone.id();
        continue;
      case JodaField::zone_name:
        append_zone_name(out, zone, nanos, step.form == Form::full_text, locale);
        continue;
      default:
        break;
    }
    const int64_t value = value_of(step.field, parts);
    switch (step.form) {
      case Form::number:
        append_number(out, value, step.min_digits);
        break;
      case Form::two_digit_year:
      case Form::lenient_two_digit_year:
        append_number(out, (value < 0 ? -value : value) % 100, 2);
        break;
      case Form::short_text:
      case Form::full_text:
        out += word_of(step.field, step.form == Form::full_text, value, locale);
        break;
    }
  }
}

}  // namespace sluice::match
