// Times in cron's notation.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "match/timezone.hpp"

namespace sluice::jdbc {

/// "MINUTE HOUR DAY MONTH WEEKDAY", with seconds before it or not, and with a time zone behind it or not; or
/// @hourly,
/// @daily and the like. Immutable.
class Schedule {
 public:
  /// The error says what is wrong.
  static Result<Schedule> parse(std::string_view text);

  /// The first such time after `after`, in seconds of UTC; -1 when there is none within nine years.
  [[nodiscard]] int64_t next(int64_t after) const;

 private:
  // Numbers up to 59, as bits.
  uint64_t seconds_ = 1, minutes_ = 0, hours_ = 0, days_ = 0, months_ = 0, weekdays_ = 0;
  bool any_day_ = false, any_weekday_ = false;
  const match::TimeZone* zone_ = nullptr;
};

}  // namespace sluice::jdbc
