#include "net/endpoint.hpp"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace sluice::net {

Endpoint::Endpoint(const sockaddr* address) : Endpoint() {
  if (address == nullptr) return;
  if (address->sa_family == AF_INET) {
    std::memcpy(&raw_.v4, address, sizeof raw_.v4);
    std::memset(raw_.v4.sin_zero, 0, sizeof raw_.v4.sin_zero);
  } else if (address->sa_family == AF_INET6) {
    std::memcpy(&raw_.v6, address, sizeof raw_.v6);
  }
}

Result<Endpoint> Endpoint::parse(std::string_view address, uint16_t port) {
  Endpoint endpoint;
  if (address == "localhost") address = "127.0.0.1";
  std::string text(address);
  std::string zone;
  if (const auto at = text.find('%'); at != std::string::npos) {
    zone = text.substr(at + 1);
    text.resize(at);
  }
  if (inet_pton(AF_INET, text.c_str(), &endpoint.raw_.v4.sin_addr) == 1 && zone.empty()) {
    endpoint.raw_.v4.sin_family = AF_INET;
    endpoint.raw_.v4.sin_port = htons(port);
    return endpoint;
  }
  endpoint = Endpoint();
  if (inet_pton(AF_INET6, text.c_str(), &endpoint.raw_.v6.sin6_addr) == 1) {
    endpoint.raw_.v6.sin6_family = AF_INET6;
    endpoint.raw_.v6.sin6_port = htons(port);
    if (!zone.empty()) endpoint.raw_.v6.sin6_scope_id = if_nametoindex(zone.c_str());
    return endpoint;
  }
  return Status::config("'" + std::string(address) + "' is not an IP address");
}

std::string_view Endpoint::address(char (&buffer)[kTextSize]) const {
  buffer[0] = 0;
  if (raw_.v4.sin_family == AF_INET) {
    inet_ntop(AF_INET, &raw_.v4.sin_addr, buffer, sizeof buffer);
    return buffer;
  }
  if (raw_.v6.sin6_family != AF_INET6) return {};
  const in6_addr& address = raw_.v6.sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    inet_ntop(AF_INET, &address.s6_addr[12], buffer, sizeof buffer);
    return buffer;
  }
  inet_ntop(AF_INET6, &address, buffer, sizeof buffer);
  size_t length = std::strlen(buffer);
  char name[IF_NAMESIZE];
  if (raw_.v6.sin6_scope_id != 0 && if_indextoname(raw_.v6.sin6_scope_id, name) != nullptr) {
    buffer[length++] = '%';
    const size_t count = std::min(std::strlen(name), sizeof buffer - length - 1);
    std::memcpy(buffer + length, name, count);
    length += count;
    buffer[length] = 0;
  }
  return {buffer, length};
}

std::string Endpoint::address() const {
  char buffer[kTextSize];
  return std::string(address(buffer));
}

std::string Endpoint::text() const {
  if (!known()) return "?";
  const std::string host = address();
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port());
}

bool operator==(const Endpoint& a, const Endpoint& b) {
  if (a.raw_.v4.sin_family != b.raw_.v4.sin_family || a.raw_.v4.sin_port != b.raw_.v4.sin_port) return false;
  if (!a.v6()) return a.raw_.v4.sin_addr.s_addr == b.raw_.v4.sin_addr.s_addr;
  return a.raw_.v6.sin6_scope_id == b.raw_.v6.sin6_scope_id &&
         std::memcmp(&a.raw_.v6.sin6_addr, &b.raw_.v6.sin6_addr, sizeof(in6_addr)) == 0;
}

size_t Endpoint::hash() const {
  const std::string_view bytes =
      v6() ? std::string_view(reinterpret_cast<const char*>(&raw_.v6.sin6_addr), sizeof(in6_addr))
           : std::string_view(reinterpret_cast<const char*>(&raw_.v4.sin_addr), sizeof(in_addr));
  return std::hash<std::string_view>{}(bytes)*31 + port();
}

}  // namespace sluice::net
