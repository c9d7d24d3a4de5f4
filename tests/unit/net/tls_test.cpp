#include "net/tls.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net_test.hpp"

using namespace sluice;
using namespace sluice::net;
using namespace sluice::net::testing;

namespace {

// An authority, a server and a client certificate, made once by the openssl command.
class Certificates {
 public:
  Certificates() {
    char name[] = "/tmp/net-test-XXXXXX";
    directory_ = mkdtemp(name);
    run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Test CA' -keyout ca.key -out ca.pem");
    sign("server", "/C=DE/O=Example, Inc./OU=Ops/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1");
    sign("client", "/C=DE/O=Example/CN=web-1/emailAddress=a@b.c", "keyUsage=digitalSignature");
    run("openssl rsa -in server.key -traditional -out server.pkcs1.key");
    run("openssl pkcs8 -topk8 -in server.key -passout pass:secret -out server.locked.key");
    run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Other' -keyout other.key -out "
        "other.pem");
    run("mkdir dir && cp ca.pem dir/ && echo text > dir/readme");
    std::ofstream(path("empty.pem")) << "nothing\n";
  }
  ~Certificates() { std::filesystem::remove_all(directory_); }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }

  TlsConfig server() const { return {.certificate = path("server.pem"), .key = path("server.key")}; }
  TlsConfig client() const { return {.certificate_authorities = {path("ca.pem")}}; }

 private:
  void sign(const std::string& name, const std::string& subject, const std::string& extension) {
    run("openssl req -newkey rsa:2048 -nodes -subj '" + subject + "' -keyout " + name + ".key -out " + name +
        ".csr");
    std::ofstream(path(name + ".ext")) << extension << "\n";
    run("openssl x509 -req -days 2 -in " + name + ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile " +
        name + ".ext -out " + name + ".pem");
  }
  void run(const std::string& command) {
    REQUIRE(std::system(("cd " + directory_ + " && " + command + " >>log 2>&1").c_str()) == 0);
  }
  std::string directory_;
};

const Certificates& certificates() {
  static const Certificates made;
  return made;
}

std::shared_ptr<const TlsContext> context(const TlsConfig& config, TlsRole role) {
  auto built = TlsContext::build(config, role);
  REQUIRE_MESSAGE(built.ok(), built.message());
  return built.value();
}

// Connects a client to an echoing server and says how it went.
struct Meeting {
  Record server;
  Record client;
  Loop loop;
  std::unique_ptr<TcpListener> listener;
  std::shared_ptr<TcpConnection> connection;

  Meeting(const TlsConfig& server_config, const TlsConfig& client_config,
          const std::string& host = "127.0.0.1") {
    REQUIRE(loop.start().ok());
    listener = echo(loop, server, {.tls = context(server_config, TlsRole::server)});
    connection =
        dial(loop, listener->port(), client, {.host = host, .tls = context(client_config, TlsRole::client)});
    loop.call([&] { connection->write("hello"); });
    client.watch.wait([&] { return client.closed > 0 || client.data == "hello"; });
  }
};

std::string problem(TlsConfig config, TlsRole role = TlsRole::server) {
  return TlsContext::build(config, role).message();
}

}  // namespace

TEST_CASE("TLS carries bytes both ways, in bulk, and says what was agreed on") {
  Meeting meeting(certificates().server(), certificates().client());
  REQUIRE(meeting.client.data == "hello");
  CHECK(meeting.client.tls.protocol == "TLSv1.3");
  CHECK(meeting.client.tls.cipher.starts_with("TLS_"));
  CHECK(meeting.client.tls.verified);
  CHECK(meeting.client.tls.subject == "CN=localhost,OU=Ops,O=Example\\, Inc.,C=DE");
  CHECK_FALSE(meeting.server.tls.has_certificate);
  const std::string big(20 << 20, 'z');
  meeting.loop.call([&] { meeting.connection->write(Bytes::unowned(big)); });
  CHECK(meeting.client.watch.wait([&] { return meeting.client.bytes == big.size() + 5; }));
  meeting.loop.call([&] { meeting.connection->close(); });
  REQUIRE(meeting.server.wait_closed());
  CHECK(meeting.server.reason.kind == CloseReason::peer);
}

TEST_CASE("client certificates are asked for, checked, and shown as Java writes them") {
  TlsConfig server = certificates().server();
  server.certificate_authorities = {certificates().path("dir")};
  server.client_authentication = ClientAuth::required;
  TlsConfig client = certificates().client();
  {
    Meeting meeting(server, client);
    REQUIRE(meeting.server.wait_closed());
    CHECK(meeting.server.reason.kind == CloseReason::handshake);
    CHECK(meeting.server.reason.text.find("peer did not return a certificate") != std::string::npos);
  }
  client.certificate = certificates().path("client.pem");
  client.key = certificates().path("client.key");
  {
    Meeting meeting(server, client);
    CHECK(meeting.client.data == "hello");
    CHECK(meeting.server.tls.verified);
    CHECK(meeting.server.tls.subject == "1.2.840.113549.1.9.1=#16056140622e63,CN=web-1,O=Example,C=DE");
  }
  client.certificate = certificates().path("other.pem");
  client.key = certificates().path("other.key");
  {
    Meeting meeting(server, client);
    REQUIRE(meeting.server.wait_closed());
    CHECK(meeting.server.reason.text.find("self-signed certificate") != std::string::npos);
  }
  server.client_authentication = ClientAuth::optional;
  Meeting meeting(server, certificates().client());
  CHECK(meeting.client.data == "hello");
  CHECK_FALSE(meeting.server.tls.verified);
}

TEST_CASE("a client checks chain and host name, or nothing") {
  TlsConfig stranger = certificates().client();
  stranger.certificate_authorities = {certificates().path("other.pem")};
  {
    Meeting meeting(certificates().server(), stranger);
    CHECK(meeting.client.reason.kind == CloseReason::handshake);
    CHECK(meeting.client.reason.text.find("unable to get local issuer certificate") != std::string::npos);
  }
  {
    Meeting meeting(certificates().server(), certificates().client(), "127.0.0.2");
    CHECK(meeting.client.reason.kind != CloseReason::peer);
    CHECK(meeting.client.data.empty());
  }
  stranger.verify_server = false;
  Meeting meeting(certificates().server(), stranger);
  CHECK(meeting.client.data == "hello");
}

TEST_CASE("protocols and cipher suites are as configured, in Java's or OpenSSL's names") {
  TlsConfig server = certificates().server();
  server.protocols = {"TLSv1.2"};
  server.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"};
  {
    Meeting meeting(server, certificates().client());
    CHECK(meeting.client.tls.protocol == "TLSv1.2");
    CHECK(meeting.client.tls.cipher == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
  }
  TlsConfig only_new = certificates().client();
  only_new.protocols = {"TLSv1.3"};
  {
    Meeting meeting(server, only_new);
    CHECK(meeting.client.reason.kind == CloseReason::handshake);
  }
  TlsConfig old = certificates().client();
  old.protocols = {"TLSv1.1"};
  server.protocols = {"TLSv1.1", "TLSv1.2"};
  server.cipher_suites.clear();
  Meeting meeting(server, old);
  CHECK(meeting.client.tls.protocol == "TLSv1.1");
  CHECK(openssl_cipher_name("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256") == "ECDHE-RSA-AES128-GCM-SHA256");
  CHECK(openssl_cipher_name("ECDHE-RSA-AES128-GCM-SHA256") == "ECDHE-RSA-AES128-GCM-SHA256");
  CHECK(openssl_cipher_name("TLS_AES_256_GCM_SHA384") == "TLS_AES_256_GCM_SHA384");
  CHECK(openssl_cipher_name("TLS_NONSENSE").empty());
}

TEST_CASE("what cannot be loaded is named with its reason") {
  const auto& files = certificates();
  const std::string certificate = files.path("server.pem");
  CHECK(problem({.certificate = "/x", .key = "/y"}) ==
        "cannot read certificate /x: No such file or directory");
  CHECK(problem({.certificate = certificate, .key = "/y"}) ==
        "cannot read key /y: No such file or directory");
  CHECK(problem({.certificate = certificate, .key = files.path("other.key")}) ==
        "the key " + files.path("other.key") + " does not belong to the certificate " + certificate);
  const std::string locked = files.path("server.locked.key");
  CHECK(problem({.certificate = certificate, .key = locked}) ==
        "the key " + locked + " is encrypted and no passphrase is given");
  CHECK(problem({.certificate = certificate, .key = locked, .key_passphrase = "guess"}) ==
        "wrong passphrase for the key " + locked);
  CHECK(problem({.certificate = certificate, .key = locked, .key_passphrase = "secret"}).empty());
  CHECK(problem({.certificate = certificate, .key = files.path("server.pkcs1.key")}).empty());
  CHECK(problem({.certificate = files.path("empty.pem"), .key = locked}) ==
        "the certificate " + files.path("empty.pem") + " holds no PEM certificate");
  CHECK(problem({.certificate = certificate}) == "there is a certificate, but no key");
  CHECK(problem({.protocols = {"SSLv3"}}, TlsRole::client) ==
        "'SSLv3' is no TLS version; known are TLSv1.1, TLSv1.2 and TLSv1.3");
  CHECK(problem({.cipher_suites = {"TLS_X"}}, TlsRole::client) == "the cipher suite 'TLS_X' is not known");
}

TEST_CASE("who does not shake hands is let go, and so is who talks no TLS") {
  Record server;
  Record silent;
  Record plain;
  Loop loop;
  REQUIRE(loop.start().ok());
  TlsConfig config = certificates().server();
  config.handshake_timeout_millis = 50;
  auto listener = echo(loop, server, {.tls = context(config, TlsRole::server)});
  auto one = dial(loop, listener->port(), silent);
  REQUIRE(silent.wait_closed());
  REQUIRE(server.wait_closed());
  CHECK(server.watch.read([&] { return server.reason.text; }) == "the TLS handshake took too long");
  auto two = dial(loop, listener->port(), plain);
  loop.call([&] { two->write("GET / HTTP/1.0\r\n\r\n"); });
  REQUIRE(server.wait_closed(2));
  CHECK(server.reason.kind == CloseReason::handshake);
  CHECK(server.opened == 0);
}

TEST_CASE("new connections get the certificate that was loaded last") {
  Record later;
  Meeting meeting(certificates().server(), certificates().client());
  TlsConfig renewed = certificates().server();
  renewed.certificate = certificates().path("other.pem");
  renewed.key = certificates().path("other.key");
  meeting.listener->set_tls(context(renewed, TlsRole::server));
  TlsConfig trusting;
  trusting.verify_server = false;
  auto second =
      dial(meeting.loop, meeting.listener->port(), later, {.tls = context(trusting, TlsRole::client)});
  REQUIRE(later.wait_opened());
  CHECK(later.tls.subject == "CN=Other");
  CHECK(meeting.client.watch.read([&] { return meeting.client.closed; }) == 0);
}

TEST_CASE("HTTP runs over TLS, and an authority may be trusted by its fingerprint") {
  Loop loop;
  REQUIRE(loop.start().ok());
  HttpServerOptions options;
  options.tls = context(certificates().server(), TlsRole::server);
  auto server =
      HttpServer::listen(loop, options, [](const HttpRequest& request, const HttpResponder& responder) {
        responder.send(200, "text/plain", request.tls ? request.tls->protocol : "plain");
      }).value();
  const std::string url = "https://localhost:" + std::to_string(server->port()) + "/";
  const auto get = [&](HttpClientOptions client_options) {
    auto client = HttpClient::create(loop, std::move(client_options)).value();
    std::promise<HttpClientResponse> promise;
    client->request({.url = url},
                    [&](HttpClientResponse response) { promise.set_value(std::move(response)); });
    return promise.get_future().get();
  };
  CHECK(get({.certificate_authorities = {certificates().path("ca.pem")}}).body == "TLSv1.3");
  CHECK(get({.certificate_authorities = {certificates().path("other.pem")}}).error ==
        HttpClientResponse::Error::tls);
  CHECK(get({.verify_server = false, .protocols = {"TLSv1.2"}}).body == "TLSv1.2");
  REQUIRE(std::system(("openssl x509 -in " + certificates().path("other.pem") +
                       " -noout -fingerprint -sha256 | cut -d= -f2 | tr -d ':\\n' > " +
                       certificates().path("finger"))
                          .c_str()) == 0);
  std::string fingerprint;
  std::ifstream(certificates().path("finger")) >> fingerprint;
  CHECK(get({.ca_trusted_fingerprint = fingerprint}).error == HttpClientResponse::Error::tls);
  TlsConfig self_signed{.certificate = certificates().path("other.pem"),
                        .key = certificates().path("other.key")};
  server->set_tls(context(self_signed, TlsRole::server));
  const auto pinned = get({.ca_trusted_fingerprint = fingerprint});
  CHECK(pinned.error_text.find("does not match") != std::string::npos);  // trusted, but still not this host's
}
