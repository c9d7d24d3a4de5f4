// Whole files, for set-up and for reloads.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.hpp"

namespace sluice {

/// The bytes of a file; of one that is longer than `limit`, the first `limit` + 1. The error says why there are
/// none ("Is a directory") and leaves the path to the caller. Never throws; blocks while it reads.
Result<std::string> read_file(const std::string& path, size_t limit = SIZE_MAX - 1);

}  // namespace sluice
