// A hash for tables whose keys come from outside.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

/// 64 bits that depend on every byte of `text`, and on a number drawn at the start of the process: who sends
/// the keys cannot know which of them meet. Differs from run to run, so it must not be stored.
uint64_t hash_bytes(std::string_view text);

}  // namespace sluice
