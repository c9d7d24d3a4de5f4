// The formats of the date filter's `match` as one thing: ISO8601, UNIX, UNIX_MS, TAI64N or a Joda-Time
// pattern.
//
//   auto format = DateFormat::compile("dd/MMM/yyyy:HH:mm:ss Z", {.timezone = "Europe/Berlin"});
//   auto nanos = format->parse("10/Oct/2000:13:55:36 -0700", nullptr, wall_nanos());
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.hpp"
#include "match/joda.hpp"

namespace sluice::match {

/// Options of the date filter that a format needs.
struct DateFormatOptions {
  std::string timezone{};  // empty: the machine's; a text with `%{` is left to parse()'s zone
  std::string locale{};    // BCP 47; empty: the machine's, with English tried too
};

/// One compiled format. Immutable; may be used by all threads at once.
class DateFormat {
 public:
  /// Refuses a bad pattern, an unknown timezone (naming the nearest) and an ill-formed locale.
  static Result<DateFormat> compile(std::string_view format, const DateFormatOptions& options = {});

  /// Nanoseconds since the epoch. `zone` replaces the option's zone when not null; `now` gives the year of
  /// texts without one.
  /// `clock`: as for JodaPattern::parse.
  [[nodiscard]] std::optional<int64_t> parse(std::string_view text, const TimeZone* zone, int64_t now,
                                             ClockDigits* clock = nullptr) const;
  /// Number sources: only UNIX and UNIX_MS take them.
  [[nodiscard]] std::optional<int64_t> parse(int64_t number) const;
  [[nodiscard]] std::optional<int64_t> parse(double number) const;

  /// True when the result can depend on the zone given to parse().
  [[nodiscard]] bool uses_zone() const { return kind_ == Kind::iso8601 || kind_ == Kind::joda; }
  /// True when the result can depend on the `now` given to parse().
  [[nodiscard]] bool uses_now() const { return kind_ == Kind::joda && pattern_->yearless(); }

 private:
  enum class Kind : uint8_t { iso8601, unix_seconds, unix_millis, tai64n, joda };
  Kind kind_ = Kind::iso8601;
  const TimeZone* zone_ = nullptr;
  const LocaleNames* locale_ = nullptr;
  bool english_too_ = false;
  std::optional<JodaPattern> pattern_;
};

}  // namespace sluice::match
