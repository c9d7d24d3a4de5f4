// The budget of searches that have no option for it, and the count of those that spent theirs.
#pragma once

#include <cstdint>

#include "match/regex.hpp"

namespace sluice::match {

/// regex.timeout: what conditions, gsub and everything else without a timeout of its own give one search. Ten
/// seconds before it is set. Thread-safe.
Budget standard_budget();
void set_standard_budget(int64_t millis);

/// Searches of this process that ended because their budget was spent. Thread-safe.
uint64_t search_timeouts();
/// Counts one; for Regex.
void count_search_timeout();

}  // namespace sluice::match
