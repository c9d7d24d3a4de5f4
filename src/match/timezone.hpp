// Time zones by name or offset, read from the system's zoneinfo files when one is first asked for.
//
//   auto zone = find_timezone("Europe/Berlin");      // Result: an unknown name says what it may have meant
//   int64_t utc = 0;
//   if ((*zone)->to_utc(local_seconds, utc)) ...     // false inside a daylight-saving gap
//
// UTC and fixed offsets need no files. The files are read here (RFC 8536) and not through a library because
// the rule in a file's last line, which holds for all years after its table, has to be followed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"

namespace sluice::match {

/// A stretch of time during which a zone's offset does not change: [begin, end) in UTC seconds.
struct ZonePeriod {
  int64_t begin;
  int64_t end;
  int32_t offset;  // seconds east of UTC
  bool daylight;
  uint8_t abbreviation;  // index for TimeZone::abbreviation
};

/// One time zone. Immutable, shared by all threads, lives as long as the process.
class TimeZone {
 public:
  /// "Europe/Berlin", "UTC", or "+02:00" for a fixed offset.
  [[nodiscard]] const std::string& id() const { return id_; }
  /// True when the offset never changes; fixed_offset() is it then, in seconds.
  [[nodiscard]] bool fixed() const { return periods_.size() == 1; }
  [[nodiscard]] int32_t fixed_offset() const { return periods_.front().offset; }
  /// True when the zone was given as an offset (or is UTC): its name is no name of a place.
  [[nodiscard]] bool is_offset() const { return offset_zone_; }

  /// The period that holds `utc` (seconds since the epoch).
  [[nodiscard]] const ZonePeriod& period_at(int64_t utc) const;
  /// Seconds east of UTC at `utc`.
  [[nodiscard]] int32_t offset_at(int64_t utc) const {
    return fixed() ? fixed_offset() : period_at(utc).offset;
  }

  /// UTC of a local time. False inside a gap; in an overlap the earlier instant (the summer time) is taken.
  bool to_utc(int64_t local, int64_t& utc) const;
  /// The same, but a time inside a gap is moved forward by the gap's length.
  [[nodiscard]] int64_t to_utc_lenient(int64_t local) const;

  /// "CET", "CEST", "UTC"; for an offset its id.
  [[nodiscard]] const std::string& abbreviation(const ZonePeriod& period) const;

 private:
  friend class ZoneBuilder;
  [[nodiscard]] const ZonePeriod* locate_local(int64_t local) const;

  std::string id_;
  std::vector<ZonePeriod> periods_;  // without holes, first begins at INT64_MIN, last ends at INT64_MAX
  std::vector<std::string> abbreviations_;
  bool offset_zone_ = false;
  uint32_t serial_ = 0;  // never given twice: what threads remember of a zone is found by it
};

/// The zone UTC. Needs no files.
const TimeZone& utc_zone();

/// A zone by id: `UTC`, a name of the system's zoneinfo ("Europe/Berlin", "EST5EDT"), or an offset as
/// Joda-Time has them: `+02`, `+0200`, `+02:00`, `+02:00:30`. The error names the nearest known zone.
/// Thread-safe; a zone is read once.
Result<const TimeZone*> find_timezone(std::string_view id);

/// The same without words: null when there is no such zone. Made for ids that come with events: a thread's
/// last ids are found again without a lock.
const TimeZone* lookup_timezone(std::string_view id);

/// The machine's zone: the variable TZ (a name, an offset, a POSIX rule or a file), else /etc/localtime, else
/// UTC. Determined once.
const TimeZone& machine_timezone();

/// All known zone names, sorted. Empty but for UTC's names when zoneinfo is missing.
const std::vector<std::string>& timezone_names();

/// The longest known zone name that `text` starts with; empty when there is none.
std::string_view longest_timezone_prefix(std::string_view text);

/// Reads `+02`, `+0200`, `+02:00`, `-02:00:30` (sign, two digits a part) at `text[at]` as Joda-Time does and
/// moves `at` behind it; false leaves `at` as it was. `seconds` loses a fraction of the offset.
bool scan_offset(std::string_view text, size_t& at, int32_t& seconds);

}  // namespace sluice::match
