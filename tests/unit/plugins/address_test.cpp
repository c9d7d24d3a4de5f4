#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>

#include "plugins/address/network_file.hpp"

using sluice::plugins::address::append;
using sluice::plugins::address::IpAddress;
using sluice::plugins::address::IpRange;
using sluice::plugins::address::masked;
using sluice::plugins::address::NetworkFile;
using sluice::plugins::address::NetworkSet;
using sluice::plugins::address::parse;

namespace {

std::string text_of(const IpAddress& address) {
  std::string text;
  append(address, text);
  return text;
}

IpAddress random_address(std::mt19937_64& random) {
  // Few different bits, so that addresses and networks meet.
  const bool v6 = random() % 2 == 0;
  const uint64_t mask = random() % 2 ? 0xffff : 0xffff000000000000u;
  return v6 ? IpAddress{true, random() & mask, random() & mask} : IpAddress{false, 0, random() & 0xff0000ff};
}

}  // namespace

TEST_CASE("an address is read as inet_pton reads it, and written so that it reads the same") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const IpAddress address = random_address(random);
    const std::string text = text_of(address);
    const auto back = parse(text);
    REQUIRE(back);
    CHECK(back->first == address);
    CHECK(back->last == address);
  }
  // Texts of the right letters: what inet_pton takes is taken, with the same meaning.
  constexpr std::string_view kLetters = "0123456789abf:.::";
  for (int i = 0; i < 200000; ++i) {
    std::string text;
    for (size_t n = random() % 14; n > 0; --n) text += kLetters[random() % kLetters.size()];
    unsigned char bytes[16];
    const bool v4 = inet_pton(AF_INET, text.c_str(), bytes) == 1;
    const bool v6 = inet_pton(AF_INET6, text.c_str(), bytes) == 1;
    const auto parsed = parse(text);
    CAPTURE(text);
    REQUIRE(parsed.has_value() == (v4 || v6));
    if (!parsed) continue;
    char canonical[INET6_ADDRSTRLEN];
    CHECK(text_of(parsed->first) == inet_ntop(v4 ? AF_INET : AF_INET6, bytes, canonical, sizeof canonical));
  }
}

TEST_CASE("a network holds the addresses that have its prefix") {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20000; ++i) {
    const IpAddress inside = random_address(random), other = random_address(random);
    const auto prefix = static_cast<int64_t>(random() % (inside.v6 ? 129 : 33));
    const auto network = parse(text_of(inside) + "/" + std::to_string(prefix));
    REQUIRE(network);
    CHECK(network->contains({inside, inside}));
    CHECK(network->first == masked(inside, prefix));
    const bool same = other.v6 == inside.v6 && masked(other, prefix) == masked(inside, prefix);
    CHECK(network->contains({other, other}) == same);
  }
  CHECK_FALSE(masked(IpAddress{false, 0, 1}, 33));
  CHECK_FALSE(masked(IpAddress{true, 0, 1}, -1));
}

TEST_CASE("many networks answer as each of them would") {
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    NetworkSet set;
    std::vector<IpRange> all;
    for (size_t n = random() % 40; n > 0; --n) {
      const IpAddress address = random_address(random);
      const auto network = parse(text_of(address) + "/" + std::to_string(random() % (address.v6 ? 129 : 33)));
      REQUIRE(network);
      all.push_back(*network);
      set.add(*network);
    }
    set.seal();
    CHECK(set.size() <= all.size());
    for (int i = 0; i < 200; ++i) {
      IpAddress address = random_address(random);
      IpRange range{address, address};
      if (random() % 4 == 0 && !all.empty()) range = all[random() % all.size()];
      bool expected = false;
      for (const auto& network : all) expected = expected || network.contains(range);
      CHECK(set.contains(range) == expected);
    }
  }
}

TEST_CASE("a file of networks is read again when it is time, and kept when it is gone or empty") {
  char name[] = "/tmp/sluice-test-XXXXXX";
  const std::string path = std::string(mkdtemp(name)) + "/networks";
  const auto write = [&](const char* text) { std::ofstream(path, std::ios::trunc) << text; };
  const auto holds = [](NetworkFile& file, const char* address) {
    return file.get()->contains(*parse(address));
  };
  CHECK_FALSE(NetworkFile(path, "\n", 0, "test").load().ok());
  write("10.0.0.0/8\nnonsense\n");
  NetworkFile eager(path, "\n", 0, "test"), lazy(path, "\n", 3'600'000'000'000, "test");
  REQUIRE(eager.load().ok());
  REQUIRE(lazy.load().ok());
  CHECK(holds(eager, "10.1.1.1"));
  write("192.168.0.0/16");
  CHECK(holds(eager, "192.168.1.1"));
  CHECK_FALSE(holds(eager, "10.1.1.1"));
  CHECK(holds(lazy, "10.1.1.1"));
  write("");
  CHECK(holds(eager, "192.168.1.1"));
  std::remove(path.c_str());
  rmdir(name);
  CHECK(holds(eager, "192.168.1.1"));
}
