// Whom a listener lets in, and how much of one peer it takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string_view>

#include "net/address_list.hpp"

namespace sluice::net {

/// What a listener was told of its peers. Zero: no limit.
struct AccessRules {
  AddressList allowed{};  // empty: everybody
  size_t max_connections = 0;
  size_t max_connections_per_peer = 0;
  uint64_t peer_bytes_per_second = 0;

  [[nodiscard]] bool any() const {
    return !allowed.empty() || max_connections != 0 || max_connections_per_peer != 0 ||
           peer_bytes_per_second != 0;
  }
};

/// Why a connection or a datagram was not taken.
enum class Refusal : unsigned char { none, network, connections, peer_connections };
/// "is in none of the allowed networks", to stand behind the peer's address.
std::string_view refusal_text(Refusal refusal);

/// The rules applied. A peer is an IPv4 address or the /64 network of an IPv6 address, since one machine has
/// all of that. Remembers at most kPeers peers without a connection; used on one thread.
class PeerLimits {
 public:
  static constexpr size_t kPeers = 65536;

  explicit PeerLimits(AccessRules rules) : rules_(std::move(rules)) {}
  [[nodiscard]] const AccessRules& rules() const { return rules_; }

  /// A connection came; what is let in leaves later.
  Refusal enter(const Endpoint& peer);
  void leave(const Endpoint& peer);

  /// The peer has sent so many bytes. How long, in milliseconds, nothing more should be read of it.
  uint64_t spend(const Endpoint& peer, size_t bytes, uint64_t now_millis);
  /// Whether a datagram of so many bytes is taken.
  bool take(const Endpoint& peer, size_t bytes, uint64_t now_millis);

  /// Peers that are remembered.
  [[nodiscard]] size_t size() const { return peers_.size(); }

 private:
  struct Peer {
    size_t connections = 0;
    double credit = 0;  // bytes; below zero after a read that was larger
    uint64_t refilled_millis = 0;
    bool fresh = true;
  };
  Peer& refilled(const Endpoint& peer, uint64_t now_millis);
  void forget_idle(uint64_t now_millis);

  AccessRules rules_;
  size_t connections_ = 0;
  std::map<AddressBits, Peer> peers_;
};

}  // namespace sluice::net
