// Times as numbers: seconds or milliseconds since the epoch, and TAI64N labels, read as the date filter does.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::match {

/// Seconds with up to three fraction digits used ("1350414944.123456"). Above 2147483647 nothing.
std::optional<int64_t> parse_unix(std::string_view text);
std::optional<int64_t> parse_unix(int64_t seconds);
std::optional<int64_t> parse_unix(double seconds);

/// Milliseconds. A double is cut to whole ones. Nothing when the time does not fit 64 bits of nanoseconds
/// (1677 to 2262).
std::optional<int64_t> parse_unix_ms(std::string_view text);
std::optional<int64_t> parse_unix_ms(int64_t millis);
std::optional<int64_t> parse_unix_ms(double millis);

/// `@4000000050d506482dbdf024`: optional @, 16 hex digits of seconds (2^62 is the epoch, 10 s behind), 8 of
/// nanoseconds. Text behind these is ignored. Result in whole milliseconds.
std::optional<int64_t> parse_tai64n(std::string_view text);

/// The Joda-Time range that fits: milliseconds to nanoseconds, nothing on overflow.
std::optional<int64_t> millis_to_nanos(int64_t millis);

}  // namespace sluice::match
