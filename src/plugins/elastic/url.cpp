#include "plugins/elastic/url.hpp"

#include <charconv>

#include "net/http_server.hpp"
#include "plugins/digest/digest.hpp"

namespace sluice::elastic {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool parse_port(std::string_view text, uint16_t& port) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > 65535) return false;
  port = static_cast<uint16_t>(value);
  return true;
}

// "host", "host:port", "[v6]:port"
Status parse_authority(std::string_view text, Url& url) {
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos)
      return Status::config("the bracket of an IPv6 address is not closed");
    url.host = text.substr(1, close - 1);
    if (close + 1 < text.size() && text[close + 1] == ':')
      port = text.substr(close + 2);
    else if (close + 1 < text.size())
      return Status::config("something other than a port follows the IPv6 address");
  } else {
    const size_t colon = text.rfind(':');
    url.host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
    if (url.host.find(':') != std::string::npos)
      return Status::config("an IPv6 address has to stand in brackets, such as [::1]:9200");
  }
  if (url.host.empty()) return Status::config("it names no host");
  if (!port.empty() && !parse_port(port, url.port))
    return Status::config("its port is not a number from 1 to 65535");
  return {};
}

}  // namespace

std::string Url::text() const {
  std::string out = scheme + "://";
  out += host.find(':') == std::string::npos ? host : "[" + host + "]";
  out += ":" + std::to_string(port) + path;
  return out;
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  if (const size_t mark = text.find("//"); mark != std::string_view::npos) {
    const auto scheme = text.substr(0, mark);
    if (!scheme.empty() && scheme != "http:" && scheme != "https:")
      return Status::config("its scheme is neither http nor https");
    if (!scheme.empty()) url.scheme = scheme.substr(0, scheme.size() - 1);
    text.remove_prefix(mark + 2);
  }
  const size_t slash = std::min(text.find_first_of("/?#"), text.size());
  auto path = text.substr(slash);
  auto authority = text.substr(0, slash);
  if (!path.empty() && path.front() != '/')
    return Status::config("a query does not belong there; use `parameters`");
  if (path.find_first_of("?#") != std::string_view::npos)
    return Status::config("a query does not belong there; use `parameters`");
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  url.path = path;
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const auto login = authority.substr(0, at);
    const size_t colon = std::min(login.find(':'), login.size());
    url.user = net::url_decode(login.substr(0, colon), false);
    if (colon < login.size()) url.password = net::url_decode(login.substr(colon + 1), false);
    authority.remove_prefix(at + 1);
  }
  if (auto status = parse_authority(authority, url); !status.ok()) return status;
  return url;
}

Result<Url> parse_cloud_id(std::string_view text) {
  const size_t colon = text.rfind(':');
  const auto coded = colon == std::string_view::npos ? text : text.substr(colon + 1);
  const auto plain = base64_decode(coded);
  if (!plain) return Status::config("it is not base64 behind its label");
  const size_t first = plain->find('$');
  if (first == std::string::npos || first == 0)
    return Status::config("it holds no host and no Elasticsearch id");
  const size_t second = std::min(plain->find('$', first + 1), plain->size());
  std::string_view host = std::string_view(*plain).substr(0, first);
  std::string_view node = std::string_view(*plain).substr(first + 1, second - first - 1);
  if (node.empty() || node == "undefined") return Status::config("it names no Elasticsearch");
  Url url;
  url.scheme = "https";
  url.port = 443;
  const auto take_port = [&url](std::string_view& part) {
    const size_t at = part.find(':');
    if (at == std::string_view::npos) return true;
    const bool good = parse_port(part.substr(at + 1), url.port);
    part = part.substr(0, at);
    return good;
  };
  if (!take_port(host) || !take_port(node)) return Status::config("its port is not a number");
  url.host = std::string(node) + "." + std::string(host);
  return url;
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  plugins::digest::append_base64({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()}, out);
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  uint32_t bits = 0;
  int have = 0;
  for (char c : text) {
    if (c == '-') c = '+';
    if (c == '_') c = '/';
    const size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out += static_cast<char>(bits >> have & 255);
    }
  }
  return out;
}

std::string url_encode(std::string_view text) {
  static const char* kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) || c == '-' || c == '_' || c == '.' || c == '~' || c == ',' || c == '*') {
      out += c;
    } else {
      out += '%';
      out += kHex[u >> 4];
      out += kHex[u & 15];
    }
  }
  return out;
}

}  // namespace sluice::elastic
