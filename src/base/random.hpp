// Numbers that no other process draws.
#pragma once

#include <cstdint>

namespace sluice {

/// 64 bits from the system's source of randomness. Thread-safe; a system call, and so not for hot paths.
uint64_t random_number();

}  // namespace sluice
