#include "input_tls_fixture.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <condition_variable>
#include <cstdio>

#include "net/tcp.hpp"

namespace sluice::test {
namespace {

struct Pair {
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  ~Pair() {
    EVP_PKEY_free(key);
    X509_free(certificate);
  }
};

void extend(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void make(Pair& pair, const char* name, const Pair* authority) {
  pair.key = EVP_EC_gen("P-256");
  pair.certificate = X509_new();
  auto* c = pair.certificate;
  X509_set_version(c, 2);
  static long serial = 1;
  ASN1_INTEGER_set(X509_get_serialNumber(c), serial++);
  X509_gmtime_adj(X509_getm_notBefore(c), -3600);
  X509_gmtime_adj(X509_getm_notAfter(c), 86400);
  X509_set_pubkey(c, pair.key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  const Pair& issuer = authority ? *authority : pair;
  X509_set_issuer_name(c, X509_get_subject_name(issuer.certificate));
  extend(c, issuer.certificate, NID_basic_constraints, authority ? "CA:FALSE" : "critical,CA:TRUE");
  if (authority) extend(c, issuer.certificate, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
  X509_sign(c, issuer.key, EVP_sha256());
}

void save(const Pair& pair, const std::string& certificate, const std::string& key) {
  std::unique_ptr<FILE, int (*)(FILE*)> c(std::fopen(certificate.c_str(), "w"), std::fclose);
  PEM_write_X509(c.get(), pair.certificate);
  std::unique_ptr<FILE, int (*)(FILE*)> k(std::fopen(key.c_str(), "w"), std::fclose);
  PEM_write_PKCS8PrivateKey(k.get(), pair.key, nullptr, nullptr, 0, nullptr, nullptr);
}

}  // namespace

TlsFiles::TlsFiles() {
  Pair authority, server, client;
  make(authority, "test authority", nullptr);
  make(server, "server", &authority);
  make(client, "client", &authority);
  save(authority, dir_.path("ca.crt"), dir_.path("ca.key"));
  save(server, server_certificate(), server_key());
  save(client, client_certificate(), client_key());
}

struct TlsClient::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::shared_ptr<net::TcpConnection> connection;
  std::string received;
  bool open = false;
  bool closed = false;

  template <class F>
  bool wait(F test) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::milliseconds(kPatienceMillis), test);
  }
};

TlsClient::TlsClient(uint16_t port, const TlsFiles& files, bool with_certificate)
    : state_(std::make_shared<State>()) {
  struct Handler : net::ConnectionHandler {
    explicit Handler(std::shared_ptr<State> state) : state(std::move(state)) {}
    void on_open(net::TcpConnection&) override {
      std::scoped_lock lock(state->mutex);
      state->open = true;
      state->changed.notify_all();
    }
    void on_data(net::TcpConnection&, const SlabRef&, std::string_view bytes) override {
      std::scoped_lock lock(state->mutex);
      state->received += bytes;
      state->changed.notify_all();
    }
    void on_close(net::TcpConnection&, const net::CloseReason&) override {
      std::scoped_lock lock(state->mutex);
      state->closed = true;
      state->changed.notify_all();
    }
    std::shared_ptr<State> state;
  };
  (void)loop_.start("client");
  net::TlsConfig config;
  config.certificate_authorities = {files.authority()};
  if (with_certificate) {
    config.certificate = files.client_certificate();
    config.key = files.client_key();
  }
  auto context = net::TlsContext::build(config, net::TlsRole::client);
  if (!context.ok()) throw std::runtime_error(context.message());
  net::ConnectOptions options;
  options.host = "127.0.0.1";
  options.port = port;
  options.tls = *context;
  state_->connection =
      loop_.call([&] { return net::connect_tcp(loop_, options, std::make_unique<Handler>(state_)); });
}

TlsClient::~TlsClient() {
  loop_.call([&] {
    state_->connection->close();
    state_->connection.reset();
    return true;
  });
  loop_.stop();
  loop_.join();
}

bool TlsClient::open() {
  return state_->wait([&] { return state_->open || state_->closed; }) && state_->open;
}

void TlsClient::send(std::string bytes) {
  if (!open()) return;
  loop_.call([&] {
    state_->connection->write(net::Bytes(std::move(bytes)));
    return true;
  });
}

std::string TlsClient::read(size_t count) {
  state_->wait([&] { return state_->received.size() >= count || state_->closed; });
  std::scoped_lock lock(state_->mutex);
  return std::exchange(state_->received, {});
}

bool TlsClient::closed() {
  return state_->wait([&] { return state_->closed; });
}

}  // namespace sluice::test
