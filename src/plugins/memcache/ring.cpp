#include "plugins/memcache/ring.hpp"

#include <zlib.h>

#include <algorithm>
#include <charconv>

#include "plugins/digest/digest.hpp"

namespace sluice::memcache {
namespace {

constexpr size_t kPointsPerServer = 160;
constexpr size_t kLongestKey = 250;
constexpr size_t kHashedPrefix = 249 - 5 - 32;  // room for ":md5:" and the digits

uint32_t crc(std::string_view text) {
  return static_cast<uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())));
}

bool read_number(std::string_view text, unsigned most, unsigned& n) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  return error == std::errc() && end == text.data() + text.size() && n > 0 && n <= most;
}

}  // namespace

std::string Server::text() const { return host.starts_with('/') ? host : host + ":" + std::to_string(port); }

Result<Server> parse_server(std::string_view text) {
  Server server;
  if (text.starts_with('/')) {
    server.host = text;
    return server;
  }
  std::string_view rest;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos)
      return Status::config("the bracket of an IPv6 address is not closed");
    server.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
  } else if (text.find("::") != std::string_view::npos) {
    server.host = text;
  } else {
    const size_t colon = std::min(text.find(':'), text.size());
    server.host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (server.host.empty()) return Status::config("it names no host");
  if (rest.empty()) return server;
  if (rest.front() != ':') return Status::config("something other than a port follows the address");
  rest.remove_prefix(1);
  const size_t colon = std::min(rest.find(':'), rest.size());
  unsigned port = 0;
  if (!read_number(rest.substr(0, colon), 65535, port))
    return Status::config("its port is not a number from 1 to 65535");
  server.port = static_cast<uint16_t>(port);
  if (colon < rest.size() && !read_number(rest.substr(colon + 1), 1000, server.weight))
    return Status::config("its weight is not a number from 1 to 1000");
  return server;
}

Ring::Ring(const std::vector<Server>& servers) {
  if (servers.size() < 2) return;
  size_t weights = 0;
  for (const auto& server : servers) weights += server.weight;
  plugins::digest::Hasher sha1(plugins::digest::Hash::sha1);
  for (size_t i = 0; i < servers.size(); ++i) {
    const size_t count = servers.size() * kPointsPerServer * servers[i].weight / weights;
    for (size_t n = 0; n < count; ++n) {
      const auto sum = sha1(servers[i].text() + ":" + std::to_string(n));
      uint32_t point = 0;
      for (size_t k = 0; k < 4 && k < sum.size(); ++k) point = point << 8 | sum[k];
      points_.emplace_back(point, static_cast<int>(i));
    }
  }
  std::stable_sort(points_.begin(), points_.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
}

int Ring::at(std::string_view key, int attempt) const {
  const uint32_t hash = attempt < 0 ? crc(key) : crc(std::to_string(attempt) + std::string(key));
  const auto above = std::upper_bound(points_.begin(), points_.end(), hash,
                                      [](uint32_t h, const auto& point) { return h < point.first; });
  return above == points_.begin() ? points_.back().second : std::prev(above)->second;
}

std::string full_key(std::string_view name_space, std::string_view key) {
  if (key.find_first_not_of(std::string_view("\0\t\n\v\f\r ", 7)) == std::string_view::npos) return {};
  std::string full = name_space.empty() ? std::string(key) : std::string(name_space) + ":" + std::string(key);
  if (full.size() <= kLongestKey) return full;
  std::string hashed = full.substr(0, kHashedPrefix) + ":md5:";
  plugins::digest::Hasher md5(plugins::digest::Hash::md5);
  plugins::digest::append_hex(md5(full), hashed);
  return hashed;
}

}  // namespace sluice::memcache
