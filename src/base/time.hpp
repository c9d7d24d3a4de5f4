// Clocks and durations. The wall clock is a seam: tests may replace it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice {

/// Nanoseconds since 1970-01-01T00:00:00Z.
int64_t wall_nanos();
/// Nanoseconds of a clock that never jumps.
int64_t steady_nanos();

/// Makes wall_nanos() answer what `source` does; null restores the system's clock. For tests.
void set_wall_clock(int64_t (*source)());

/// Milliseconds of "5s", "100 ms", "2 minutes", "48 hours", "1 week", "14 days" or a bare number of
/// `unit_millis` (Logstash's durations).
std::optional<int64_t> parse_duration_millis(std::string_view text, int64_t unit_millis);

/// Bytes of "64mb", "10 MiB", "1024" (Logstash's sizes: kb, mb, gb are powers of 1024, as kib, mib, gib are).
std::optional<int64_t> parse_bytes(std::string_view text);

}  // namespace sluice
