#include "index/params.hpp"

namespace sluice::index {

std::string url_decode(std::string_view text, bool plus) {
  const auto hex = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      out += plus && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

Params::Params(std::string_view query) {
  while (!query.empty()) {
    const auto amp = query.find('&');
    const auto one = query.substr(0, amp);
    query = amp == std::string_view::npos ? std::string_view{} : query.substr(amp + 1);
    if (one.empty()) continue;
    const auto equals = one.find('=');
    all_.emplace_back(url_decode(one.substr(0, equals), true),
                      equals == std::string_view::npos ? "" : url_decode(one.substr(equals + 1), true));
  }
}

const std::string* Params::find(std::string_view name) const {
  for (const auto& [key, value] : all_)
    if (key == name) return &value;
  return nullptr;
}

std::string Params::get(std::string_view name, std::string_view otherwise) const {
  const auto* value = find(name);
  return value != nullptr ? *value : std::string(otherwise);
}

bool Params::flag(std::string_view name, bool otherwise) const {
  const auto* value = find(name);
  return value == nullptr ? otherwise : value->empty() || *value == "true";
}

}  // namespace sluice::index
