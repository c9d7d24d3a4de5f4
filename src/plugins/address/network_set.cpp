#include "plugins/address/network_set.hpp"

#include <algorithm>

namespace sluice::plugins::address {

void NetworkSet::seal() {
  std::sort(networks_.begin(), networks_.end(), [](const IpRange& a, const IpRange& b) {
    return a.first != b.first ? a.first < b.first : a.last > b.last;
  });
  size_t kept = 0;
  for (const auto& network : networks_)
    if (kept == 0 || !networks_[kept - 1].contains(network)) networks_[kept++] = network;
  networks_.resize(kept);
}

bool NetworkSet::contains(const IpRange& range) const {
  const auto behind = std::upper_bound(
      networks_.begin(), networks_.end(), range.first,
      [](const IpAddress& address, const IpRange& network) { return address < network.first; });
  return behind != networks_.begin() && std::prev(behind)->contains(range);
}

}  // namespace sluice::plugins::address
