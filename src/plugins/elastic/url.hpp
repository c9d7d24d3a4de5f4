// The addresses of an Elasticsearch output: hosts as people write them, and cloud ids.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace sluice::elastic {

/// One host. Parts that were not written are empty (port: 0).
struct Url {
  std::string scheme;  // "http" or "https"
  std::string user;
  std::string password;
  std::string host;  // an IPv6 address without brackets
  uint16_t port = 0;
  std::string path;  // "/prefix", without a slash at its end

  /// "http://host:9200/prefix", without user and password.
  [[nodiscard]] std::string text() const;
};

/// Reads "es1", "es1:9200", "//127.0.0.1", "https://user:pw@es1:9243/prefix", "[::1]:9200". The error says
/// what is wrong.
Result<Url> parse_url(std::string_view text);

/// The Elasticsearch address in a cloud id, "label:base64(host[:port]$es-uuid[:port]$...)".
Result<Url> parse_cloud_id(std::string_view text);

std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);
/// Percent-encodes what a query or a path segment cannot hold.
std::string url_encode(std::string_view text);

}  // namespace sluice::elastic
