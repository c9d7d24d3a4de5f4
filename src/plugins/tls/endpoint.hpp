// The ssl_* options of what listens or connects itself, under today's names and those of older versions.
#pragma once

#include <memory>

#include "net/tls.hpp"
#include "plugin/setup.hpp"

namespace sluice::tls {

/// What the ssl_* options of a plugin come to.
struct Endpoint {
  std::shared_ptr<const net::TlsContext> context;  // null: plain, or an error was reported
  bool checks_peer = false;                        // the peer is asked for a certificate
};

/// Reads the options that the plugin's table has, checks them against one another, and loads certificates and
/// keys. Problems are reported at the option they come from.
Endpoint read_endpoint(plugin::Setup& setup, net::TlsRole role);

}  // namespace sluice::tls
