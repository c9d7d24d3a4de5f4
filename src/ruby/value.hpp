// Values between events and Ruby.
#pragma once

#include <mruby.h>

#include <optional>

#include "event/value.hpp"

namespace sluice::ruby {

/// How deep arrays and hashes may lie in one another before a conversion is refused.
inline constexpr int kMaxDepth = 500;

/// A Ruby copy of `value`: nothing is shared with the event. May raise.
mrb_value to_ruby(mrb_state* mrb, const Value& value, int depth = 0);

/// A copy of a Ruby value in `arena`. Symbols become strings and Time a timestamp; raises TypeError for what
/// an event cannot hold, as Logstash does.
Value from_ruby(mrb_state* mrb, mrb_value value, Arena& arena, int depth = 0);

/// A point in time as both Time and LogStash::Timestamp hold it (inside of their objects).
struct Moment {
  int64_t nanos;
  int32_t offset;  // seconds east of UTC; of Time
  bool utc;        // Time#utc? (written "UTC", not "+0000")
};
/// That of a Time or LogStash::Timestamp; null for any other value.
Moment* moment_of(mrb_state* mrb, mrb_value value);
mrb_value new_timestamp(mrb_state* mrb, int64_t nanos);
mrb_value new_time(mrb_state* mrb, Moment moment);

/// mruby keeps floats without the two lowest bits. Of the four doubles that a stored one may stand for, the
/// one with the shortest text: 0.1 is 0.1 again. A result of up to 13 digits is also found when arithmetic
/// has left it some units in the last place away.
double repaired(double stored);
/// The double with the shortest text within a few units in the last place.
double nearest_short(double value);

}  // namespace sluice::ruby
