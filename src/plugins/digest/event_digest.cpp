#include "plugins/digest/event_digest.hpp"

#include <cstring>

namespace sluice::plugins::digest {

EventDigest& EventDigest::add(std::string_view text) {
  const uint64_t size = text.size();
  text_.append(reinterpret_cast<const char*>(&size), sizeof size);
  text_.append(text);
  return *this;
}

std::array<uint64_t, 2> EventDigest::finish() {
  std::array<uint64_t, 2> halves{};
  if (!hasher_) hasher_.emplace(Hash::sha256);
  const auto bytes = (*hasher_)(text_);
  if (bytes.size() >= sizeof halves) std::memcpy(halves.data(), bytes.data(), sizeof halves);
  if (halves[0] == 0) halves[0] = 1;
  text_.clear();
  return halves;
}

}  // namespace sluice::plugins::digest
