// The options with which an input that listens says whom it lets in.
#pragma once

#include <memory>
#include <string_view>

#include "net/peer_limits.hpp"
#include "plugin/metrics.hpp"
#include "plugin/option.hpp"
#include "plugin/setup.hpp"

namespace sluice::plugins {

/// Of everything that listens.
inline constexpr plugin::Option kAccessOptions[] = {
    {"allowed_networks", plugin::Type::array, "[]",
     "Addresses and networks (10.0.0.0/8) of the peers that are let in; everybody when empty. Sluice only."},
    {"peer_bytes_per_second", plugin::Type::bytes, "0",
     "What is taken of one peer (an IPv4 address, or the /64 network of an IPv6 address); 0: no limit. "
     "Sluice "
     "only."},
};

/// Of what has connections, besides.
inline constexpr plugin::Option kConnectionOptions[] = {
    {"max_connections", plugin::Type::number, "0",
     "The most connections at a time; 0: no limit. Sluice only."},
    {"max_connections_per_peer", plugin::Type::number, "0",
     "The most connections of one peer at a time; 0: no limit. Sluice only."},
};

/// Reads the options that the plugin's table has; problems are reported at theirs.
net::AccessRules read_access(plugin::Setup& setup);

/// Counts what is refused in `connections_refused` and logs it, at most once in ten seconds. For the
/// listener's on_refused; the metrics outlive it.
std::function<void(const net::Endpoint&, net::Refusal)> refusal_log(std::string_view logger,
                                                                    plugin::PluginMetrics& metrics);

}  // namespace sluice::plugins
