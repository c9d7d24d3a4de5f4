// ISO 8601 times, read and written without allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "match/timezone.hpp"

namespace sluice::match {

/// Reads an event's `@timestamp` text: `yyyy-MM-dd`, or that with `THH:mm[:ss[.fraction of 1 to 9 digits]]`
/// and an optional offset (`Z`, `+hh`, `+hhmm`, `+hh:mm`); without one it is local to the machine. T and Z in
/// any case; 24:00:00 is the next midnight; a day behind the month's end (up to 31) is its last day. Anything
/// else: nothing.
std::optional<int64_t> parse_event_timestamp(std::string_view text);

/// As above, with the zone for texts that have no offset.
std::optional<int64_t> parse_event_timestamp(std::string_view text, const TimeZone& zone);

/// Reads what the date filter calls ISO8601: Joda-Time's dateTimeParser (dates, ordinal dates, week dates,
/// with or without a time of any precision), then `yyyy-MM-dd HH:mm:ss` with `.SSS` or `,SSS` and an optional
/// offset. `zone` is for texts without an offset. Result in whole milliseconds, as nanoseconds since the
/// epoch.
std::optional<int64_t> parse_iso8601(std::string_view text, const TimeZone& zone);

/// Bytes that format_iso8601 may write.
inline constexpr size_t kIso8601Size = 35;

/// Writes `2026-11-21T02:53:47.687Z`: 3 fraction digits, or 6, or 9 when needed. Returns the length; no NUL.
size_t format_iso8601(int64_t nanos, char* out);

}  // namespace sluice::match
