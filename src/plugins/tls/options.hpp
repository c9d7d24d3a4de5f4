// Rows of the option tables that everything that speaks TLS has.
#pragma once

#include "plugin/option.hpp"

namespace sluice::tls {

/// Of everything that opens or accepts connections itself (see tls/endpoint.hpp).
inline constexpr plugin::Option kEndpointOptions[] = {
    {"ssl_enabled", plugin::Type::boolean, "false", "Speaks TLS."},
    {"ssl_certificate", plugin::Type::path, {}, "The own certificate, a PEM file; may hold the chain."},
    {"ssl_key", plugin::Type::path, {}, "The key of the certificate, a PEM file."},
    {"ssl_key_passphrase", plugin::Type::password, {}, "The passphrase of the key."},
    {"ssl_cipher_suites", plugin::Type::string, "[]",
     "The cipher suites, by Java's or OpenSSL's names, the best first.", plugin::kList},
};

/// Of inputs, besides.
inline constexpr plugin::Option kListenerOptions[] = {
    {"ssl_certificate_authorities", plugin::Type::array, "[]",
     "Authorities (PEM files) that the peer's certificate is checked against."},
};

/// Of HTTP clients (see tls/client.hpp).
inline constexpr plugin::Option kClientOptions[] = {
    {"ssl_verification_mode", plugin::Type::string, "\"full\"",
     "Whether the server's certificate and name are checked.", 0, "full|none"},
    {"ssl_certificate_authorities",
     plugin::Type::path,
     {},
     "PEM files of the authorities that the server's certificate may come from.",
     plugin::kList},
    {"ssl_certificate", plugin::Type::path, {}, "A client certificate, PEM."},
    {"ssl_key", plugin::Type::path, {}, "Its private key, PEM."},
    {"ssl_keystore_path", plugin::Type::path, {}, "Client certificate and key in one PKCS#12 file."},
    {"ssl_keystore_type", plugin::Type::string, {}, "The type of that file.", 0, "pkcs12|jks"},
    {"ssl_keystore_password", plugin::Type::password, {}, "Its password."},
    {"ssl_truststore_path", plugin::Type::path, {}, "Authorities in a PKCS#12 file."},
    {"ssl_truststore_type", plugin::Type::string, {}, "The type of that file.", 0, "pkcs12|jks"},
    {"ssl_truststore_password", plugin::Type::password, {}, "Its password."},
    {"ssl_supported_protocols", plugin::Type::string, "[]",
     "TLS versions that may be used; 1.2 and 1.3 by default.", plugin::kList, "TLSv1.1|TLSv1.2|TLSv1.3"},
    {"ssl_cipher_suites", plugin::Type::string, {}, "Cipher suites that may be used.", plugin::kList},
};

}  // namespace sluice::tls
