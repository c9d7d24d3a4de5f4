// Whole files: read for set-up and reloads, replaced where state is saved.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace sluice {

class Env;

/// The bytes of a file; of one that is longer than `limit`, the first `limit` + 1. The error says why there
/// are none ("Is a directory") and leaves the path to the caller. Never throws; blocks while it reads.
Result<std::string> read_file(const std::string& path, size_t limit = SIZE_MAX - 1);

/// Makes `bytes` the contents of the file, which need not exist, in one step: whatever stops the process or
/// the machine, it holds the old bytes or the new. Returns when the new ones survive a loss of power.
/// `path`.tmp is used on the way. Errors are the system's words without the path.
Status replace_file(Env& env, const std::string& path, std::string_view bytes);

}  // namespace sluice
