// Writes small MaxMind databases for tests: the format of MaxMind's MMDB specification 2.0, IPv4 networks in
// a tree for IPv4 or IPv6, 24-bit records.
#pragma once

#include <bit>
#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace sluice::plugins::fixture {

/// A value of the data section, encoded.
struct MmdbValue {
  std::string bytes;

  static MmdbValue text(const std::string& s) { return {head(2, s.size()) + s}; }
  static MmdbValue number(double d) { return {head(3, 8) + big_endian(std::bit_cast<uint64_t>(d), 8)}; }
  static MmdbValue uint16(uint16_t n) { return {head(5, 2) + big_endian(n, 2)}; }
  static MmdbValue uint32(uint32_t n) { return {head(6, 4) + big_endian(n, 4)}; }
  static MmdbValue uint64(uint64_t n) { return {head(9, 8) + big_endian(n, 8)}; }
  static MmdbValue list(std::initializer_list<MmdbValue> items) {
    std::string all = head(11, items.size());
    for (const auto& item : items) all += item.bytes;
    return {all};
  }
  static MmdbValue map(std::initializer_list<std::pair<const char*, MmdbValue>> entries) {
    std::string all = head(7, entries.size());
    for (const auto& [key, value] : entries) all += text(key).bytes + value.bytes;
    return {all};
  }

  static std::string big_endian(uint64_t n, int size) {
    std::string out;
    for (int i = size - 1; i >= 0; --i) out += static_cast<char>(n >> (8 * i));
    return out;
  }

 private:
  // Types above 7 stand in a second byte; sizes from 29 on, too.
  static std::string head(int type, size_t size) {
    std::string out(
        1, static_cast<char>((type <= 7 ? type << 5 : 0) | (size < 29 ? static_cast<int>(size) : 29)));
    if (type > 7) out += static_cast<char>(type - 7);
    if (size >= 29) out += static_cast<char>(size - 29);
    return out;
  }
};

struct MmdbEntry {
  uint32_t network;  // host order
  int prefix;
  MmdbValue value;
};

/// Writes a database of `type` ("GeoLite2-City") with the entries' networks.
inline void write_mmdb(const std::string& path, const std::string& type,
                       const std::vector<MmdbEntry>& entries, uint16_t ip_version = 4) {
  struct Node {
    int64_t child[2] = {-1, -1};  // node number; -1: nothing; from kData on: kData plus a data offset
  };
  constexpr int64_t kData = int64_t{1} << 40;
  std::vector<Node> nodes(1);
  std::string data;
  for (int bit = 0; ip_version == 6 && bit < 96; ++bit) {
    nodes.back().child[0] = static_cast<int64_t>(nodes.size());
    nodes.emplace_back();
  }
  const size_t ipv4 = nodes.size() - 1;
  for (const auto& entry : entries) {
    size_t at = ipv4;
    for (int bit = 0; bit < entry.prefix; ++bit) {
      const int side = (entry.network >> (31 - bit)) & 1;
      if (bit + 1 == entry.prefix) {
        nodes[at].child[side] = kData + static_cast<int64_t>(data.size());
      } else {
        if (nodes[at].child[side] < 0) {
          nodes[at].child[side] = static_cast<int64_t>(nodes.size());
          nodes.emplace_back();
        }
        at = static_cast<size_t>(nodes[at].child[side]);
      }
    }
    data += entry.value.bytes;
  }
  std::string file;
  for (const auto& node : nodes)
    for (const int64_t child : node.child) {
      const auto count = static_cast<int64_t>(nodes.size());
      const int64_t record = child < 0 ? count : child < kData ? child : child - kData + count + 16;
      file += MmdbValue::big_endian(static_cast<uint64_t>(record), 3);
    }
  file += std::string(16, '\0') + data + "\xab\xcd\xefMaxMind.com";
  file += MmdbValue::map({{"node_count", MmdbValue::uint32(static_cast<uint32_t>(nodes.size()))},
                          {"record_size", MmdbValue::uint16(24)},
                          {"ip_version", MmdbValue::uint16(ip_version)},
                          {"database_type", MmdbValue::text(type)},
                          {"languages", MmdbValue::list({MmdbValue::text("en")})},
                          {"binary_format_major_version", MmdbValue::uint16(2)},
                          {"binary_format_minor_version", MmdbValue::uint16(0)},
                          {"build_epoch", MmdbValue::uint64(1'700'000'000)},
                          {"description", MmdbValue::map({{"en", MmdbValue::text("for tests")}})}})
              .bytes;
  std::ofstream(path, std::ios::binary | std::ios::trunc) << file;
}

}  // namespace sluice::plugins::fixture
