// The ssl_* options of plugins that are HTTP clients (the rows in tls/options.hpp).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "net/http_client.hpp"
#include "plugin/setup.hpp"

namespace sluice::tls {

/// PKCS#12 files, opened at start only.
struct KeyStores {
  std::string keystore_path, keystore_password;
  std::string truststore_path, truststore_password;
  std::string_view keystore_option = "ssl_keystore_path";  // what errors name

  [[nodiscard]] bool empty() const { return keystore_path.empty() && truststore_path.empty(); }
};

/// An option and a name that it had before, which the plugin's table still knows.
struct FormerName {
  std::string_view name, former;
};

/// The name under which the config gives an option: `name` or `former`. Both written is an error.
std::string_view either(plugin::Setup& setup, std::string_view name, std::string_view former);

/// Reads the rows of kClientOptions and checks them against one another. Problems are reported at their
/// option.
void read_client(plugin::Setup& setup, net::HttpClientOptions& client, KeyStores& stores,
                 std::span<const FormerName> former = {});

/// Refuses what Logstash's filters refuse: several authorities, and passwords without their store.
void check_strictly(plugin::Setup& setup, const KeyStores& stores);

/// `ca_trusted_fingerprint`, for the plugins that have it.
void read_fingerprint(plugin::Setup& setup, net::HttpClientOptions& client);

/// Opens the key store and trust store, if any are named, and points `client` at their contents, which live
/// in anonymous memory of this process only. Errors name option, file and reason.
Status open_key_stores(const KeyStores& stores, net::HttpClientOptions& client);

}  // namespace sluice::tls
