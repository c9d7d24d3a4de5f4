#include "match/joda_fields.hpp"

#include <algorithm>

#include "match/civil.hpp"

namespace sluice::match {
namespace {

// Fields in the order in which they are set: the longer what a field counts within, then the field itself,
// the earlier.
int rank(JodaField field) {
  switch (field) {
    case JodaField::era:
      return 0;
    case JodaField::century:
      return 1;
    case JodaField::year:
    case JodaField::year_of_era:
    case JodaField::weekyear:
      return 2;
    case JodaField::month:
      return 3;
    case JodaField::week:
      return 4;
    case JodaField::day_of_year:
      return 5;
    case JodaField::day_of_month:
      return 6;
    case JodaField::day_of_week:
      return 7;
    case JodaField::halfday:
      return 8;
    case JodaField::hour_of_day:
    case JodaField::clockhour_of_day:
      return 9;
    case JodaField::hour_of_halfday:
    case JodaField::clockhour_of_halfday:
      return 10;
    case JodaField::minute:
      return 11;
    case JodaField::second:
      return 12;
    default:
      return 13;
  }
}

class LocalTime {
 public:
  [[nodiscard]] int64_t millis() const { return days_ * kMillisPerDay + in_day_; }

  // Sets a field, keeping the smaller ones; `floor` then puts these to their begin.
  bool set(JodaValue v, bool floor) {
    if (rank(v.field) >= rank(JodaField::halfday)) return set_time(v, floor);
    if (rank(v.field) <= rank(JodaField::weekyear)) {
      if (!set_year_like(v, floor)) return false;
    } else if (!set_day(v, floor)) {
      return false;
    }
    if (floor) in_day_ = 0;
    return true;
  }

 private:
  static bool within(int64_t value, int64_t low, int64_t high) { return value >= low && value <= high; }

  bool set_year(int64_t year) {
    if (!year_fits(year)) return false;
    const int64_t moved = with_year(days_ * kMillisPerDay, year);
    days_ = floor_div(moved, kMillisPerDay);
    return true;
  }

  bool set_year_like(JodaValue v, bool floor) {
    const int64_t year = civil_from_days(days_).year;
    switch (v.field) {
      case JodaField::era:
        if ((year > 0) != (v.value == 1) && !set_year(-year)) return false;
        if (floor) days_ = days_from_civil(v.value == 1 ? 1 : -1, 1, 1);
        return true;
      case JodaField::century: {
        if (v.value < 0) return false;
        const int64_t in_century = (year < 0 ? -year : year) % 100;
        if (!set_year(v.value * int64_t{100} + (floor ? 0 : in_century))) return false;
        break;
      }
      case JodaField::year_of_era:
        if (v.value < 1 || !set_year(year > 0 ? v.value : 1 - int64_t{v.value})) return false;
        break;
      case JodaField::weekyear:
        return set_weekyear(v.value, floor);
      default:
        if (!set_year(v.value)) return false;
        break;
    }
    if (floor) days_ = days_from_civil(civil_from_days(days_).year, 1, 1);
    return true;
  }

  bool set_weekyear(int64_t year, bool floor) {
    if (!year_fits(year)) return false;
    const int week = std::min(iso_week_from_days(days_).week, iso_weeks_in_year(year));
    const int weekday = weekday_from_days(days_);
    days_ = iso_year_start(year) + (floor ? 0 : (week - 1) * 7 + weekday);
    return true;
  }

  bool set_day(JodaValue v, bool floor) {
    const Civil date = civil_from_days(days_);
    switch (v.field) {
      case JodaField::month:
        if (!within(v.value, 1, 12)) return false;
        days_ = days_from_civil(date.year, v.value,
                                floor ? 1 : std::min(date.day, days_in_month(date.year, v.value)));
        return true;
      case JodaField::week: {
        const IsoWeek now = iso_week_from_days(days_);
        if (!within(v.value, 1, iso_weeks_in_year(now.year))) return false;
        days_ += (v.value - now.week) * 7;
        if (floor) days_ -= weekday_from_days(days_);
        return true;
      }
      case JodaField::day_of_year:
        if (!within(v.value, 1, leap_year(date.year) ? 366 : 365)) return false;
        days_ = days_from_civil(date.year, 1, 1) + v.value - 1;
        return true;
      case JodaField::day_of_month:
        if (!within(v.value, 1, days_in_month(date.year, date.month))) return false;
        days_ += v.value - date.day;
        return true;
      default:  // day_of_week
        if (!within(v.value, 1, 7)) return false;
        days_ += v.value - 1 - weekday_from_days(days_);
        return true;
    }
  }

  // A field of the time: it counts `unit` milliseconds, `size` of them make the next larger one.
  bool set_unit(int64_t value, int64_t unit, int64_t size, bool floor) {
    if (!within(value, 0, size - 1)) return false;
    const int64_t old = in_day_ / unit % size;
    in_day_ += (value - old) * unit;
    if (floor) in_day_ -= in_day_ % unit;
    return true;
  }

  bool set_time(JodaValue v, bool floor) {
    constexpr int64_t kHour = 3600000;
    switch (v.field) {
      case JodaField::halfday:
        return set_unit(v.value, 12 * kHour, 2, floor);
      case JodaField::hour_of_day:
        return set_unit(v.value, kHour, 24, floor);
      case JodaField::clockhour_of_day:
        return within(v.value, 1, 24) && set_unit(v.value % 24, kHour, 24, floor);
      case JodaField::hour_of_halfday:
        return set_unit(v.value, kHour, 12, floor);
      case JodaField::clockhour_of_halfday:
        return within(v.value, 1, 12) && set_unit(v.value % 12, kHour, 12, floor);
      case JodaField::minute:
        return set_unit(v.value, 60000, 60, floor);
      case JodaField::second:
        return set_unit(v.value, 1000, 60, floor);
      default:
        return set_unit(v.value, 1, 1000, floor);
    }
  }

  int64_t days_ = 0;
  int64_t in_day_ = 0;
};

}  // namespace

int64_t with_year(int64_t local_millis, int64_t year) {
  const int64_t days = floor_div(local_millis, kMillisPerDay);
  const Civil date = civil_from_days(days);
  int64_t day_of_year = days - days_from_civil(date.year, 1, 1) + 1;
  if (day_of_year > 31 + 28) {
    if (leap_year(date.year) && !leap_year(year))
      --day_of_year;
    else if (!leap_year(date.year) && leap_year(year))
      ++day_of_year;
  }
  return (days_from_civil(year, 1, 1) + day_of_year - 1) * kMillisPerDay +
         (local_millis - days * kMillisPerDay);
}

bool set_joda_fields(std::span<JodaValue> values, size_t count, int64_t& local_millis) {
  const auto earlier = [](const JodaValue& a, const JodaValue& b) { return rank(a.field) < rank(b.field); };
  // An insertion sort keeps equal fields in order and needs no memory; there are few of them.
  for (size_t i = 1; i < count; ++i)
    for (size_t j = i; j > 0 && earlier(values[j], values[j - 1]); --j) std::swap(values[j], values[j - 1]);
  if (count > 0 && rank(values[0].field) >= rank(JodaField::month) &&
      rank(values[0].field) <= rank(JodaField::day_of_week)) {
    for (size_t i = count; i > 0; --i) values[i] = values[i - 1];
    values[0] = {JodaField::year, 2000};
    ++count;
  }
  LocalTime time;
  for (size_t i = 0; i < count; ++i)
    if (!time.set(values[i], true)) return false;
  for (size_t i = 0; i < count; ++i)
    if (!time.set(values[i], i + 1 == count)) return false;
  local_millis = time.millis();
  return true;
}

}  // namespace sluice::match
