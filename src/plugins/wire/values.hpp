// Values out of binary protocols.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.hpp"
#include "event/value.hpp"

namespace sluice::plugins::wire {

/// Text as it is when it is UTF-8; else each byte is a character, as in Latin-1. The bytes are copied.
Value text_value(std::string_view bytes, Arena& arena);

/// An integer, as a decimal when it is above the signed 64 bits.
Value unsigned_value(uint64_t number, Arena& arena);

}  // namespace sluice::plugins::wire
