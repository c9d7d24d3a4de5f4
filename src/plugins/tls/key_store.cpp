// Certificates that come in PKCS#12 files, handed to the HTTP client as the PEM files that it reads.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>

#include "plugins/tls/client.hpp"

namespace sluice::tls {
namespace {

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(PKCS12* p) const { PKCS12_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(STACK_OF(X509) * p) const { sk_X509_pop_free(p, X509_free); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

struct Contents {
  Owned<EVP_PKEY> key;
  Owned<X509> certificate;
  Owned<STACK_OF(X509)> others;
};

std::string openssl_error() {
  const unsigned long code = ERR_get_error();
  if (code == 0) return "unknown reason";
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : "unknown reason";
}

Status open(std::string_view option, const std::string& path, const std::string& password, Contents& out) {
  const auto failed = [&](const std::string& why) {
    return Status::config("`" + std::string(option) + "`: cannot read " + path + ": " + why);
  };
  ERR_clear_error();
  const Owned<BIO> file(BIO_new_file(path.c_str(), "rb"));
  if (!file) return failed(openssl_error());
  const Owned<PKCS12> store(d2i_PKCS12_bio(file.get(), nullptr));
  if (!store)
    return failed("it is not a PKCS#12 file (a Java key store has to be converted with keytool first)");
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* others = nullptr;
  if (PKCS12_parse(store.get(), password.c_str(), &key, &certificate, &others) != 1)
    return failed(PKCS12_verify_mac(store.get(), password.c_str(), -1) == 1 ? openssl_error()
                                                                            : "wrong password");
  out.key.reset(key);
  out.certificate.reset(certificate);
  out.others.reset(others);
  return {};
}

// The path of an anonymous file that holds `pem`; it lives as long as the process.
Result<std::string> memory_file(const char* name, BIO* pem) {
  const int fd = ::memfd_create(name, MFD_CLOEXEC);
  if (fd < 0) return Status::system("no memory for the contents of a key store");
  char* data = nullptr;
  const long size = BIO_get_mem_data(pem, &data);
  for (long at = 0; at < size;) {
    const ssize_t n = ::write(fd, data + at, static_cast<size_t>(size - at));
    if (n <= 0) return Status::system("no memory for the contents of a key store");
    at += n;
  }
  return "/proc/self/fd/" + std::to_string(fd);
}

Status open_identity(const KeyStores& stores, net::HttpClientOptions& options) {
  Contents contents;
  if (auto status = open(stores.keystore_option, stores.keystore_path, stores.keystore_password, contents);
      !status.ok())
    return status;
  if (!contents.key || !contents.certificate)
    return Status::config("`" + std::string(stores.keystore_option) + "`: " + stores.keystore_path +
                          " holds no private key with its certificate");
  const Owned<BIO> chain(BIO_new(BIO_s_mem())), key(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(chain.get(), contents.certificate.get());
  for (int i = 0; contents.others && i < sk_X509_num(contents.others.get()); ++i)
    PEM_write_bio_X509(chain.get(), sk_X509_value(contents.others.get(), i));
  PEM_write_bio_PrivateKey(key.get(), contents.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  auto chain_path = memory_file("keystore-chain", chain.get());
  if (!chain_path.ok()) return chain_path.status();
  auto key_path = memory_file("keystore-key", key.get());
  if (!key_path.ok()) return key_path.status();
  options.certificate = std::move(chain_path).value();
  options.key = std::move(key_path).value();
  return {};
}

Status open_trust(const KeyStores& stores, net::HttpClientOptions& options) {
  Contents contents;
  if (auto status = open("ssl_truststore_path", stores.truststore_path, stores.truststore_password, contents);
      !status.ok())
    return status;
  const Owned<BIO> pem(BIO_new(BIO_s_mem()));
  int count = 0;
  if (contents.certificate) count += PEM_write_bio_X509(pem.get(), contents.certificate.get());
  for (int i = 0; contents.others && i < sk_X509_num(contents.others.get()); ++i)
    count += PEM_write_bio_X509(pem.get(), sk_X509_value(contents.others.get(), i));
  if (count == 0)
    return Status::config("`ssl_truststore_path`: " + stores.truststore_path + " holds no certificate");
  auto path = memory_file("truststore", pem.get());
  if (!path.ok()) return path.status();
  options.certificate_authorities = {std::move(path).value()};
  return {};
}

}  // namespace

Status open_key_stores(const KeyStores& stores, net::HttpClientOptions& options) {
  if (!stores.keystore_path.empty())
    if (auto status = open_identity(stores, options); !status.ok()) return status;
  if (!stores.truststore_path.empty())
    if (auto status = open_trust(stores, options); !status.ok()) return status;
  return {};
}

}  // namespace sluice::tls
