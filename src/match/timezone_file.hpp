// Where a zone's offsets come from: zoneinfo files (RFC 8536), POSIX rules ("CET-1CEST,M3.5.0,M10.5.0/3"),
// offsets.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "match/timezone.hpp"

namespace sluice::match {

/// Makes zones. Each function gives null when its source is no such thing.
class ZoneBuilder {
 public:
  static std::unique_ptr<TimeZone> from_offset(std::string id, int32_t seconds, std::string abbreviation);
  static std::unique_ptr<TimeZone> from_rule(std::string id, std::string_view rule);
  /// `bytes` of a TZif file, version 1 to 4.
  static std::unique_ptr<TimeZone> from_tzif(std::string id, std::string_view bytes);

 private:
  explicit ZoneBuilder(std::string id);
  uint8_t abbreviation(std::string_view text);
  void add(int64_t begin, int32_t offset, bool daylight, std::string_view abbreviation);
  bool add_rule_years(std::string_view rule, int64_t after);
  std::unique_ptr<TimeZone> finish();

  std::unique_ptr<TimeZone> zone_;
};

/// The folder of the zoneinfo files; empty when the machine has none.
const std::string& zoneinfo_folder();

/// A whole file, up to a sane size.
std::optional<std::string> read_zone_file(const std::string& path);

}  // namespace sluice::match
