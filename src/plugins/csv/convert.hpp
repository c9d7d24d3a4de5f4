// The types that a column of a CSV text can be converted to, as Ruby's CSV library converts them.
#pragma once

#include <optional>
#include <string_view>

#include "event/value.hpp"

namespace sluice::plugins::csv {

enum class Conversion : uint8_t { none, integer, real, date, date_time, boolean };

/// The conversion named `integer`, `float`, `date`, `date_time` or `boolean`.
std::optional<Conversion> conversion_named(std::string_view name);

/// The value for `text`; what cannot be converted stays a text. `text` outlives the arena's contents.
Value convert(std::string_view text, Conversion conversion, Arena& arena);

}  // namespace sluice::plugins::csv
