// What a plain word of YAML stands for.
#pragma once

#include <string_view>

#include "event/value.hpp"

namespace sluice::plugins::translate {

/// By the rules of YAML 1.1 as Ruby has them: `yes`, `0x1F`, `1_000`, `12:30`, `:symbol`. The text is copied
/// to `arena`.
Value yaml_scalar(std::string_view text, Arena& arena);

/// By the simpler rules of yaml_load_strategy => streaming: null, true, false, digits.
Value simple_yaml_scalar(std::string_view text, Arena& arena);

}  // namespace sluice::plugins::translate
