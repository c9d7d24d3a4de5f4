// Values to JSON text.
#pragma once

#include <string_view>

#include "base/buffer.hpp"
#include "event/event.hpp"
#include "event/value.hpp"

namespace sluice {

/// Appends `text` in quotes. `plain`: known to need no escaping. Invalid UTF-8 becomes U+FFFD.
void write_json_string(std::string_view text, bool plain, Buffer& out);
/// Appends the JSON of `value`: timestamps as ISO 8601 strings, floats in Java's form, objects in their
/// order.
void write_json(const Value& value, Buffer& out);
/// Appends the event's fields as one object, without @metadata.
void write_json(const Event& event, Buffer& out);

}  // namespace sluice
