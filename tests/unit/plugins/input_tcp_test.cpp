#include <doctest/doctest.h>

#include "input_harness.hpp"
#include "input_tls_fixture.hpp"
#include "net/tcp.hpp"

using namespace sluice::test;
using sluice::net::CloseReason;

namespace {
bool has(const Got& got, std::string_view text) { return got.json.find(text) != std::string::npos; }
bool meta(const Got& got, std::string_view text) { return got.metadata.find(text) != std::string::npos; }
}  // namespace

TEST_CASE("tcp gives lines however they are cut, with the peer's fields") {
  Running run("tcp { host => \"127.0.0.1\" port => 0 dns_reverse_lookup_enabled => false }");
  REQUIRE(run.start().ok());
  Client client(run.port());
  REQUIRE(client.send("one\ntw"));
  auto got = run.sink.take(1);
  REQUIRE(client.send("o\nlast"));
  client.close();
  auto rest = run.sink.take(2);
  REQUIRE(got.size() == 1);
  REQUIRE(rest.size() == 2);
  CHECK(has(got[0], R"("message":"one")"));
  CHECK(has(got[0], R"("host":"127.0.0.1")"));
  CHECK(has(got[0], R"("port":)"));
  CHECK(meta(got[0], R"("ip_address":"127.0.0.1")"));
  CHECK(has(rest[0], R"("message":"two")"));
  CHECK(has(rest[1], R"("message":"last")"));
  CHECK(has(rest[1], R"("host":"127.0.0.1")"));
}

TEST_CASE("tcp puts what it knows of the peer under [@metadata][input][tcp] with ECS") {
  Running run("tcp { host => \"127.0.0.1\" port => 0 codec => json dns_reverse_lookup_enabled => false }",
              "v8");
  REQUIRE(run.start().ok());
  Client client(run.port());
  REQUIRE(client.send("{\"a\":1}\n"));
  const auto got = run.sink.take(1);
  REQUIRE(got.size() == 1);
  CHECK(has(got[0], R"("a":1)"));
  CHECK_FALSE(has(got[0], R"("host")"));
  CHECK(meta(got[0], R"({"input":{"tcp":{"source":{"name":"127.0.0.1","ip":"127.0.0.1","port":)" +
                         std::to_string(client.local_port())));
}

TEST_CASE("tcp looks the peer's name up before its first event") {
  Running run("tcp { host => \"127.0.0.1\" port => 0 }");
  REQUIRE(run.start().ok());
  Client client(run.port());
  REQUIRE(client.send("x\n"));
  const auto got = run.sink.take(1);
  REQUIRE(got.size() == 1);
  CHECK(has(got[0], R"("host":")"));
  CHECK(meta(got[0], R"("ip_address":"127.0.0.1")"));
}

TEST_CASE("tcp keeps the streams of its connections apart") {
  Running run("tcp { host => \"127.0.0.1\" port => 0 dns_reverse_lookup_enabled => false }");
  REQUIRE(run.start().ok());
  Client a(run.port()), b(run.port());
  REQUIRE(a.send("aa"));
  REQUIRE(b.send("bb"));
  REQUIRE(run.sink.wait([&] { return run.sink.queued() == 2; }));
  REQUIRE(a.send("aa\n"));
  REQUIRE(b.send("bb\n"));
  const auto got = run.sink.take(2);
  REQUIRE(got.size() == 2);
  CHECK(has(got[0], R"("message":"aaaa")") != has(got[1], R"("message":"aaaa")"));
  CHECK(has(got[0], R"("message":"bbbb")") != has(got[1], R"("message":"bbbb")"));
}

TEST_CASE("tcp reads nothing while the pipeline is full, and all of it afterwards") {
  Running run("tcp { host => \"127.0.0.1\" port => 0 dns_reverse_lookup_enabled => false }");
  REQUIRE(run.start().ok());
  Client client(run.port());
  REQUIRE(client.send("first\n"));
  REQUIRE(run.sink.wait([&] { return run.sink.queued() == 1; }));
  run.sink.set_full(true);
  REQUIRE(client.send("second\n"));  // with the answer to it the input hears that there is no room
  REQUIRE(run.sink.wait([&] { return run.sink.queued() == 2; }));
  std::thread sender([&] {
    for (int i = 0; i < 20'000; ++i)
      client.send("another line that takes some room in the buffers of the system\n");
    client.close();
  });
  Client late(run.port());
  late.send("late\n");
  CHECK_FALSE(run.sink.wait([&] { return run.sink.queued() > 2; }, 200));
  run.sink.set_full(false);
  CHECK(run.sink.take(20'003).size() == 20'003);
  sender.join();
}

TEST_CASE("tcp takes the client from a PROXY line") {
  Running run(
      "tcp { host => \"127.0.0.1\" port => 0 proxy_protocol => true dns_reverse_lookup_enabled => false }");
  REQUIRE(run.start().ok());
  Client client(run.port());
  REQUIRE(client.send("PROXY TCP4 192.0.2.7 192.0.2"));
  REQUIRE(client.send(".1 51234 443\r\nhello\n"));
  const auto got = run.sink.take(1);
  REQUIRE(got.size() == 1);
  CHECK(has(got[0], R"("message":"hello")"));
  CHECK(has(got[0], R"("host":"192.0.2.7")"));
  CHECK(has(got[0], R"("port":"51234")"));
  CHECK(has(got[0], R"("proxy_host":"192.0.2.1")"));
  CHECK(has(got[0], R"("proxy_port":"443")"));
  Client bad(run.port());
  REQUIRE(bad.send("GET / HTTP/1.1\r\n"));
  CHECK(bad.closed());
}

TEST_CASE("tcp in mode client connects, and again after the server has gone") {
  std::atomic<int> accepted{0};
  struct Speaker : sluice::net::ConnectionHandler {
    void on_open(sluice::net::TcpConnection& c) override {
      c.write(std::string("hello\n"));
      c.close_after_writes();
    }
    void on_data(sluice::net::TcpConnection&, const sluice::SlabRef&, std::string_view) override {}
    void on_close(sluice::net::TcpConnection&, const CloseReason&) override {}
  };
  sluice::net::Loop loop;
  REQUIRE(loop.start("server").ok());
  auto listener = sluice::net::TcpListener::listen(loop, {.host = "127.0.0.1"}, [&](auto&) {
    ++accepted;
    return std::make_unique<Speaker>();
  });
  REQUIRE(listener.ok());
  Running run("tcp { mode => client host => \"127.0.0.1\" dns_reverse_lookup_enabled => false port => " +
              std::to_string((*listener)->port()) + " }");
  REQUIRE(run.start().ok());
  CHECK(run.sink.take(2).size() == 2);
  CHECK(accepted >= 2);
  run.close();
  loop.stop();
  loop.join();
}

TEST_CASE("a port in use is one line with option, address and remedy") {
  Running first("tcp { host => \"127.0.0.1\" port => 0 }");
  REQUIRE(first.start().ok());
  Running second("tcp { host => \"127.0.0.1\" port => " + std::to_string(first.port()) + " }");
  const auto status = second.start();
  REQUIRE_FALSE(status.ok());
  CHECK(status.message().find("`port` => " + std::to_string(first.port())) != std::string::npos);
  CHECK(status.message().find("in use") != std::string::npos);
  CHECK(status.message().find('\n') == std::string::npos);
}

TEST_CASE("tcp speaks TLS and gives the subject of the client's certificate") {
  const TlsFiles files;
  Running run(
      "tcp { host => \"127.0.0.1\" port => 0 dns_reverse_lookup_enabled => false ssl_enabled => true "
      "ssl_certificate => \"" +
      files.server_certificate() + "\" ssl_key => \"" + files.server_key() +
      "\" ssl_certificate_authorities => [\"" + files.authority() +
      "\"] ssl_client_authentication => required }");
  REQUIRE(run.start().ok());
  TlsClient client(run.port(), files, true);
  REQUIRE(client.open());
  client.send("secret\n");
  const auto got = run.sink.take(1);
  REQUIRE(got.size() == 1);
  CHECK(has(got[0], R"("message":"secret")"));
  CHECK(has(got[0], R"("sslsubject":"CN=client")"));
  TlsClient stranger(run.port(), files, false);
  stranger.send("x\n");
  CHECK(stranger.closed());
}

TEST_CASE("tcp knows the old names of the TLS options, and warns") {
  const TlsFiles files;
  const auto text = faults("tcp { port => 1 ssl_enable => true ssl_verify => false ssl_cert => \"" +
                           files.server_certificate() + "\" ssl_key => \"" + files.server_key() + "\" }");
  CHECK(text.find("E0") == std::string::npos);
  CHECK(text.find("W0206") != std::string::npos);
}

TEST_CASE("tcp says which TLS option is missing or does not belong") {
  const TlsFiles files;
  CHECK(faults("tcp { port => 1 ssl_enabled => true }").find("`ssl_certificate` is required") !=
        std::string::npos);
  CHECK(faults("tcp { port => 1 ssl_enabled => true ssl_certificate => \"" + files.server_certificate() +
               "\" }")
            .find("requires an `ssl_key`") != std::string::npos);
  CHECK(faults("tcp { port => 1 ssl_key => \"" + files.server_key() + "\" }").find("W0308") !=
        std::string::npos);
  const std::string pair =
      " ssl_certificate => \"" + files.server_certificate() + "\" ssl_key => \"" + files.server_key() + "\" ";
  CHECK(faults("tcp { port => 1 ssl_enabled => true " + pair + "ssl_verification_mode => full }")
            .find("E0307") != std::string::npos);
  CHECK(faults("tcp { port => 1 ssl_enabled => true " + pair + "ssl_client_authentication => optional }")
            .find("E0308") != std::string::npos);
  CHECK(faults("tcp { mode => client port => 1 ssl_enabled => true ssl_client_authentication => none }")
            .find("E0307") != std::string::npos);
  CHECK(faults("tcp { port => 70000 }").find("E0306") != std::string::npos);
}
