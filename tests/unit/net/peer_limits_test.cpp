#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "net/peer_limits.hpp"

using namespace sluice::net;

namespace {

Endpoint at(std::string_view address) {
  auto endpoint = Endpoint::parse(address, 1234);
  REQUIRE(endpoint.ok());
  return *endpoint;
}

AddressList list(const std::vector<std::string>& entries) {
  auto parsed = AddressList::parse(entries);
  REQUIRE_MESSAGE(parsed.ok(), parsed.message());
  return std::move(parsed).value();
}

}  // namespace

TEST_CASE("networks hold the addresses of their prefix, IPv4 also when it comes over IPv6") {
  const auto some = list({"10.0.0.0/8", "192.168.1.7", "2001:db8:8000::/33", "172.16.5.128/25"});
  for (const auto* in : {"10.0.0.0", "10.255.255.255", "192.168.1.7", "::ffff:10.1.2.3", "2001:db8:8000::1",
                         "2001:db8:ffff::", "172.16.5.128", "172.16.5.255"})
    CHECK_MESSAGE(some.contains(at(in)), in);
  for (const auto* out : {"11.0.0.0", "9.255.255.255", "192.168.1.8", "2001:db8:7fff::1", "2001:db9::", "::1",
                          "172.16.5.127", "::a00:1"})
    CHECK_FALSE_MESSAGE(some.contains(at(out)), out);
  CHECK_FALSE(some.contains(Endpoint()));
  CHECK(list({"0.0.0.0/0"}).contains(at("8.8.8.8")));
  CHECK_FALSE(list({"0.0.0.0/0"}).contains(at("2001:db8::1")));
  CHECK(list({"::/0"}).contains(at("8.8.8.8")));
  CHECK(list({"localhost"}).contains(at("127.9.9.9")));
  CHECK(AddressList::loopback().contains(at("::1")));
  CHECK_FALSE(AddressList::loopback().contains(at("0.0.0.0")));
  CHECK_FALSE(AddressList::loopback().contains(at("::")));
}

TEST_CASE("what is no network is refused by name") {
  for (const std::string wrong : {"", "example.org", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x",
                                  "::/129", "10.0.0", "fe80::1%lo", "localhost/8", "10.0.0.0 /8"}) {
    const auto parsed = AddressList::parse({&wrong, 1});
    CHECK_FALSE_MESSAGE(parsed.ok(), wrong);
    CHECK(parsed.message().find("\"" + wrong + "\"") != std::string::npos);
  }
}

TEST_CASE("connections are limited in all, and of one peer") {
  PeerLimits limits({.allowed = list({"10.0.0.0/8", "2001:db8::/32"}),
                     .max_connections = 3,
                     .max_connections_per_peer = 2});
  CHECK(limits.enter(at("11.0.0.1")) == Refusal::network);
  CHECK(limits.enter(at("10.0.0.1")) == Refusal::none);
  CHECK(limits.enter(at("10.0.0.1")) == Refusal::none);
  CHECK(limits.enter(at("10.0.0.1")) == Refusal::peer_connections);
  CHECK(limits.enter(at("10.0.0.2")) == Refusal::none);
  CHECK(limits.enter(at("10.0.0.3")) == Refusal::connections);
  limits.leave(at("10.0.0.1"));
  CHECK(limits.enter(at("10.0.0.1")) == Refusal::none);
  limits.leave(at("10.0.0.1"));
  limits.leave(at("10.0.0.1"));
  limits.leave(at("10.0.0.2"));
  CHECK(limits.size() == 0);  // nobody is remembered
  // One IPv6 machine has a whole /64.
  CHECK(limits.enter(at("2001:db8::1")) == Refusal::none);
  CHECK(limits.enter(at("2001:db8::2")) == Refusal::none);
  CHECK(limits.enter(at("2001:db8::3")) == Refusal::peer_connections);
  CHECK(limits.enter(at("2001:db8:0:1::3")) == Refusal::none);
}

TEST_CASE("bytes of a peer are paced: a second's worth at once, then its rate") {
  PeerLimits limits({.peer_bytes_per_second = 1000});
  CHECK(limits.spend(at("10.0.0.1"), 1000, 5000) == 0);
  CHECK(limits.spend(at("10.0.0.1"), 500, 5000) == 500);
  CHECK(limits.spend(at("10.0.0.2"), 1000, 5000) == 0);  // another's credit is its own
  CHECK(limits.spend(at("10.0.0.1"), 0, 5500) == 0);
  CHECK(limits.spend(at("10.0.0.1"), 2000, 9000) == 1000);  // credit does not pile up
  CHECK(limits.take(at("10.0.0.3"), 900, 5000));
  CHECK(limits.take(at("10.0.0.3"), 900, 5000));
  CHECK_FALSE(limits.take(at("10.0.0.3"), 1, 5000));
  CHECK(limits.take(at("10.0.0.3"), 1, 5801));
  PeerLimits none({});
  CHECK(none.spend(at("10.0.0.1"), 1u << 30, 0) == 0);
  CHECK(none.size() == 0);
}

TEST_CASE("forged senders do not fill the memory") {
  PeerLimits limits({.max_connections_per_peer = 1, .peer_bytes_per_second = 10});
  CHECK(limits.enter(at("9.9.9.9")) == Refusal::none);
  for (uint32_t i = 0; i < PeerLimits::kPeers + 1000; ++i) {
    const auto address = std::to_string(10 + (i >> 16)) + "." + std::to_string(i >> 8 & 255) + "." +
                         std::to_string(i & 255) + ".1";
    (void)limits.take(at(address), 100, 1000);
    REQUIRE(limits.size() <= PeerLimits::kPeers);
  }
  CHECK(limits.enter(at("9.9.9.9")) == Refusal::peer_connections);  // who is connected is not forgotten
}
