#include "plugins/address/ip_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::plugins::address {
namespace {

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// A decimal number without leading zeros up to `limit`; moves `text` behind it.
std::optional<uint32_t> number(std::string_view& text, uint32_t limit) {
  size_t size = 0;
  uint32_t value = 0;
  while (size < text.size() && text[size] >= '0' && text[size] <= '9') {
    if (size == 3) return {};
    value = value * 10 + static_cast<uint32_t>(text[size++] - '0');
  }
  if (size == 0 || value > limit || (size > 1 && text[0] == '0')) return {};
  text.remove_prefix(size);
  return value;
}

std::optional<uint32_t> parse_v4(std::string_view text) {
  uint32_t all = 0;
  for (int i = 0; i < 4; ++i) {
    if (i > 0) {
      if (text.empty() || text[0] != '.') return {};
      text.remove_prefix(1);
    }
    const auto octet = number(text, 255);
    if (!octet) return {};
    all = all << 8 | *octet;
  }
  if (!text.empty()) return {};
  return all;
}

// Up to eight groups of four hex digits; the last may be an IPv4 address, which counts for two.
struct Groups {
  std::array<uint16_t, 8> words{};
  size_t size = 0;

  bool push(uint32_t word) {
    if (size == words.size()) return false;
    words[size++] = static_cast<uint16_t>(word);
    return true;
  }
  // `text` is empty or groups joined by single colons.
  bool read(std::string_view text, bool may_end_in_v4) {
    while (!text.empty()) {
      const size_t colon = text.find(':');
      const std::string_view group = text.substr(0, colon);
      if (may_end_in_v4 && colon == std::string_view::npos && group.find('.') != std::string_view::npos) {
        const auto v4 = parse_v4(group);
        return v4 && push(*v4 >> 16) && push(*v4 & 0xffff);
      }
      uint32_t word = 0;
      const auto [end, error] = std::from_chars(group.data(), group.data() + group.size(), word, 16);
      if (group.empty() || group.size() > 4 || error != std::errc{} || end != group.data() + group.size())
        return false;
      if (!push(word)) return false;
      if (colon == std::string_view::npos) return true;
      text.remove_prefix(colon + 1);
      if (text.empty()) return false;  // a colon at the end
    }
    return true;
  }
};

std::optional<IpAddress> parse_v6(std::string_view text) {
  Groups left, right;
  const size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    if (!left.read(text, true) || left.size != 8) return {};
  } else {
    if (!left.read(text.substr(0, gap), false) || !right.read(text.substr(gap + 2), true)) return {};
    if (left.size + right.size > 7) return {};  // :: stands for one group at least
    std::copy_n(right.words.begin(), right.size, left.words.end() - static_cast<ptrdiff_t>(right.size));
  }
  IpAddress address{true, 0, 0};
  for (size_t i = 0; i < 8; ++i) {
    uint64_t& half = i < 4 ? address.high : address.low;
    half = half << 16 | left.words[i];
  }
  return address;
}

IpAddress mask_of(bool v6, int64_t prefix) {
  const auto ones = [](int64_t bits) {
    return bits <= 0 ? 0 : bits >= 64 ? ~uint64_t{0} : ~uint64_t{0} << (64 - bits);
  };
  if (!v6) return {false, 0, (ones(prefix + 32) & 0xffffffff)};
  return {true, ones(prefix), ones(prefix - 64)};
}

IpRange range_of(const IpAddress& address, const IpAddress& mask) {
  const uint64_t width = address.v6 ? ~uint64_t{0} : 0xffffffff;
  const uint64_t high_bits = address.v6 ? ~mask.high : 0;
  return {{address.v6, address.high & mask.high, address.low & mask.low},
          {address.v6, address.high | high_bits, address.low | (~mask.low & width)}};
}

// The bits of what stands behind the slash: a length, or a netmask.
std::optional<IpAddress> parse_mask(std::string_view text, bool v6) {
  std::string_view rest = text;
  if (const auto prefix = number(rest, v6 ? 128 : 32); prefix && rest.empty()) return mask_of(v6, *prefix);
  if (text.find('/') != std::string_view::npos) return {};
  const auto mask = parse(text);
  if (!mask || mask->first.v6 != v6) return {};
  for (int64_t bits = 0; bits <= (v6 ? 128 : 32); ++bits)
    if (mask_of(v6, bits) == mask->first) return mask->first;
  return {};
}

}  // namespace

std::optional<IpRange> parse(std::string_view text) {
  const size_t slash = text.find('/');
  std::string_view host = text.substr(0, slash);
  bool only_v6 = false;
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    only_v6 = true;
  }
  if (const size_t zone = host.rfind('%'); zone != std::string_view::npos && zone + 1 < host.size() &&
                                           std::all_of(host.begin() + zone + 1, host.end(), is_word)) {
    host = host.substr(0, zone);
    only_v6 = true;
  }
  std::optional<IpAddress> address;
  if (host.find(':') != std::string_view::npos)
    address = parse_v6(host);
  else if (const auto v4 = parse_v4(host); v4 && !only_v6)
    address = IpAddress{false, 0, *v4};
  if (!address) return {};
  if (slash == std::string_view::npos) return IpRange{*address, *address};
  const auto mask = parse_mask(text.substr(slash + 1), address->v6);
  if (!mask) return {};
  return range_of(*address, *mask);
}

std::optional<IpAddress> masked(const IpAddress& address, int64_t prefix) {
  if (prefix < 0 || prefix > (address.v6 ? 128 : 32)) return {};
  return range_of(address, mask_of(address.v6, prefix)).first;
}

void append(const IpAddress& address, std::string& out) {
  unsigned char bytes[16];
  const auto put = [&bytes](size_t at, uint64_t value, size_t count) {
    for (size_t i = count; i-- > 0; value >>= 8) bytes[at + i] = static_cast<unsigned char>(value);
  };
  char text[INET6_ADDRSTRLEN];
  if (address.v6) {
    put(0, address.high, 8);
    put(8, address.low, 8);
  } else {
    put(0, address.low, 4);
  }
  out += inet_ntop(address.v6 ? AF_INET6 : AF_INET, bytes, text, sizeof text);
}

}  // namespace sluice::plugins::address
