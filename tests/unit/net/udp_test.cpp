#include "net/udp.hpp"

#include <set>

#include "net_test.hpp"

using namespace sluice;
using namespace sluice::net;
using namespace sluice::net::testing;

TEST_CASE("datagrams arrive whole, with their sender, also after a pause") {
  Loop loop;
  REQUIRE(loop.start().ok());
  Watch watch;
  std::set<std::string> got;
  Endpoint sender;
  UdpSocket* socket = nullptr;
  bool pause_once = true;
  auto bound = UdpSocket::bind(loop, {.host = "127.0.0.1", .receive_buffer_bytes = 200'000},
                               [&](const SlabRef&, std::string_view bytes, const Endpoint& from) {
                                 if (std::exchange(pause_once, false)) socket->pause();
                                 watch.change([&] {
                                   got.emplace(bytes);
                                   sender = from;
                                 });
                               });
  REQUIRE_MESSAGE(bound.ok(), bound.message());
  socket = bound->get();
  CHECK(socket->receive_buffer_bytes() >= 200'000);
  auto from =
      UdpSocket::bind(loop, {.host = "127.0.0.1"}, [](const SlabRef&, std::string_view, const Endpoint&) {});
  const Endpoint to = *Endpoint::parse("127.0.0.1", socket->port());
  loop.call([&] {  // all of them wait when the socket is read
    for (int i = 0; i < 50; ++i) CHECK((*from)->send_to("datagram " + std::to_string(i), to).ok());
  });
  REQUIRE(watch.wait([&] { return !got.empty(); }));
  socket->resume();
  CHECK(watch.wait([&] { return got.size() == 50; }));
  CHECK(sender.port() == (*from)->port());
  auto second = UdpSocket::bind(loop, {.host = "127.0.0.1", .port = socket->port()},
                                [](const SlabRef&, std::string_view, const Endpoint&) {});
  CHECK(second.message() == "port " + std::to_string(socket->port()) + " on 127.0.0.1 is already in use");
}

TEST_CASE("a datagram longer than the buffer is cut") {
  Loop loop;
  REQUIRE(loop.start().ok());
  Watch watch;
  std::string got;
  auto socket = UdpSocket::bind(
      loop, {.host = "127.0.0.1", .buffer_size = 10},
      [&](const SlabRef&, std::string_view bytes, const Endpoint&) { watch.change([&] { got = bytes; }); });
  REQUIRE(socket.ok());
  CHECK((*socket)->send_to("0123456789abc", *Endpoint::parse("127.0.0.1", (*socket)->port())).ok());
  CHECK(watch.wait([&] { return got == "0123456789"; }));
}
