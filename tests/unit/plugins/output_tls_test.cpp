// Outputs over TLS: authorities, client certificates in PEM and PKCS#12 files.
#include <doctest/doctest.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <cstdio>

#include "input_tls_fixture.hpp"
#include "net/http_server.hpp"
#include "output_fixture.hpp"

using namespace sluice;
using test::OutputTest;

namespace {

// A TLS server that answers as a cluster does and remembers who came.
class SafeCluster {
 public:
  SafeCluster(const test::TlsFiles& files, net::ClientAuth auth) {
    REQUIRE(loop_.start("cluster").ok());
    net::TlsConfig config;
    config.certificate = files.server_certificate();
    config.key = files.server_key();
    config.certificate_authorities = {files.authority()};
    config.client_authentication = auth;
    auto context = net::TlsContext::build(config, net::TlsRole::server);
    REQUIRE_MESSAGE(context.ok(), context.message());
    net::HttpServerOptions options;
    options.tls = *context;
    auto server = net::HttpServer::listen(
        loop_, options, [this](const net::HttpRequest& request, net::HttpResponder responder) {
          if (request.path() != "/_bulk")
            return responder.send(200, "application/json", R"({"version":{"number":"8.1.0"}})");
          happened.change([&] {
            ++bulks;
            subject = request.tls ? request.tls->subject : "";
            authorization = request.header("authorization");
          });
          responder.send(200, "application/json", R"({"errors":false,"items":[{"index":{"status":201}}]})");
        });
    REQUIRE(server.ok());
    server_ = std::move(server).value();
  }
  ~SafeCluster() {
    server_.reset();
    loop_.stop();
    loop_.join();
  }
  [[nodiscard]] std::string hosts() const {
    return "elasticsearch { hosts => \"https://127.0.0.1:" + std::to_string(server_->port()) +
           "\" index => \"x\" resurrect_delay => 0.05 manage_template => false ";
  }
  test::Signal happened;
  int bulks = 0;
  std::string subject, authorization;

 private:
  net::Loop loop_;
  std::unique_ptr<net::HttpServer> server_;
};

template <class T>
T* read_pem(const std::string& path, T* (*reader)(BIO*, T**, pem_password_cb*, void*)) {
  BIO* file = BIO_new_file(path.c_str(), "r");
  REQUIRE(file);
  T* out = reader(file, nullptr, nullptr, nullptr);
  BIO_free(file);
  REQUIRE(out);
  return out;
}

void write_store(const std::string& path, EVP_PKEY* key, X509* certificate, STACK_OF(X509) * others) {
  PKCS12* store = PKCS12_create("secret", "x", key, certificate, others, 0, 0, 0, 0, 0);
  REQUIRE(store);
  BIO* out = BIO_new_file(path.c_str(), "wb");
  i2d_PKCS12_bio(out, store);
  BIO_free(out);
  PKCS12_free(store);
}

const std::string kEvent = R"({"@timestamp":"2026-11-21T05:00:00.000Z"})";

}  // namespace

TEST_CASE("a cluster is trusted by its authority, and an API key goes over TLS") {
  const test::TlsFiles files;
  SafeCluster cluster(files, net::ClientAuth::none);
  OutputTest t;
  REQUIRE_MESSAGE(t.start(cluster.hosts() + "ssl_certificate_authorities => \"" + files.authority() +
                          "\" api_key => \"id:key\" }"),
                  t.problem);
  t.write({kEvent});
  REQUIRE(t.wait_delivered(1));
  CHECK(cluster.authorization == "ApiKey aWQ6a2V5");
  OutputTest old;
  REQUIRE_MESSAGE(old.start(cluster.hosts() + "cacert => \"" + files.authority() + "\" ssl => true }"),
                  old.problem);
  old.write({kEvent});
  REQUIRE(old.wait_delivered(1));
  OutputTest trusting;
  REQUIRE_MESSAGE(trusting.start(cluster.hosts() + "ssl_verification_mode => \"none\" }"), trusting.problem);
  trusting.write({kEvent});
  REQUIRE(trusting.wait_delivered(1));
}

TEST_CASE("a cluster that cannot be trusted gets nothing") {
  const test::TlsFiles files, others;
  SafeCluster cluster(files, net::ClientAuth::none);
  OutputTest t;
  REQUIRE_MESSAGE(
      t.start(cluster.hosts() + "ssl_certificate_authorities => \"" + others.authority() + "\" }"),
      t.problem);
  t.write({kEvent});
  t.stop();
  CHECK(t.abandoned == 1);
  CHECK(cluster.bulks == 0);
}

TEST_CASE("a client certificate is shown, from PEM files or from a key store") {
  const test::TlsFiles files;
  SafeCluster cluster(files, net::ClientAuth::required);
  OutputTest pem;
  REQUIRE_MESSAGE(pem.start(cluster.hosts() + "ssl_certificate_authorities => \"" + files.authority() +
                            "\" ssl_certificate => \"" + files.client_certificate() + "\" ssl_key => \"" +
                            files.client_key() + "\" }"),
                  pem.problem);
  pem.write({kEvent});
  REQUIRE(pem.wait_delivered(1));
  CHECK(cluster.subject.find("CN=client") != std::string::npos);

  const std::string identity = files.client_key() + ".p12", trust = files.authority() + ".p12";
  EVP_PKEY* key = read_pem<EVP_PKEY>(files.client_key(), PEM_read_bio_PrivateKey);
  X509* certificate = read_pem<X509>(files.client_certificate(), PEM_read_bio_X509);
  X509* authority = read_pem<X509>(files.authority(), PEM_read_bio_X509);
  STACK_OF(X509)* authorities = sk_X509_new_null();
  sk_X509_push(authorities, authority);
  write_store(identity, key, certificate, nullptr);
  write_store(trust, nullptr, nullptr, authorities);
  sk_X509_pop_free(authorities, X509_free);
  X509_free(certificate);
  EVP_PKEY_free(key);

  const std::string stores = "ssl_keystore_path => \"" + identity + "\" ssl_truststore_path => \"" + trust +
                             "\" ssl_truststore_password => \"secret\" ";
  OutputTest p12;
  REQUIRE_MESSAGE(p12.start(cluster.hosts() + stores + "ssl_keystore_password => \"secret\" }"), p12.problem);
  p12.write({kEvent});
  REQUIRE(p12.wait_delivered(1));
  CHECK(cluster.subject.find("CN=client") != std::string::npos);
  OutputTest wrong;
  CHECK_FALSE(wrong.start(cluster.hosts() + stores + "ssl_keystore_password => \"guess\" }"));
  CHECK(wrong.problem.find("wrong password") != std::string::npos);
  OutputTest jks;
  CHECK(jks.build(cluster.hosts() + "ssl_keystore_path => \"" + identity +
                  "\" ssl_keystore_type => \"jks\" }") == nullptr);
  CHECK(jks.says("keytool"));
}

TEST_CASE("the tcp output speaks TLS to its clients") {
  const test::TlsFiles files;
  OutputTest server;
  REQUIRE_MESSAGE(server.start("tcp { host => \"127.0.0.1\" port => 0 mode => \"server\" ssl_enabled => true "
                               "ssl_certificate => \"" +
                               files.server_certificate() + "\" ssl_key => \"" + files.server_key() +
                               "\" codec => line { format => \"%{m}\" } }"),
                  server.problem);
  const auto& address = server.engine.addresses.at(0);
  test::TlsClient client(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))), files,
                         false);
  REQUIRE(client.open());
  // The server learns of the end of the handshake a moment after the client.
  std::string heard;
  for (size_t n = 1; heard.empty(); ++n) {
    server.write({R"({"m":"x"})"});
    REQUIRE(server.wait_delivered(n));
    if (n >= 3) heard = client.read(1);
  }
  CHECK(heard.starts_with("x\n"));
}
