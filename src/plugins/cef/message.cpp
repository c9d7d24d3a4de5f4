#include "plugins/cef/message.hpp"

#include <array>
#include <cstdint>

namespace sluice::plugins::cef {
namespace {

constexpr size_t npos = std::string_view::npos;

enum : uint8_t {
  kWord = 1,  // letters, digits, underscore
  kSpace = 2,
  kSubkey = 4,  // may stand behind the point of a key
  kStop = 8,    // ends the fast walk over a value
};

constexpr std::array<uint8_t, 256> kClasses = [] {
  std::array<uint8_t, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    const bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    const bool special = c == '.' || c == '=' || c == '|' || c == '\\' || c == '[' || c == ']';
    classes[static_cast<size_t>(c)] =
        static_cast<uint8_t>((word ? kWord : 0) | (space ? kSpace : 0) | (!space && !special ? kSubkey : 0) |
                             (space || c == '\\' ? kStop : 0));
  }
  return classes;
}();

bool is(char c, uint8_t wanted) { return kClasses[static_cast<unsigned char>(c)] & wanted; }

size_t skip(std::string_view text, size_t at, uint8_t wanted) {
  while (at < text.size() && is(text[at], wanted)) ++at;
  return at;
}

}  // namespace

bool next_header(std::string_view& rest, std::string_view& field) {
  size_t escaped_pipe = npos;
  size_t at = 0;
  for (; at < rest.size() && rest[at] != '|'; ++at) {
    if (rest[at] != '\\' || at + 1 == rest.size()) continue;
    if (rest[at + 1] == '|') escaped_pipe = at + 1;
    if (rest[at + 1] == '|' || rest[at + 1] == '\\') ++at;
  }
  if (at >= rest.size()) at = escaped_pipe;
  if (at == npos) return false;
  field = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  return true;
}

std::string_view unescape_header(std::string_view field, Arena& arena) {
  if (field.find('\\') == npos) return field;
  auto* const out = static_cast<char*>(arena.allocate(field.size(), 1));
  char* p = out;
  for (size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '\\' && i + 1 < field.size() && (field[i + 1] == '\\' || field[i + 1] == '|')) ++i;
    *p++ = field[i];
  }
  return {out, static_cast<size_t>(p - out)};
}

// A word, then `.subkey` any number of times, then perhaps `[digits]`, and an equals sign behind it.
size_t ExtensionScanner::key_length(std::string_view text) {
  size_t at = skip(text, 0, kWord);
  if (at == 0) return 0;
  while (at < text.size() && text[at] == '.') {
    const size_t end = skip(text, at + 1, kSubkey);
    if (end == at + 1) return 0;
    at = end;
  }
  if (at < text.size() && text[at] == '[') {
    size_t end = at + 1;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    if (end == at + 1 || end == text.size() || text[end] != ']') return 0;
    at = end + 1;
  }
  return at < text.size() && text[at] == '=' ? at : 0;
}

bool ExtensionScanner::next(Extension& out) {
  if (key_ == 0) return false;
  out.key = rest_.substr(0, key_);
  const std::string_view text = rest_.substr(key_ + 1);
  out.escaped = false;
  key_ = 0;
  for (size_t at = 0;;) {
    while (at < text.size() && !is(text[at], kStop)) ++at;
    if (at == text.size()) {
      out.value = text;
      rest_ = {};
      return true;
    }
    if (text[at] == '\\') {
      out.escaped = true;
      ++at;
      continue;
    }
    const size_t end = skip(text, at, kSpace);
    key_ = key_length(text.substr(end));
    if (key_ != 0) {
      out.value = text.substr(0, at);
      rest_ = text.substr(end);
      return true;
    }
    at = end;
  }
}

std::string_view unescape_value(std::string_view value, Arena& arena) {
  auto* const out = static_cast<char*>(arena.allocate(value.size(), 1));
  char* p = out;
  for (size_t i = 0; i < value.size(); ++i) {
    char c = value[i];
    const char after = i + 1 < value.size() ? value[i + 1] : '\0';
    if (c == '\\' && (after == '\\' || after == '=' || after == 'n' || after == 'r')) {
      c = after == 'n' ? '\n' : after == 'r' ? '\r' : after;
      ++i;
    }
    *p++ = c;
  }
  return {out, static_cast<size_t>(p - out)};
}

std::string_view strip(std::string_view text) {
  const auto blank = [](char c) { return c == '\0' || is(c, kSpace); };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace sluice::plugins::cef
