// Values of a config as values of an event.
#pragma once

#include "base/arena.hpp"
#include "event/value.hpp"
#include "lang/ast.hpp"

namespace sluice::plugins {

/// The value as a plugin of Logstash sees it: numbers are numbers, words and strings are strings, hashes have
/// the order of a Java HashMap. All of it lies in `arena`.
Value config_value(const lang::Value& value, Arena& arena);

}  // namespace sluice::plugins
