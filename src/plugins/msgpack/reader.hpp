// MessagePack objects to values.
#pragma once

#include <string_view>

#include "event/value.hpp"

namespace sluice::plugins::msgpack {

/// What an extension means to a reader.
enum class Extensions : uint8_t {
  refused,
  fluent_time,  // type 0 is Fluentd's EventTime, and becomes a timestamp; others are refused
};

/// Takes the object at the begin of `bytes` off it. Texts stay views of `bytes`, which must live as long as
/// `arena`'s contents; what is no UTF-8 in them becomes U+FFFD, and in binary the characters of ISO-8859-1.
/// False for objects that are cut off, nested too deeply, or extensions that are refused; `bytes` is then
/// anywhere.
bool read(std::string_view& bytes, Extensions extensions, Arena& arena, Value& out);

}  // namespace sluice::plugins::msgpack
