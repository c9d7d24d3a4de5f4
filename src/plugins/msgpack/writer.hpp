// Values to MessagePack.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/buffer.hpp"
#include "event/value.hpp"

namespace sluice::plugins::msgpack {

void write_array_header(uint32_t size, Buffer& out);
void write_text(std::string_view text, Buffer& out);
void write_integer(int64_t value, Buffer& out);
/// Fluentd's EventTime: an extension of type 0 with seconds and nanoseconds.
void write_event_time(int64_t nanos, Buffer& out);
/// Any value: timestamps as ISO 8601 text, whole numbers in the shortest form, other numbers as doubles.
void write(const Value& value, Buffer& out);

}  // namespace sluice::plugins::msgpack
