// Setting calendar fields one after the other on a local time, in Joda-Time's order and with its adjustments.
// Only patterns with unusual fields (weeks, eras, a field twice) need this; see joda_parse.cpp for the
// others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "match/joda.hpp"

namespace sluice::match {

struct JodaValue {
  JodaField field;
  int32_t value;
};

/// Sorts the first `count` of `values` (one more place must be free, for the year of texts without one) and
/// sets them on 1970-01-01T00:00. False: a value is out of its range.
bool set_joda_fields(std::span<JodaValue> values, size_t count, int64_t& local_millis);

/// A local time moved to another year as Joda-Time does: 29 February becomes 28 February in common years.
int64_t with_year(int64_t local_millis, int64_t year);

}  // namespace sluice::match
