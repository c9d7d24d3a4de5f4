// Values as EDN text, in the form that Logstash's codec gives them.
#pragma once

#include "base/buffer.hpp"
#include "event/value.hpp"

namespace sluice::plugins::edn {

/// Appends `value`: maps with commas between their pairs, timestamps as ISO 8601 text, and whole numbers with
/// the suffix M.
void write(const Value& value, Buffer& out);

}  // namespace sluice::plugins::edn
