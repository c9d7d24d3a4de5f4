// The ssl_* options of the network inputs, under today's names and those of older versions.
#pragma once

#include <memory>

#include "net/tls.hpp"
#include "plugin/setup.hpp"

namespace sluice::plugins {

/// What the ssl_* options of an input come to.
struct TlsSetup {
  std::shared_ptr<const net::TlsContext> context;  // null: plain, or an error was reported
  bool checks_peer = false;                        // the peer is asked for a certificate
};

/// Reads the options that the plugin's table has, checks them against one another, and loads certificates and
/// keys. Problems are reported at the option they come from.
TlsSetup read_tls_options(plugin::Setup& setup, net::TlsRole role);

}  // namespace sluice::plugins
