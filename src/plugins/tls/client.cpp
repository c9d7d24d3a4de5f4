#include "plugins/tls/client.hpp"

#include "net/tls.hpp"

namespace sluice::tls {
namespace {

using plugin::Setup;

void refuse_jks(Setup& setup, std::string_view type_option, std::string_view path_option,
                const std::string& path) {
  const std::string type = setup.options.string(type_option);
  const bool jks = type == "jks" || (type.empty() && path.ends_with(".jks"));
  if (jks)
    setup.error(
        type.empty() ? path_option : type_option, "E0306", "A Java key store (jks) can be read by Java only",
        "Convert it: keytool -importkeystore -srckeystore x.jks -destkeystore x.p12 -deststoretype pkcs12");
}

void check_pairs(Setup& setup, const net::HttpClientOptions& client, const KeyStores& stores) {
  if (client.certificate.empty() != client.key.empty())
    setup.error(client.key.empty() ? "ssl_certificate" : "ssl_key", "E0308",
                "`ssl_certificate` and `ssl_key` need one another",
                "Name both: the client certificate and its private key, PEM files.");
  refuse_jks(setup, "ssl_keystore_type", "ssl_keystore_path", stores.keystore_path);
  refuse_jks(setup, "ssl_truststore_type", "ssl_truststore_path", stores.truststore_path);
  if (!stores.keystore_path.empty() && !client.certificate.empty())
    setup.error("ssl_keystore_path", "E0307",
                "`ssl_keystore_path` and `ssl_certificate` exclude one another");
  if (!stores.truststore_path.empty() && !client.certificate_authorities.empty())
    setup.error("ssl_truststore_path", "E0307",
                "`ssl_truststore_path` and `ssl_certificate_authorities` exclude one another");
}

}  // namespace

std::string_view either(Setup& setup, std::string_view name, std::string_view former) {
  if (!setup.options.given(former)) return name;
  if (setup.options.given(name))
    setup.error(former, "E0307",
                "`" + std::string(former) + "` is the former name of `" + std::string(name) + "`: use one",
                "Remove `" + std::string(former) + "`.");
  return former;
}

void read_client(Setup& setup, net::HttpClientOptions& client, KeyStores& stores,
                 std::span<const FormerName> former) {
  const auto& options = setup.options;
  const auto written = [&](std::string_view name) {
    for (const auto& one : former)
      if (one.name == name) return either(setup, name, one.former);
    return name;
  };
  const auto verification = options.string(written("ssl_verification_mode"));
  client.verify_server = verification != "none" && verification != "false";
  client.certificate_authorities = options.strings(written("ssl_certificate_authorities"));
  client.certificate = options.string("ssl_certificate");
  client.key = options.string("ssl_key");
  client.protocols = options.strings("ssl_supported_protocols");
  client.cipher_suites = options.strings("ssl_cipher_suites");
  for (const auto& name : client.cipher_suites)
    if (net::openssl_cipher_name(name).empty())
      setup.error("ssl_cipher_suites", "E0306", "The cipher suite `" + name + "` is not known");
  stores.keystore_path = options.string(written("ssl_keystore_path"));
  stores.keystore_password = options.string(written("ssl_keystore_password"));
  stores.truststore_path = options.string(written("ssl_truststore_path"));
  stores.truststore_password = options.string(written("ssl_truststore_password"));
  check_pairs(setup, client, stores);
}

void check_strictly(Setup& setup, const KeyStores& stores) {
  const auto& options = setup.options;
  if (options.strings("ssl_certificate_authorities").size() > 1)
    setup.error("ssl_certificate_authorities", "E0306",
                "Several `ssl_certificate_authorities` are not supported by this plugin",
                "Put the certificates one behind another into one PEM file.");
  if (stores.keystore_path.empty() && options.given("ssl_keystore_password"))
    setup.error("ssl_keystore_password", "E0308", "`ssl_keystore_password` needs `ssl_keystore_path`",
                "Add ssl_keystore_path => \"/path/to/client.p12\".");
  if (stores.truststore_path.empty() && options.given("ssl_truststore_password"))
    setup.error("ssl_truststore_password", "E0308", "`ssl_truststore_password` needs `ssl_truststore_path`",
                "Add ssl_truststore_path => \"/path/to/authorities.p12\".");
}

void read_fingerprint(Setup& setup, net::HttpClientOptions& client) {
  const auto fingerprints = setup.options.strings("ca_trusted_fingerprint");
  if (fingerprints.empty()) return;
  if (fingerprints.size() > 1)
    setup.error("ca_trusted_fingerprint", "E0306", "Only one fingerprint can be trusted",
                "List several authorities with ssl_certificate_authorities instead.");
  client.ca_trusted_fingerprint = fingerprints.front();
  std::erase(client.ca_trusted_fingerprint, ':');
  if (client.ca_trusted_fingerprint.size() != 64 ||
      client.ca_trusted_fingerprint.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
    setup.error("ca_trusted_fingerprint", "E0306",
                "A fingerprint is the SHA-256 of a certificate: 64 hexadecimal digits");
}

}  // namespace sluice::tls
