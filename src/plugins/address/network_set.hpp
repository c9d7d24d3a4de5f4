// Many networks, asked whether one of them holds an address.
#pragma once

#include <vector>

#include "plugins/address/ip_address.hpp"

namespace sluice::plugins::address {

/// A set of networks. add() them, then seal(), then ask; sealed it is immutable and safe for all threads.
class NetworkSet {
 public:
  void add(const IpRange& network) { networks_.push_back(network); }
  /// Sorts the networks and drops those that lie inside another.
  void seal();
  /// True when one network holds all of `range`: a binary search.
  [[nodiscard]] bool contains(const IpRange& range) const;
  /// How many networks are kept.
  [[nodiscard]] size_t size() const { return networks_.size(); }

 private:
  // Networks nest or are apart, so those that are kept do not overlap and one at most can hold an address.
  std::vector<IpRange> networks_;
};

}  // namespace sluice::plugins::address
