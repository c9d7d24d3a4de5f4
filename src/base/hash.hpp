// A hash for tables whose keys come from outside.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sluice {

/// 64 bits that depend on every byte of `text`, and on a number drawn at the start of the process: who sends
/// the keys cannot know which of them meet. Differs from run to run, so it must not be stored.
uint64_t hash_bytes(std::string_view text);

/// The hash of a std::unordered_map whose keys come from outside; with std::equal_to<> a key can be looked up
/// without making a string of it.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return hash_bytes(text); }
};
template <class T>
using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

}  // namespace sluice
