// An IP address with a port, in 28 bytes, cheap to compare and to print.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace sluice::net {

/// One end of a TCP connection or of a datagram. Default: no address.
class Endpoint {
 public:
  static constexpr size_t kTextSize = 64;

  Endpoint() { raw_.v6 = {}; }
  /// From what the system says; anything but IPv4 and IPv6 gives an empty endpoint.
  explicit Endpoint(const sockaddr* address);
  /// From a numeric address such as "127.0.0.1" or "::1"; "localhost" is taken as 127.0.0.1.
  static Result<Endpoint> parse(std::string_view address, uint16_t port);

  [[nodiscard]] bool known() const { return raw_.v4.sin_family != AF_UNSPEC; }
  [[nodiscard]] bool v6() const { return raw_.v4.sin_family == AF_INET6; }
  [[nodiscard]] uint16_t port() const { return ntohs(raw_.v4.sin_port); }
  /// "127.0.0.1", "::1", "fe80::1%eth0"; IPv4 addresses mapped into IPv6 are shown as IPv4.
  [[nodiscard]] std::string address() const;
  /// The same, written into `buffer` without allocating.
  std::string_view address(char (&buffer)[kTextSize]) const;
  /// "127.0.0.1:5044" or "[::1]:5044".
  [[nodiscard]] std::string text() const;

  [[nodiscard]] const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&raw_); }
  friend bool operator==(const Endpoint& a, const Endpoint& b);
  [[nodiscard]] size_t hash() const;

 private:
  union {
    sockaddr_in v4;
    sockaddr_in6 v6;
  } raw_;
};

}  // namespace sluice::net
