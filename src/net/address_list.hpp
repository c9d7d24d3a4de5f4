// Lists of IP networks: who may connect.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/endpoint.hpp"

namespace sluice::net {

/// An address with IPv4 written into IPv6, so that one comparison serves both.
using AddressBits = std::array<uint8_t, 16>;
AddressBits address_bits(const Endpoint& endpoint);

/// Networks such as "10.0.0.0/8", "2001:db8::/32", "192.168.1.7" or "localhost" (127.0.0.0/8 and ::1).
/// Immutable after parse().
class AddressList {
 public:
  AddressList() = default;
  /// The error names the entry that is no network.
  static Result<AddressList> parse(std::span<const std::string> entries);
  /// The addresses of this machine alone.
  static const AddressList& loopback();

  [[nodiscard]] bool empty() const { return networks_.empty(); }
  /// An IPv4 address that came over an IPv6 socket counts as the IPv4 address.
  [[nodiscard]] bool contains(const Endpoint& endpoint) const;

 private:
  struct Network {
    AddressBits bits;
    unsigned prefix;  // of 128
  };
  Status add(std::string_view entry);
  std::vector<Network> networks_;
};

}  // namespace sluice::net
