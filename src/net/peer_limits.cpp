#include "net/peer_limits.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::net {
namespace {

AddressBits peer_key(const Endpoint& peer) {
  auto bits = address_bits(peer);
  const bool v4 = std::all_of(bits.begin(), bits.begin() + 10, [](uint8_t byte) { return byte == 0; }) &&
                  bits[10] == 0xff && bits[11] == 0xff;
  if (!v4) std::fill(bits.begin() + 8, bits.end(), uint8_t{0});
  return bits;
}

}  // namespace

std::string_view refusal_text(Refusal refusal) {
  switch (refusal) {
    case Refusal::network:
      return "it is in none of the allowed networks";
    case Refusal::connections:
      return "there are as many connections as may be";
    case Refusal::peer_connections:
      return "it has as many connections as one peer may have";
    case Refusal::none:
      break;
  }
  return "";
}

Refusal PeerLimits::enter(const Endpoint& peer) {
  if (!rules_.allowed.empty() && !rules_.allowed.contains(peer)) return Refusal::network;
  if (rules_.max_connections != 0 && connections_ >= rules_.max_connections) return Refusal::connections;
  if (rules_.max_connections_per_peer != 0) {
    auto& one = peers_[peer_key(peer)];
    if (one.connections >= rules_.max_connections_per_peer) return Refusal::peer_connections;
    ++one.connections;
  }
  ++connections_;
  return Refusal::none;
}

void PeerLimits::leave(const Endpoint& peer) {
  --connections_;
  const auto at = peers_.find(peer_key(peer));
  if (at == peers_.end() || at->second.connections == 0) return;
  // What a peer has spent outlives its connection: it could come again with full credit.
  if (--at->second.connections == 0 && rules_.peer_bytes_per_second == 0) peers_.erase(at);
}

PeerLimits::Peer& PeerLimits::refilled(const Endpoint& peer, uint64_t now_millis) {
  const auto key = peer_key(peer);
  if (peers_.size() >= kPeers && !peers_.contains(key)) forget_idle(now_millis);
  auto& one = peers_[key];
  const auto most = static_cast<double>(rules_.peer_bytes_per_second);
  if (one.fresh)
    one.credit = most;
  else if (now_millis > one.refilled_millis)
    one.credit =
        std::min(most, one.credit + most * static_cast<double>(now_millis - one.refilled_millis) / 1000);
  one.fresh = false;
  one.refilled_millis = std::max(one.refilled_millis, now_millis);
  return one;
}

// Makes room: first who has its credit back, and when that is nobody (forged senders) all without a
// connection.
void PeerLimits::forget_idle(uint64_t now_millis) {
  const auto rate = static_cast<double>(rules_.peer_bytes_per_second);
  std::erase_if(peers_, [&](const auto& entry) {
    const auto& one = entry.second;
    return one.connections == 0 &&
           one.credit + rate * static_cast<double>(now_millis - one.refilled_millis) / 1000 >= rate;
  });
  if (peers_.size() < kPeers) return;
  std::erase_if(peers_, [](const auto& entry) { return entry.second.connections == 0; });
}

uint64_t PeerLimits::spend(const Endpoint& peer, size_t bytes, uint64_t now_millis) {
  if (rules_.peer_bytes_per_second == 0) return 0;
  auto& one = refilled(peer, now_millis);
  one.credit -= static_cast<double>(bytes);
  if (one.credit >= 0) return 0;
  return static_cast<uint64_t>(
      std::ceil(-one.credit * 1000 / static_cast<double>(rules_.peer_bytes_per_second)));
}

bool PeerLimits::take(const Endpoint& peer, size_t bytes, uint64_t now_millis) {
  if (rules_.peer_bytes_per_second == 0) return true;
  auto& one = refilled(peer, now_millis);
  if (one.credit <= 0) return false;
  one.credit -= static_cast<double>(bytes);
  return true;
}

}  // namespace sluice::net
