// The strings and numbers of JSON text.
#pragma once

#include <string_view>

#include "event/value.hpp"

namespace sluice {

/// Resolves the escapes of a JSON string's `body` (what stands between its quotes) into `out`, which has room
/// for as many bytes; a lone surrogate becomes U+FFFD. One past the last byte written; null: a bad escape.
char* unescape_json(std::string_view body, char* out);

/// A number. False when `token` is none of JSON's. Whole numbers that do not fit int64, and numbers beyond a
/// double, become decimals with a copy of their text.
bool read_json_number(std::string_view token, Arena& arena, Value& out);

}  // namespace sluice
