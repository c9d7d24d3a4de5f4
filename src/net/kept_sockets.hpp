// Listening sockets that outlive their owner: what listens again on the same address takes them over, so that
// no client is refused in between.
#pragma once

#include "net/endpoint.hpp"

namespace sluice::net {

/// While one lives, the listening TCP sockets and the bound UDP sockets that the process had when it was made
/// stay open in the system, and connections and datagrams wait in them. Who listens on the address of one,
/// with a port that is not 0, gets it. One at a time; any thread.
class KeptSockets {
 public:
  KeptSockets();
  /// Closes those that nobody took over.
  ~KeptSockets();
  KeptSockets(const KeptSockets&) = delete;
  KeptSockets& operator=(const KeptSockets&) = delete;
};

/// For listeners: the kept socket of `type` (SOCK_STREAM, SOCK_DGRAM) at `address`, whose descriptor the
/// caller owns from then on; -1: there is none.
int take_kept_socket(int type, const Endpoint& address);
/// For listeners: `fd` is bound to `address`, as it was asked for.
void socket_opened(int type, const Endpoint& address, int fd);
/// For listeners, before they close it.
void socket_closing(int fd);

}  // namespace sluice::net
