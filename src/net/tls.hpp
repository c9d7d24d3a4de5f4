// TLS for both ends of a connection: what to load, and what became known about the peer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"

struct ssl_ctx_st;

namespace sluice::net {

enum class ClientAuth : unsigned char { none, optional, required };

/// What a TLS server or client is made of. Paths are PEM files.
struct TlsConfig {
  std::string certificate{};                           // may hold the chain
  std::string key{};                                   // PKCS#8 or PKCS#1
  std::string key_passphrase{};                        // empty: the key is not encrypted
  std::vector<std::string> certificate_authorities{};  // files or directories of PEM files
  std::vector<std::string> extra_chain_certificates{};
  ClientAuth client_authentication = ClientAuth::none;  // servers
  bool verify_server = true;                            // clients: chain and host name ("full") or nothing
  std::vector<std::string> protocols{};                 // of TLSv1.1, TLSv1.2, TLSv1.3; empty: 1.2 and 1.3
  std::vector<std::string> cipher_suites{};             // OpenSSL's or Java's names; empty: OpenSSL's default
  uint32_t handshake_timeout_millis = 10'000;           // 0: none
};

enum class TlsRole : unsigned char { server, client };

/// A loaded TLS configuration, immutable and shared by connections. To reload certificates build a new one
/// and give it to the listener; open connections keep theirs.
class TlsContext {
 public:
  /// Reads everything `config` names. Errors say which file and why: "cannot read certificate /x: No such
  /// file or directory", "the key /k does not belong to the certificate /c", "wrong passphrase for the key
  /// /k".
  static Result<std::shared_ptr<const TlsContext>> build(const TlsConfig& config, TlsRole role);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  [[nodiscard]] const TlsConfig& config() const { return config_; }
  [[nodiscard]] TlsRole role() const { return role_; }
  /// OpenSSL's SSL_CTX, for net only.
  [[nodiscard]] ssl_ctx_st* native() const { return context_; }

 private:
  TlsContext(TlsConfig config, TlsRole role) : config_(std::move(config)), role_(role) {}
  TlsConfig config_;
  TlsRole role_;
  ssl_ctx_st* context_ = nullptr;
};

/// What a finished handshake says of the peer.
struct TlsPeer {
  bool has_certificate = false;
  bool verified = false;  // a certificate was shown and its chain is trusted
  std::string subject;    // RFC 2253 as Java prints it: "CN=web-1,OU=Ops,O=Example,C=DE"
  std::string protocol;   // "TLSv1.3"
  std::string cipher;     // Java's name: "TLS_AES_256_GCM_SHA384"
};

/// OpenSSL's name of a cipher suite for `name` in Java's (IANA's) or OpenSSL's spelling; empty when unknown.
std::string openssl_cipher_name(std::string_view name);
/// The protocol names that `protocols` may hold.
bool tls_protocol_known(std::string_view name);

}  // namespace sluice::net
