#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace sluice::net {

namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using BioPtr = std::unique_ptr<BIO, Free>;
using X509Ptr = std::unique_ptr<X509, Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;

std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  std::string text = reason != nullptr ? reason : "unknown reason";
  ERR_clear_error();
  return text;
}

Result<BioPtr> open_file(const std::string& what, const std::string& path) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure)) {
    return Status::config("cannot read " + what + " " + path + ": Is a directory");
  }
  errno = 0;
  BioPtr bio(BIO_new_file(path.c_str(), "r"));
  ERR_clear_error();
  if (!bio) return Status::config("cannot read " + what + " " + path + ": " + std::strerror(errno));
  return bio;
}

// All certificates of a PEM file, at least one.
Result<std::vector<X509Ptr>> read_certificates(const std::string& what, const std::string& path) {
  auto file = open_file(what, path);
  if (!file.ok()) return file.status();
  std::vector<X509Ptr> found;
  while (X509* one = PEM_read_bio_X509_AUX(file->get(), nullptr, nullptr, nullptr)) found.emplace_back(one);
  const unsigned long code = ERR_peek_last_error();
  const bool end = ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  if (!end) return Status::config("the " + what + " " + path + " is damaged: " + openssl_reason());
  ERR_clear_error();
  if (found.empty()) return Status::config("the " + what + " " + path + " holds no PEM certificate");
  return found;
}

bool is_encrypted(const std::string& path) {
  const BioPtr bio(BIO_new_file(path.c_str(), "r"));
  char line[256];
  while (bio && BIO_gets(bio.get(), line, sizeof line) > 0) {
    if (std::strstr(line, "ENCRYPTED") != nullptr) return true;
  }
  ERR_clear_error();
  return false;
}

Result<KeyPtr> read_key(const std::string& path, const std::string& passphrase) {
  auto file = open_file("key", path);
  if (!file.ok()) return file.status();
  const bool encrypted = is_encrypted(path);
  if (encrypted && passphrase.empty()) {
    return Status::config("the key " + path + " is encrypted and no passphrase is given");
  }
  const auto give = [](char* into, int size, int, void* text) {
    const auto& phrase = *static_cast<const std::string*>(text);
    const size_t count = std::min(phrase.size(), static_cast<size_t>(size));
    std::copy_n(phrase.data(), count, into);
    return static_cast<int>(count);
  };
  KeyPtr key(PEM_read_bio_PrivateKey(file->get(), nullptr, give, const_cast<std::string*>(&passphrase)));
  if (key) return key;
  if (encrypted) {
    ERR_clear_error();
    return Status::config("wrong passphrase for the key " + path);
  }
  return Status::config("the key " + path + " is not a PEM private key: " + openssl_reason());
}

Status load_identity(SSL_CTX* context, const TlsConfig& config) {
  if (config.certificate.empty() && config.key.empty()) return {};
  if (config.certificate.empty()) return Status::config("there is a key, but no certificate");
  if (config.key.empty()) return Status::config("there is a certificate, but no key");
  auto chain = read_certificates("certificate", config.certificate);
  if (!chain.ok()) return chain.status();
  auto key = read_key(config.key, config.key_passphrase);
  if (!key.ok()) return key.status();
  if (SSL_CTX_use_certificate(context, chain->front().get()) != 1) {
    return Status::config("the certificate " + config.certificate + " cannot be used: " + openssl_reason());
  }
  if (X509_check_private_key(chain->front().get(), key->get()) != 1) {
    ERR_clear_error();
    return Status::config("the key " + config.key + " does not belong to the certificate " +
                          config.certificate);
  }
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1) {
    return Status::config("the key " + config.key + " cannot be used: " + openssl_reason());
  }
  for (size_t i = 1; i < chain->size(); ++i) SSL_CTX_add1_chain_cert(context, (*chain)[i].get());
  for (const auto& path : config.extra_chain_certificates) {
    auto more = read_certificates("chain certificate", path);
    if (!more.ok()) return more.status();
    for (auto& one : *more) SSL_CTX_add1_chain_cert(context, one.get());
  }
  return {};
}

// Adds the certificates of one file to what is trusted; servers also tell clients their names.
Status trust_file(SSL_CTX* context, const std::string& path, TlsRole role) {
  auto found = read_certificates("certificate authority", path);
  if (!found.ok()) return found.status();
  for (auto& one : *found) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), one.get());
    if (role == TlsRole::server) SSL_CTX_add_client_CA(context, one.get());
  }
  return {};
}

Status load_authorities(SSL_CTX* context, const TlsConfig& config, TlsRole role) {
  for (const auto& path : config.certificate_authorities) {
    std::error_code failure;
    if (!std::filesystem::is_directory(path, failure)) {
      if (auto status = trust_file(context, path, role); !status.ok()) return status;
      continue;
    }
    size_t usable = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path, failure)) {
      if (entry.is_regular_file(failure)) usable += trust_file(context, entry.path(), role).ok();
    }
    if (usable == 0) return Status::config("the directory " + path + " holds no PEM certificate");
  }
  if (config.certificate_authorities.empty() && role == TlsRole::client)
    SSL_CTX_set_default_verify_paths(context);
  return {};
}

Status set_protocols(SSL_CTX* context, const std::vector<std::string>& protocols) {
  SSL_CTX_set_min_proto_version(context, TLS1_1_VERSION);
  const auto wanted = [&](std::string_view name) {
    if (protocols.empty()) return name != "TLSv1.1";
    return std::find(protocols.begin(), protocols.end(), name) != protocols.end();
  };
  for (const auto& name : protocols) {
    if (!tls_protocol_known(name)) {
      return Status::config("'" + name + "' is no TLS version; known are TLSv1.1, TLSv1.2 and TLSv1.3");
    }
  }
  if (!wanted("TLSv1.1")) SSL_CTX_set_options(context, SSL_OP_NO_TLSv1_1);
  if (!wanted("TLSv1.2")) SSL_CTX_set_options(context, SSL_OP_NO_TLSv1_2);
  if (!wanted("TLSv1.3")) SSL_CTX_set_options(context, SSL_OP_NO_TLSv1_3);
  // OpenSSL refuses TLS 1.1 (its signatures use SHA-1) from security level 1 on; who names it wants it.
  if (wanted("TLSv1.1")) SSL_CTX_set_security_level(context, 0);
  return {};
}

Status set_ciphers(SSL_CTX* context, const std::vector<std::string>& suites) {
  if (suites.empty()) return {};
  std::string old_names;
  std::string new_names;
  for (const auto& suite : suites) {
    const std::string name = openssl_cipher_name(suite);
    if (name.empty()) return Status::config("the cipher suite '" + suite + "' is not known");
    std::string& list = name.starts_with("TLS_") ? new_names : old_names;
    if (!list.empty()) list += ':';
    list += name;
  }
  if (SSL_CTX_set_ciphersuites(context, new_names.c_str()) != 1) {
    return Status::config("the cipher suites " + new_names + " cannot be used: " + openssl_reason());
  }
  if (new_names.empty()) SSL_CTX_set_options(context, SSL_OP_NO_TLSv1_3);
  if (old_names.empty()) {
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  } else if (SSL_CTX_set_cipher_list(context, old_names.c_str()) != 1) {
    return Status::config("the cipher suites " + old_names + " cannot be used: " + openssl_reason());
  }
  return {};
}

void set_verification(SSL_CTX* context, const TlsConfig& config, TlsRole role) {
  int mode = SSL_VERIFY_NONE;
  if (role == TlsRole::client) {
    if (config.verify_server) mode = SSL_VERIFY_PEER;
  } else if (config.client_authentication != ClientAuth::none) {
    mode = SSL_VERIFY_PEER;
    if (config.client_authentication == ClientAuth::required) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  SSL_CTX_set_verify(context, mode, nullptr);
}

}  // namespace

bool tls_protocol_known(std::string_view name) {
  return name == "TLSv1.1" || name == "TLSv1.2" || name == "TLSv1.3";
}

std::string openssl_cipher_name(std::string_view name) {
  std::string text(name);
  if (text.starts_with("SSL_")) text.replace(0, 3, "TLS");  // Java's names from before TLS
  if (text.starts_with("TLS_")) {
    const char* found = OPENSSL_cipher_name(text.c_str());
    if (found != nullptr && std::string_view(found) != "(NONE)") return found;
    return {};
  }
  static SSL_CTX* const probe = SSL_CTX_new(TLS_method());  // knows every cipher's own name
  SSL* ssl = SSL_new(probe);
  SSL_set_security_level(ssl, 0);
  const bool known = !text.empty() && text.find_first_of(":!+@, ") == std::string::npos &&
                     SSL_set_cipher_list(ssl, text.c_str()) == 1;
  SSL_free(ssl);
  ERR_clear_error();
  return known ? text : std::string();
}

Result<std::shared_ptr<const TlsContext>> TlsContext::build(const TlsConfig& config, TlsRole role) {
  const std::shared_ptr<TlsContext> made(new TlsContext(config, role));
  SSL_CTX* context = made->context_ =
      SSL_CTX_new(role == TlsRole::server ? TLS_server_method() : TLS_client_method());
  if (context == nullptr) return Status::system("cannot set TLS up: " + openssl_reason());
  // Idle connections should hold no record buffers; writes may be handed over from other places on a retry.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context,
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  static constexpr unsigned char kSessionContext[] = "sluice";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  if (auto status = set_protocols(context, config.protocols); !status.ok()) return status;
  if (auto status = set_ciphers(context, config.cipher_suites); !status.ok()) return status;
  if (role == TlsRole::server && config.certificate.empty())
    return Status::config("a TLS server needs a certificate");
  if (auto status = load_identity(context, config); !status.ok()) return status;
  if (auto status = load_authorities(context, config, role); !status.ok()) return status;
  set_verification(context, config, role);
  return std::shared_ptr<const TlsContext>(made);
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

}  // namespace sluice::net
