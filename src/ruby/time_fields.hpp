// Moments as dates and times of day, for Ruby's Time.
#pragma once

#include <mruby.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ruby/value.hpp"

namespace sluice::ruby {

/// A moment in its own offset.
struct TimeFields {
  int64_t year = 1970;
  int month = 1;  // 1..12
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int32_t nanos = 0;
  int weekday = 0;   // 0 = Sunday
  int year_day = 1;  // 1..366
};
TimeFields fields_of(const Moment& moment);

/// Where a moment is counted from: UTC, the machine's zone, or a fixed offset.
struct Zone {
  enum class Kind : uint8_t { utc, local, fixed };
  Kind kind = Kind::local;
  int32_t offset = 0;
};
/// Fields as a moment of `zone`. Nothing when the year is outside of 1678..2261, or a field out of range.
std::optional<Moment> moment_from(const TimeFields& fields, Zone zone);
/// The same moment with another zone.
Moment in_zone(int64_t nanos, Zone zone);

/// "+09:00", "-0530", "UTC", "Z", "CEST". Nothing for other texts.
std::optional<Zone> read_zone(std::string_view text);
/// "UTC", "CET"; empty for a fixed offset.
std::string zone_name(const Moment& moment);

/// Ruby's strftime.
void append_time(const Moment& moment, std::string_view format, std::string& out);
/// Ruby's strptime: nothing when the text is not of the format. `otherwise` is for texts without a zone,
/// `now` gives the date when it is missing.
std::optional<Moment> read_time(std::string_view text, std::string_view format, Zone otherwise, int64_t now);
/// Ruby's Time.parse: looks for a date, a time and a zone in free text.
std::optional<Moment> guess_time(std::string_view text, Zone otherwise, int64_t now);

/// "+0200", or with `colons` "+02:00" and "+02:00:00".
void append_offset(int32_t seconds, int colons, std::string& out);

/// 1..12 for the name of a month (three letters or all of them) that `text` starts with, and its length; 0.
int month_at(std::string_view text, size_t& length);
/// 0..6 (Sunday first) for a day's name; -1.
int weekday_at(std::string_view text, size_t& length);

extern const std::string_view kMonthNames[12];
extern const std::string_view kDayNames[7];

}  // namespace sluice::ruby
