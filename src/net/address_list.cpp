#include "net/address_list.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace sluice::net {

AddressBits address_bits(const Endpoint& endpoint) {
  AddressBits bits{};
  if (endpoint.v6()) {
    const auto* raw = reinterpret_cast<const sockaddr_in6*>(endpoint.raw());
    std::memcpy(bits.data(), &raw->sin6_addr, bits.size());
  } else {
    const auto* raw = reinterpret_cast<const sockaddr_in*>(endpoint.raw());
    bits[10] = bits[11] = 0xff;
    std::memcpy(bits.data() + 12, &raw->sin_addr, 4);
  }
  return bits;
}

namespace {

bool same_front(const AddressBits& a, const AddressBits& b, unsigned prefix) {
  const size_t whole = prefix / 8;
  if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
  const unsigned rest = prefix % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

}  // namespace

Status AddressList::add(std::string_view entry) {
  const auto wrong = [entry] {
    return Status::config("\"" + std::string(entry) +
                          "\" is no address and no network: write 192.168.1.7, 10.0.0.0/8 or 2001:db8::/32");
  };
  if (entry == "localhost") {
    if (auto status = add("127.0.0.0/8"); !status.ok()) return status;
    return add("::1");
  }
  const size_t slash = entry.find('/');
  const auto address = Endpoint::parse(entry.substr(0, slash), 0);
  if (!address.ok() || entry.find('%') != std::string_view::npos || entry.starts_with("localhost"))
    return wrong();
  const unsigned most = address->v6() ? 128 : 32;
  unsigned prefix = most;
  if (slash != std::string_view::npos) {
    const auto text = entry.substr(slash + 1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), prefix);
    if (error != std::errc{} || end != text.data() + text.size() || prefix > most) return wrong();
  }
  networks_.push_back({address_bits(*address), prefix + 128 - most});
  return {};
}

Result<AddressList> AddressList::parse(std::span<const std::string> entries) {
  AddressList list;
  for (const auto& entry : entries)
    if (auto status = list.add(entry); !status.ok()) return status;
  return list;
}

const AddressList& AddressList::loopback() {
  static const AddressList list = [] {
    const std::string localhost = "localhost";
    return AddressList::parse({&localhost, 1}).value();
  }();
  return list;
}

bool AddressList::contains(const Endpoint& endpoint) const {
  if (!endpoint.known()) return false;
  const auto bits = address_bits(endpoint);
  return std::any_of(networks_.begin(), networks_.end(),
                     [&bits](const Network& one) { return same_front(one.bits, bits, one.prefix); });
}

}  // namespace sluice::net
