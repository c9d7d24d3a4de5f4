// IP addresses and networks, read as Ruby's IPAddr reads them.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::plugins::address {

/// An IPv4 or IPv6 address. IPv4 lies in the low 32 bits; every IPv4 address sorts before every IPv6 one.
struct IpAddress {
  bool v6 = false;
  uint64_t high = 0;
  uint64_t low = 0;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

/// A network, as its first and last address; of a single address both are the same.
struct IpRange {
  IpAddress first, last;
  friend bool operator==(const IpRange&, const IpRange&) = default;
  /// True when `inner` lies in this range with all of its addresses.
  [[nodiscard]] bool contains(const IpRange& inner) const {
    return first.v6 == inner.first.v6 && first <= inner.first && inner.last <= last;
  }
};

/// Reads `1.2.3.4`, `fe80::1`, `[fe80::1]`, `fe80::1%eth0`, `::ffff:1.2.3.4`, each also with a prefix
/// (`10.0.0.0/8`) or a netmask (`10.0.0.0/255.0.0.0`) behind it; the host bits of a network may be set.
/// Nothing for other texts, white space around included, and for numbers with leading zeros.
std::optional<IpRange> parse(std::string_view text);

/// `address` with all bits behind the prefix cleared; nothing when it has fewer bits than that.
std::optional<IpAddress> masked(const IpAddress& address, int64_t prefix);

/// Appends the address in its usual short form (RFC 5952).
void append(const IpAddress& address, std::string& out);

}  // namespace sluice::plugins::address
