// The part of the library that is written in Ruby (prelude/*.rb), as bytecode.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::ruby {

extern const uint8_t kPrelude[];
extern const size_t kPreludeSize;

}  // namespace sluice::ruby
