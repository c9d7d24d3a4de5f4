#include "plugins/lookup/request_url.hpp"

#include <algorithm>
#include <cctype>

namespace sluice::lookup {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

void percent(unsigned char byte, std::string& out) {
  out += '%';
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

bool escape_at(std::string_view text, size_t at) {
  const auto hex = [&](size_t i) {
    return i < text.size() && std::isxdigit(static_cast<unsigned char>(text[i]));
  };
  return hex(at + 1) && hex(at + 2);
}

bool starts_with_letter_case(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() &&
         std::equal(lower.begin(), lower.end(), text.begin(),
                    [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

}  // namespace

Result<std::string> request_url(std::string_view text,
                                const std::vector<std::pair<std::string, std::string>>& query) {
  text = text.substr(0, text.find('#'));
  const bool http = starts_with_letter_case(text, "http://"),
             https = starts_with_letter_case(text, "https://");
  if (!http && !https) return Status::error(Fault::filter, "it is no URL of http or https");
  const size_t host = https ? 8 : 7;
  const size_t path = std::min(text.find_first_of("/?", host), text.size());
  if (path == host) return Status::error(Fault::filter, "it names no host");
  std::string out;
  bool in_query = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      percent(c, out);
      continue;
    }
    in_query |= c == '?';
    const bool bracket = c == '[' || c == ']';
    const bool legal = std::isalnum(c) ||
                       std::string_view("-_.!~*'();:@&=+$,/?").find(text[i]) != std::string::npos ||
                       (c == '%' && escape_at(text, i)) || (bracket && (in_query || i < path));
    if (!legal) return Status::error(Fault::filter, "illegal character in it at index " + std::to_string(i));
    out += text[i];
  }
  for (const auto& [name, value] : query) {
    out += in_query ? '&' : '?';
    in_query = true;
    out += form_encode(name) + "=" + form_encode(value);
  }
  return out;
}

std::string form_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) || c == '-' || c == '_' || c == '.' || c == '*')
      out += c;
    else if (c == ' ')
      out += '+';
    else
      percent(u, out);
  }
  return out;
}

}  // namespace sluice::lookup
