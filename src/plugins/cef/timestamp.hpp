// The times of CEF: milliseconds since the epoch, or `MMM dd[ yyyy] HH:mm:ss[.fraction][ zone]`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "match/locale_names.hpp"
#include "match/timezone.hpp"

namespace sluice::plugins::cef {

/// A zone as a CEF time names it: an id, `Z`, `+02:00`, `UTC+2`, or an abbreviation such as PST. Null when
/// there is none.
const match::TimeZone* find_zone(std::string_view text, const match::LocaleNames& locale);

/// Reads times. Immutable; may be used by all threads at once.
class TimestampReader {
 public:
  /// `english_too`: months may be English besides the locale's.
  TimestampReader(const match::LocaleNames& locale, bool english_too, const match::TimeZone& zone)
      : locale_(locale), english_too_(english_too), zone_(zone) {}

  /// Nanoseconds since the epoch. `device_zone` is the message's own zone, read only when it is needed.
  /// A time without a year is the one nearest to `now` that is not more than two days ahead.
  [[nodiscard]] std::optional<int64_t> read(std::string_view text,
                                            std::optional<std::string_view> device_zone, int64_t now) const;

 private:
  struct Fields;
  bool scan(std::string_view text, Fields& fields) const;
  size_t scan_month(std::string_view text, int& month) const;

  const match::LocaleNames& locale_;
  bool english_too_;
  const match::TimeZone& zone_;
};

}  // namespace sluice::plugins::cef
