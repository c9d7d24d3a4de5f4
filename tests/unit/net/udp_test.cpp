#include "net/udp.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <vector>

#include "net_test.hpp"

using namespace sluice;
using namespace sluice::net;
using namespace sluice::net::testing;

namespace {

/// Sends to 127.0.0.1; the system does not take less than all.
class Sender {
 public:
  explicit Sender(uint16_t to) : fd_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    const Endpoint address = *Endpoint::parse("127.0.0.1", to);
    REQUIRE(::connect(fd_, address.raw(), sizeof(sockaddr_in)) == 0);
  }
  ~Sender() { ::close(fd_); }
  void send(std::string_view text) {
    REQUIRE(::send(fd_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  }
  [[nodiscard]] uint16_t port() const {
    sockaddr_in own{};
    socklen_t length = sizeof own;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&own), &length);
    return ntohs(own.sin_port);
  }

 private:
  int fd_;
};

struct Received {
  std::string bytes;
  Endpoint from;
};

/// A socket on a loop of its own, and all that came.
struct Receiving {
  explicit Receiving(UdpOptions options) {
    REQUIRE(loop.start().ok());
    options.host = "127.0.0.1";
    auto bound = UdpSocket::bind(
        loop, options,
        [this](const SlabRef&, std::string_view records, size_t count) { take(records, count); });
    REQUIRE_MESSAGE(bound.ok(), bound.message());
    socket = std::move(bound).value();
  }
  void take(std::string_view records, size_t count) {
    if (std::exchange(pause_once, false)) socket->pause();
    watch.change([&] {
      DatagramRun run(records);
      std::string_view bytes;
      Endpoint from;
      for (; run.next(bytes, from); --count) got.push_back({std::string(bytes), from});
      CHECK(count == 0);
    });
  }
  bool wait_for(size_t count) {
    return watch.wait([&] { return got.size() >= count; });
  }

  Loop loop;
  Watch watch;
  std::vector<Received> got;
  bool pause_once = false;
  std::unique_ptr<UdpSocket> socket;
};

}  // namespace

TEST_CASE("datagrams arrive whole, in order, with their sender, also after a pause") {
  Receiving receiving({.receive_buffer_bytes = 200'000});
  receiving.pause_once = true;
  Sender sender(receiving.socket->port());
  receiving.loop.call([&] {  // all of them wait when the socket is read
    for (int i = 0; i < 200; ++i) sender.send("datagram " + std::to_string(i));
  });
  REQUIRE(receiving.wait_for(1));
  receiving.socket->resume();
  REQUIRE(receiving.wait_for(200));
  for (size_t i = 0; i < 200; ++i) CHECK(receiving.got[i].bytes == "datagram " + std::to_string(i));
  CHECK(receiving.got[77].from.port() == sender.port());
  CHECK(receiving.got[77].from.address() == "127.0.0.1");
}

TEST_CASE("a port that is in use is said") {
  Receiving receiving({});
  Loop loop;
  auto second = UdpSocket::bind(loop, {.host = "127.0.0.1", .port = receiving.socket->port()},
                                [](const SlabRef&, std::string_view, size_t) {});
  CHECK(second.message() ==
        "port " + std::to_string(receiving.socket->port()) + " on 127.0.0.1 is already in use");
}

TEST_CASE("datagrams of all sizes pass, and empty ones are left out") {
  Receiving receiving({});
  Sender sender(receiving.socket->port());
  const std::vector<size_t> sizes = {1, 0, 7, 8, 9, 1400, 60'000, 63'999, 65'000, 65'507, 3};
  for (const size_t size : sizes) sender.send(std::string(size, static_cast<char>('a' + size % 26)));
  REQUIRE(receiving.wait_for(sizes.size() - 1));
  size_t at = 0;
  for (const size_t size : sizes) {
    if (size == 0) continue;
    CHECK((receiving.got[at++].bytes == std::string(size, static_cast<char>('a' + size % 26))));
  }
}

TEST_CASE("a steady stream is read in paces, and a stop in the middle of one holds") {
  Receiving receiving({});
  Sender sender(receiving.socket->port());
  size_t sent = 0;
  const auto send = [&] {
    receiving.loop.call([&] {  // so that many of them wait
      for (int i = 0; i < 100; ++i) sender.send(std::to_string(sent++));
    });
  };
  for (int round = 0; round < 20; ++round) {
    send();
    REQUIRE(receiving.wait_for(sent));
  }
  receiving.socket->pause();
  send();
  bool later = false;
  std::optional<Timer> timer;
  receiving.loop.call([&] {
    timer.emplace(receiving.loop);
    timer->start(10, [&] { receiving.watch.change([&] { later = true; }); });
  });
  REQUIRE(receiving.watch.wait([&] { return later; }));
  CHECK(receiving.got.size() == sent - 100);
  receiving.loop.call([&] { timer.reset(); });
  receiving.socket->resume();
  REQUIRE(receiving.wait_for(sent));
  for (size_t i = 0; i < sent; ++i) REQUIRE(receiving.got[i].bytes == std::to_string(i));
}

TEST_CASE("a datagram longer than the buffer is cut") {
  Receiving receiving({.buffer_size = 10});
  Sender sender(receiving.socket->port());
  sender.send("0123456789abc");
  REQUIRE(receiving.wait_for(1));
  CHECK(receiving.got[0].bytes == "0123456789");
}

TEST_CASE("the socket says what the kernel granted and what it dropped") {
  Receiving receiving({.receive_buffer_bytes = 10'000});
  CHECK(receiving.socket->receive_buffer_bytes() == 10'000);
  const auto dropped = [&] { return receiving.loop.call([&] { return receiving.socket->dropped(); }); };
  CHECK(dropped() == 0);
  receiving.socket->pause();
  Sender sender(receiving.socket->port());
  for (int i = 0; i < 100; ++i) sender.send(std::string(500, 'x'));
  const uint32_t lost = dropped();
  CHECK(lost > 0);
  CHECK(lost < 100);
  receiving.socket->resume();
  CHECK(receiving.wait_for(100 - lost));
}
