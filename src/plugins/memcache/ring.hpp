// Which of several memcached servers has a key: by the rule of Ruby's client, which Logstash uses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.hpp"

namespace sluice::memcache {

/// One server: a host with a port, or the path of a socket.
struct Server {
  std::string host;  // begins with a slash: a socket
  uint16_t port = 11211;
  unsigned weight = 1;

  [[nodiscard]] std::string text() const;
};

/// Reads "host", "host:port", "host:port:weight", "[::1]:port", "::1" and "/path". The error says what is
/// wrong.
Result<Server> parse_server(std::string_view text);

/// Immutable, shared by workers.
class Ring {
 public:
  explicit Ring(const std::vector<Server>& servers);
  /// The number of the server for `key` of those for which `alive(number)`; -1 when there is none.
  template <class F>
  int choose(std::string_view key, F&& alive) const {
    if (points_.empty()) return alive(0) ? 0 : -1;
    for (int attempt = -1; attempt < 20; ++attempt) {
      const int server = at(key, attempt);
      if (alive(server)) return server;
    }
    return -1;
  }

 private:
  [[nodiscard]] int at(std::string_view key, int attempt) const;
  std::vector<std::pair<uint32_t, int>> points_;  // empty: one server only
};

/// `key` as it is sent: behind the namespace, and with a hash for its end when it is too long. Empty when it
/// is blank.
std::string full_key(std::string_view name_space, std::string_view key);

}  // namespace sluice::memcache
