// Dates as Elasticsearch reads, rounds and writes them. A date is a count of milliseconds since 1970 in UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::match {
class TimeZone;
}

namespace sluice::index {

/// A time zone: a fixed offset or a named region.
struct Zone {
  int64_t offset_ms = 0;
  const match::TimeZone* region = nullptr;
  std::string name = "Z";

  /// "Z", "UTC", "+01:00", "-0530", "Europe/Berlin"; nothing when unknown.
  static std::optional<Zone> parse(std::string_view text);
  /// Milliseconds to add to UTC at the moment `utc`.
  [[nodiscard]] int64_t offset_at(int64_t utc) const;
  /// The moment that the wall-clock reading `local` names (the earlier one where it names two; the end of the
  /// gap where it names none).
  [[nodiscard]] int64_t to_utc(int64_t local) const;
};

/// The formats of a date field or a request: alternatives tried in order.
struct DateFormats {
  std::vector<std::string> patterns = {"strict_date_optional_time", "epoch_millis"};
  /// Splits "a||b"; nothing (and `unknown` says which) when one of them is not supported.
  static std::optional<DateFormats> parse(std::string_view text, std::string& unknown);
};

/// A date text to milliseconds. `round_up` fills what is missing with the latest moment ("2024" -> its last
/// millisecond). Nothing when no format fits.
std::optional<int64_t> parse_date(std::string_view text, const DateFormats& formats, bool round_up = false,
                                  const Zone& zone = {});

/// As parse_date, with date math: "now-1d/d", "2024-01-01||+1M/d". `now` in milliseconds.
std::optional<int64_t> parse_date_math(std::string_view text, const DateFormats& formats, int64_t now,
                                       bool round_up = false, const Zone& zone = {});

/// True for texts that dynamic mapping takes for dates.
bool looks_like_date(std::string_view text);

/// 2024-01-02T03:04:05.678Z, or with the zone's offset.
std::string format_date(int64_t ms, const Zone& zone = {});
/// With a named format (strict_date_optional_time, epoch_millis, epoch_second, ...) or a pattern of the
/// letters y u M d H m s S and X x Z; nothing when the format is not supported.
std::optional<std::string> format_date(int64_t ms, std::string_view format, const Zone& zone = {});

/// Calendar steps of date_histogram and of date math.
enum class CalendarUnit { second, minute, hour, day, week, month, quarter, year };
/// The start of the unit that the wall-clock reading `local` lies in; weeks start on Monday.
int64_t floor_local(int64_t local, CalendarUnit unit);
/// The wall-clock reading `count` units later; days past a month's end become its last.
int64_t add_local(int64_t local, CalendarUnit unit, int64_t count);

/// Milliseconds of "30s", "5m", "1.5h" ... in Elasticsearch's time units (ms, s, m, h, d); nothing when not
/// one.
std::optional<int64_t> parse_time_value(std::string_view text);

}  // namespace sluice::index
