// What an event is called for ever: the same whenever its source sends it again.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/digest/digest.hpp"

namespace sluice::plugins::digest {

/// 128 bits of the SHA-256 of some texts: nobody can make an event with the name of another one. For the
/// inputs, when an output asks for it (plugin::Start::name_events). Used by one thread at a time.
class EventDigest {
 public:
  /// The texts that tell the event from all others; where one ends and the next begins counts.
  EventDigest& add(std::string_view text);
  /// The digest of what was added since the last call. Its first half is never 0.
  std::array<uint64_t, 2> finish();

 private:
  std::optional<Hasher> hasher_;  // made when first needed: every connection has one of these
  std::string text_;
};

}  // namespace sluice::plugins::digest
