#include <openssl/evp.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <ctime>

#include "net/http_server_impl.hpp"

namespace sluice::net {

namespace {

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view date_header() {
  thread_local std::time_t at = 0;
  thread_local char text[64];
  if (const std::time_t now = std::time(nullptr); now != at) {
    at = now;
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
  }
  return text;
}

}  // namespace

const std::string* find_header(const HttpHeaders& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return &value;
  }
  return nullptr;
}

std::string url_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

bool query_parameter(std::string_view query, std::string_view name, std::string& value) {
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (url_decode(pair.substr(0, equals), true) != name) continue;
    value = equals == std::string_view::npos ? std::string() : url_decode(pair.substr(equals + 1), true);
    return true;
  }
  return false;
}

std::string_view HttpRequest::path() const { return std::string_view(target).substr(0, target.find('?')); }

std::string_view HttpRequest::query() const {
  const auto at = target.find('?');
  return at == std::string::npos ? std::string_view{} : std::string_view(target).substr(at + 1);
}

std::string_view HttpRequest::header(std::string_view name) const {
  const std::string* found = find_header(headers, name);
  return found != nullptr ? std::string_view(*found) : std::string_view{};
}

std::string_view http_reason(int status) {
  const auto known = boost::beast::http::int_to_status(static_cast<unsigned>(status));
  const auto text = boost::beast::http::obsolete_reason(known);
  return {text.data(), text.size()};
}

std::string http_head(int status, const HttpHeaders& headers, bool keep_alive, bool http10,
                      int64_t body_size) {
  std::string out;
  out.reserve(256);
  out.append("HTTP/1.1 ")
      .append(std::to_string(status))
      .append(" ")
      .append(http_reason(status))
      .append("\r\n");
  for (const auto& [name, value] : headers) {
    if (same_name(name, "content-length") || same_name(name, "transfer-encoding")) continue;  // ours to say
    out += name;
    out += ": ";
    // A line break in a value would begin a header of somebody else's making.
    for (const char c : value) out += c == '\r' || c == '\n' ? ' ' : c;
    out += "\r\n";
  }
  if (find_header(headers, "date") == nullptr) out += date_header();
  const bool bodyless = status < 200 || status == 204 || status == 304;
  if (body_size >= 0 && !bodyless)
    out.append("Content-Length: ").append(std::to_string(body_size)).append("\r\n");
  if (body_size < 0 && !http10) out += "Transfer-Encoding: chunked\r\n";
  if (!keep_alive) {
    out += "Connection: close\r\n";
  } else if (http10) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  return out;
}

std::optional<std::string> credentials_of(std::string_view authorization, std::string_view scheme) {
  if (authorization.size() <= scheme.size() || authorization[scheme.size()] != ' ' ||
      !same_name(authorization.substr(0, scheme.size()), scheme))
    return std::nullopt;
  std::string coded(authorization.substr(scheme.size() + 1));
  while (!coded.empty() && (coded.back() == ' ' || coded.back() == '=')) coded.pop_back();
  const size_t padding = (4 - coded.size() % 4) % 4;
  coded.append(padding, '=');
  std::string plain(coded.size(), 0);
  const int count =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(plain.data()),
                      reinterpret_cast<const unsigned char*>(coded.data()), static_cast<int>(coded.size()));
  if (count < static_cast<int>(padding)) return std::nullopt;
  plain.resize(static_cast<size_t>(count) - padding);
  return plain;
}

}  // namespace sluice::net
