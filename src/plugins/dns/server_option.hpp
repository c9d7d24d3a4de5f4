// The options `nameserver`, `timeout` and `max_retries`.
#pragma once

#include "plugin/setup.hpp"
#include "plugins/dns/resolver.hpp"

namespace sluice::plugins::dns {

/// Reads whom to ask and for how long, and reports what is wrong with it. True when `nameserver` names a
/// server.
bool read_servers(plugin::Setup& setup, ResolverSettings& settings);

}  // namespace sluice::plugins::dns
