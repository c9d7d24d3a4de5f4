#include "lang/tree_reader.hpp"

#include <charconv>

#include <fmt/format.h>

namespace sluice::lang {
namespace {

/// Escapes of config.support_escapes; a backslash in front of anything else stays.
std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    switch (next) {
      case '"':
      case '\'':
      case '\\':
        out += next;
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case '0':
        out += '\0';
        break;
      default:
        out += text[i];
        continue;
    }
    ++i;
  }
  return out;
}

}  // namespace

std::string TreeReader::string_text(uint32_t i) const {
  return options_.support_escapes ? unescaped(unquoted(i)) : std::string(unquoted(i));
}

std::string TreeReader::number_text(uint32_t i) {
  const auto s = source(i);
  const bool minus = s.front() == '-';
  auto digits = s.substr(minus ? 1 : 0);
  if (digits.ends_with('.')) {
    auto& d = diagnostics_.error("E0141", span(i), fmt::format("the number {} ends in a point", s),
                                 fmt::format("write {}0, or leave the point out", s));
    d.fix = Fix{span(i), fmt::format("{}0", s), false};
    return std::string(s) + "0";
  }
  if (digits.find('.') != std::string_view::npos || digits.size() == 1 || digits.front() != '0')
    return std::string(s);
  uint64_t octal = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), octal, 8);
  if (error == std::errc{} && end == digits.data() + digits.size())
    return (minus ? "-" : "") + std::to_string(octal);
  const auto zeros = digits.find_first_not_of('0');
  const auto plain = zeros == std::string_view::npos ? std::string_view("0") : digits.substr(zeros);
  diagnostics_.error(
      "E0141", span(i),
      fmt::format("{} is no number: a leading zero makes it octal, and octal has the digits 0 to 7", s),
      fmt::format("write {}{}, or put it in quotes if the zero matters", minus ? "-" : "", plain));
  return std::string(s);
}

}  // namespace sluice::lang
