// The tcp and udp outputs against real sockets.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "net/tcp.hpp"
#include "output_fixture.hpp"
#include "plugins/outputs/tcp_sender.hpp"

using namespace sluice;
using test::OutputTest;

namespace {

// A listening or datagram socket on a free port of 127.0.0.1.
struct Port {
  explicit Port(int type, uint16_t wanted = 0) {
    fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    timeval patience{20, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(wanted);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    if (type == SOCK_STREAM) REQUIRE(::listen(fd, 8) == 0);
    socklen_t length = sizeof at;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &length);
    number = ntohs(at.sin_port);
  }
  ~Port() { close(); }
  void close() {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
  int fd = -1;
  uint16_t number = 0;
};

int connect_to(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
  timeval patience{20, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

std::string receive(int fd, size_t bytes) {
  std::string out;
  char buffer[4096];
  while (out.size() < bytes) {
    const ssize_t n = ::recv(fd, buffer, std::min(sizeof buffer, bytes - out.size()), 0);
    if (n <= 0) break;
    out.append(buffer, static_cast<size_t>(n));
  }
  return out;
}

const std::string kLine = "codec => line { format => \"%{m}\" } ";

}  // namespace

TEST_CASE("the tcp client sends batches in order and confirms what the socket has") {
  Port server(SOCK_STREAM);
  OutputTest t;
  REQUIRE_MESSAGE(
      t.start("tcp { host => \"127.0.0.1\" port => " + std::to_string(server.number) + " " + kLine + "}"),
      t.problem);
  t.write({R"({"m":"one"})", R"({"m":"two"})"});
  t.write({R"({"m":"three"})"});
  const int peer = ::accept(server.fd, nullptr, nullptr);
  CHECK(receive(peer, 14) == "one\ntwo\nthree\n");
  CHECK(t.wait_delivered(2));
  ::close(peer);
}

TEST_CASE("the tcp client waits for a server that is not there, and connects again when it goes") {
  Port first(SOCK_STREAM);
  const auto number = first.number;
  first.close();
  OutputTest t;
  REQUIRE(t.start("tcp { host => \"127.0.0.1\" port => " + std::to_string(number) +
                  " reconnect_interval => 0.02 " + kLine + "}"));
  t.write({R"({"m":"one"})"});
  CHECK(t.delivered == 0);
  const auto& circuit = t.metrics.circuit("127.0.0.1:" + std::to_string(number));
  CHECK(circuit != plugin::CircuitState::closed);
  {
    Port server(SOCK_STREAM, number);
    const int peer = ::accept(server.fd, nullptr, nullptr);
    CHECK(receive(peer, 4) == "one\n");
    REQUIRE(t.wait_delivered(1));
    CHECK(circuit == plugin::CircuitState::closed);
    ::close(peer);
  }
  Port again(SOCK_STREAM, number);
  const int peer = ::accept(again.fd, nullptr, nullptr);
  REQUIRE(peer >= 0);
  t.write({R"({"m":"two"})"});
  CHECK(receive(peer, 4) == "two\n");
  CHECK(t.wait_delivered(2));
  ::close(peer);
}

TEST_CASE("a peer that does not read holds the tcp client's batches back; stop abandons them") {
  Port server(SOCK_STREAM);
  OutputTest t;
  REQUIRE(
      t.start("tcp { host => \"127.0.0.1\" port => " + std::to_string(server.number) + " " + kLine + "}"));
  const std::string big = R"({"m":")" + std::string(32 << 20, 'x') + R"("})";
  t.write({big});
  const int peer = ::accept(server.fd, nullptr, nullptr);
  CHECK(receive(peer, 1) == "x");
  CHECK(t.delivered == 0);
  t.stop();
  CHECK(t.abandoned == 1);
  ::close(peer);
}

TEST_CASE("a peer that takes nothing for a minute while bytes wait for it has stalled") {
  plugins::Progress progress{0, 1000};
  CHECK_FALSE(progress.stalled(0, 10, 1000 + 59'999));
  CHECK(progress.stalled(0, 10, 1000 + 60'000));
  CHECK_FALSE(progress.stalled(5, 10, 70'000));  // some went out
  CHECK_FALSE(progress.stalled(5, 0, 200'000));  // nothing waits
  CHECK_FALSE(progress.stalled(5, 10, 259'000));
  CHECK(progress.stalled(5, 10, 260'000));
}

TEST_CASE("every client of the tcp server gets every event") {
  OutputTest t;
  REQUIRE_MESSAGE(t.start("tcp { host => \"127.0.0.1\" port => 0 mode => \"server\" " + kLine + "}"),
                  t.problem);
  REQUIRE(t.engine.addresses.size() == 1);
  const auto& address = t.engine.addresses[0];
  const auto port = static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  t.write({R"({"m":"nobody hears this"})"});
  REQUIRE(t.wait_delivered(1));
  const int a = connect_to(port), b = connect_to(port);
  // Both are known once each has received something; the first events may come before.
  std::string from_a, from_b;
  size_t n = 1;
  while (from_a.empty() || from_b.empty()) {
    t.write({R"({"m":"x"})"});
    REQUIRE(t.wait_delivered(++n));
    char buffer[4096];
    for (auto [fd, text] : {std::pair{a, &from_a}, std::pair{b, &from_b}})
      if (const ssize_t got = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT); got > 0)
        text->append(buffer, static_cast<size_t>(got));
  }
  t.write({R"({"m":"last"})"});
  for (const int fd : {a, b}) {
    std::string text;
    while (text.find("last\n") == std::string::npos) {
      const auto more = receive(fd, 1);
      REQUIRE_FALSE(more.empty());
      text += more;
    }
    ::close(fd);
  }
}

TEST_CASE("a port in use is a start-up error of the tcp server") {
  Port taken(SOCK_STREAM);
  OutputTest t;
  CHECK_FALSE(t.start("tcp { host => \"127.0.0.1\" port => " + std::to_string(taken.number) +
                      " mode => \"server\" }"));
  CHECK(t.problem.find(std::to_string(taken.number)) != std::string::npos);
}

TEST_CASE("TLS options of the tcp output are checked") {
  OutputTest t;
  CHECK(t.build("tcp { host => \"x\" port => 1 mode => \"server\" ssl_enabled => true }") == nullptr);
  CHECK(t.says("ssl_certificate"));
  OutputTest u;
  CHECK(
      u.build(
          "tcp { host => \"x\" port => 1 ssl_enabled => true ssl_client_authentication => \"required\" }") ==
      nullptr);
  OutputTest v;
  CHECK(v.build("tcp { host => \"x\" port => 99999 }") == nullptr);
}

TEST_CASE("udp sends a datagram an event, to the port that the event names") {
  Port a(SOCK_DGRAM), b(SOCK_DGRAM);
  OutputTest t;
  REQUIRE_MESSAGE(
      t.start("udp { host => \"127.0.0.1\" port => \"%{p}\" codec => plain { format => \"%{m}\" } }"),
      t.problem);
  t.write({R"({"m":"one","p":)" + std::to_string(a.number) + "}",
           R"({"m":"two","p":)" + std::to_string(b.number) + "}", R"({"m":"lost","p":"nowhere"})",
           R"({"m":"three","p":)" + std::to_string(a.number) + "}"});
  char buffer[100];
  const auto next = [&](int fd) {
    return std::string(buffer,
                       static_cast<size_t>(std::max<ssize_t>(0, ::recv(fd, buffer, sizeof buffer, 0))));
  };
  CHECK(next(a.fd) == "one");
  CHECK(next(a.fd) == "three");
  CHECK(next(b.fd) == "two");
  CHECK(t.wait_delivered(1));
}

TEST_CASE("a datagram that no network takes is dropped, with a line in the log") {
  Port a(SOCK_DGRAM);
  OutputTest t;
  REQUIRE(t.start("udp { host => \"127.0.0.1\" port => " + std::to_string(a.number) +
                  " retry_count => 3 retry_backoff_ms => 1 }"));
  t.write({R"({"m":")" + std::string(70000, 'x') + R"("})"});
  CHECK(t.wait_delivered(1));
  OutputTest u;
  CHECK(u.build("udp { host => \"127.0.0.1\" port => \"no port\" }") == nullptr);
}
