#include "plugins/inputs/access.hpp"

#include "base/log.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

size_t count(plugin::Setup& setup, std::string_view name) {
  if (!setup.options.knows(name)) return 0;
  const int64_t value = setup.options.integer(name, 0);
  if (value >= 0 && value <= INT32_MAX) return static_cast<size_t>(value);
  setup.error(name, "E0306", std::string(name) + " must be between 0 and 2147483647");
  return 0;
}

}  // namespace

net::AccessRules read_access(plugin::Setup& setup) {
  net::AccessRules rules;
  auto allowed = net::AddressList::parse(setup.options.strings("allowed_networks"));
  if (allowed.ok())
    rules.allowed = std::move(allowed).value();
  else
    setup.error("allowed_networks", "E0306", allowed.message());
  rules.max_connections = count(setup, "max_connections");
  rules.max_connections_per_peer = count(setup, "max_connections_per_peer");
  const int64_t rate = setup.options.bytes("peer_bytes_per_second");
  if (rate < 0) setup.error("peer_bytes_per_second", "E0306", "peer_bytes_per_second must not be negative");
  rules.peer_bytes_per_second = static_cast<uint64_t>(std::max<int64_t>(rate, 0));
  return rules;
}

std::function<void(const net::Endpoint&, net::Refusal)> refusal_log(std::string_view logger,
                                                                    plugin::PluginMetrics& metrics) {
  return [logger = std::string(logger), &refused = metrics.counter("connections_refused"),
          limiter = WarningLimiter()](const net::Endpoint& peer, net::Refusal refusal) mutable {
    refused.add();
    uint64_t suppressed = 0;
    if (limiter.allow(suppressed))
      log::warn(logger, "Refused a connection",
                {{"peer", peer.text()}, {"reason", net::refusal_text(refusal)}, {"suppressed", suppressed}});
  };
}

}  // namespace sluice::plugins
