// E-mail and IP addresses in a text.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "plugins/address/ip_address.hpp"

namespace sluice::plugins::mask {

/// The bytes of the at sign at `at`: 1, 3 for `%40` (as URLs write it), 0 when there is none.
inline size_t at_sign(std::string_view text, size_t at) {
  if (text[at] == '@') return 1;
  return text.substr(at, 3) == "%40" ? 3 : 0;
}

/// An e-mail address as its first byte and the one behind its last; empty (both 0) when there is none.
struct EmailPlace {
  size_t begin = 0, end = 0;
};
/// The address around the at sign of `sign` bytes at `at`; it begins at `low` at the earliest.
EmailPlace email_around(std::string_view text, size_t at, size_t sign, size_t low);

/// Where the IP address ends that begins at `begin`; 0: none does. What stands before `low` is no part of it.
size_t ip_at(std::string_view text, size_t begin, size_t low);

/// The address that ip_at() has found, as a whole text. IPv4 may have leading zeros, as padded logs do.
std::optional<address::IpAddress> read_ip(std::string_view text);

}  // namespace sluice::plugins::mask
