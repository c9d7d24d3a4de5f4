// The values of memcached as Ruby programs, Logstash among them, keep them: Ruby's Marshal format 4.8.
#pragma once

#include <string>
#include <string_view>

#include "base/status.hpp"
#include "event/value.hpp"

namespace sluice::memcache {

/// Appends the dump of `value`. An error for what Ruby would not dump either: times.
Status dump(const Value& value, std::string& out);

/// Reads a dump of texts, numbers, booleans, lists and hashes; symbols become texts. Copies go to `arena`. An
/// error for damaged dumps, for other classes and for values that are nested too deeply.
Status load(std::string_view bytes, Arena& arena, Value& out);

}  // namespace sluice::memcache
