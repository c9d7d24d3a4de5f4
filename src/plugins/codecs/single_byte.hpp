// Character sets of one byte a character.
#pragma once

#include <span>
#include <string_view>

namespace sluice::plugins {

/// One set: ASCII below 0x80, and 128 characters from there on.
struct SingleByteSet {
  std::string_view name;  // Ruby's
  const char16_t* upper;
};

extern const std::span<const SingleByteSet> kIsoAndWindowsSets;
extern const std::span<const SingleByteSet> kDosAndMacSets;

}  // namespace sluice::plugins
