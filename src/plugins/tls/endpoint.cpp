#include "plugins/tls/endpoint.hpp"

#include <string>
#include <vector>

namespace sluice::tls {
namespace {

using plugin::Setup;

bool given(const Setup& setup, std::string_view name) {
  return setup.options.knows(name) && setup.options.given(name);
}

/// The name under which the config gives an option: the new one, an old one, or the new one when neither is
/// there.
std::string_view written_name(Setup& setup, std::string_view name,
                              std::initializer_list<std::string_view> old_names) {
  for (const auto old : old_names) {
    if (!given(setup, old)) continue;
    if (given(setup, name))
      setup.error(old, "E0307",
                  "`" + std::string(old) + "` and `" + std::string(name) + "` say the same thing twice",
                  "Keep `" + std::string(name) + "` and remove the old name.");
    return old;
  }
  return name;
}

net::ClientAuth client_auth(std::string_view text) {
  if (text == "required" || text == "force_peer" || text == "true") return net::ClientAuth::required;
  if (text == "optional" || text == "peer") return net::ClientAuth::optional;
  return net::ClientAuth::none;
}

void warn_unused(Setup& setup, std::string_view enabled_name) {
  for (const auto& entry : setup.options.entries()) {
    const auto name = entry.option->name;
    const bool concerns_tls = name.starts_with("ssl_") || name.starts_with("tls_") || name == "cipher_suites";
    if (!entry.given || !concerns_tls || name == "ssl_enabled" || name == "ssl_enable" ||
        name == "ssl_peer_metadata")
      continue;
    setup.warning(name, "W0308", "`" + std::string(name) + "` has no effect without ssl_enabled => true",
                  "Set " + std::string(enabled_name) + " => true, or remove `" + std::string(name) + "`.");
  }
}

std::vector<std::string> protocols(Setup& setup) {
  if (given(setup, "ssl_supported_protocols")) return setup.options.strings("ssl_supported_protocols");
  const bool bounded = given(setup, "tls_min_version") || given(setup, "tls_max_version");
  if (!bounded) return setup.options.strings("ssl_supported_protocols");
  const double low = given(setup, "tls_min_version") ? setup.options.number("tls_min_version") : 1.1;
  const double high = given(setup, "tls_max_version") ? setup.options.number("tls_max_version") : 1.3;
  std::vector<std::string> all;
  constexpr std::pair<double, const char*> kVersions[] = {
      {1.1, "TLSv1.1"}, {1.2, "TLSv1.2"}, {1.3, "TLSv1.3"}};
  for (const auto& [version, name] : kVersions)
    if (version > low - 0.05 && version < high + 0.05) all.emplace_back(name);
  if (all.empty())
    setup.error(given(setup, "tls_min_version") ? "tls_min_version" : "tls_max_version", "E0306",
                "no TLS version lies between tls_min_version and tls_max_version",
                "Write ssl_supported_protocols => [\"TLSv1.2\", \"TLSv1.3\"].");
  return all;
}

void read_server(Setup& setup, net::TlsConfig& config, std::string_view certificate_name) {
  const auto& options = setup.options;
  if (given(setup, "ssl_verification_mode"))
    setup.error("ssl_verification_mode", "E0307", "`ssl_verification_mode` is for mode => \"client\"",
                "A server checks its clients with `ssl_client_authentication`.");
  if (config.certificate.empty())
    setup.error({}, "E0308", "An `ssl_certificate` is required when `ssl_enabled` => true",
                "Add ssl_certificate => \"/path/to/server.crt\" and ssl_key => \"/path/to/server.key\".");
  (void)certificate_name;
  const auto name = written_name(setup, "ssl_client_authentication", {"ssl_verify", "ssl_verify_mode"});
  config.client_authentication = client_auth(options.string(name));
  if (options.given(name) && config.client_authentication != net::ClientAuth::none &&
      config.certificate_authorities.empty())
    setup.error(name, "E0308",
                "`ssl_certificate_authorities` is required when `" + std::string(name) + "` => `" +
                    options.string(name) + "`",
                "Add ssl_certificate_authorities => [\"/path/to/ca.crt\"].");
}

void read_client(Setup& setup, net::TlsConfig& config) {
  if (given(setup, "ssl_client_authentication"))
    setup.error("ssl_client_authentication", "E0307", "`ssl_client_authentication` is for mode => \"server\"",
                "A client checks the server with `ssl_verification_mode`.");
  const auto name = written_name(setup, "ssl_verification_mode", {"ssl_verify"});
  const auto mode = setup.options.string(name);
  config.verify_server = mode != "none" && mode != "false";
}

}  // namespace

Endpoint read_endpoint(Setup& setup, net::TlsRole role) {
  const auto& options = setup.options;
  const size_t errors = setup.diagnostics.error_count();
  const auto enabled = written_name(setup, "ssl_enabled", {"ssl", "ssl_enable"});
  Endpoint result;
  if (!options.boolean(enabled)) {
    warn_unused(setup, "ssl_enabled");
    return result;
  }
  net::TlsConfig config;
  const auto certificate = written_name(setup, "ssl_certificate", {"ssl_cert"});
  config.certificate = options.string(certificate);
  config.key = options.string("ssl_key");
  config.key_passphrase = options.string("ssl_key_passphrase");
  const auto authorities = written_name(setup, "ssl_certificate_authorities", {"ssl_cacert"});
  config.certificate_authorities = options.strings(authorities);
  if (options.knows("ssl_extra_chain_certs"))
    config.extra_chain_certificates = options.strings("ssl_extra_chain_certs");
  config.protocols = protocols(setup);
  config.cipher_suites = options.strings(written_name(setup, "ssl_cipher_suites", {"cipher_suites"}));
  if (options.knows("ssl_handshake_timeout"))
    config.handshake_timeout_millis = static_cast<uint32_t>(options.integer("ssl_handshake_timeout"));
  if (!config.certificate.empty() && config.key.empty())
    setup.error(certificate, "E0308", "Using an `ssl_certificate` requires an `ssl_key`",
                "Add ssl_key => \"/path/to/server.key\".");
  if (config.certificate.empty() && !config.key.empty())
    setup.error("ssl_key", "E0308", "An `ssl_certificate` is required when using an `ssl_key`",
                "Add ssl_certificate => \"/path/to/server.crt\".");
  if (role == net::TlsRole::server)
    read_server(setup, config, certificate);
  else
    read_client(setup, config);
  result.checks_peer = role == net::TlsRole::server ? config.client_authentication != net::ClientAuth::none
                                                    : config.verify_server;
  if (setup.diagnostics.error_count() != errors) return result;
  auto context = net::TlsContext::build(config, role);
  if (context.ok())
    result.context = std::move(context).value();
  else
    setup.error(config.certificate.empty() ? authorities : certificate, "E0305", context.message());
  return result;
}

}  // namespace sluice::tls
