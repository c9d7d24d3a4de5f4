#include "ruby/utf8_text.hpp"

#include <cstring>

#include "base/utf8.hpp"

namespace sluice::ruby {
namespace {
constexpr char32_t kInvalidByte = 0xDC00;

bool continues(std::string_view text, size_t at) {
  return at < text.size() && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80;
}
}  // namespace

bool single_bytes(std::string_view text) {
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    if (word & 0x8080808080808080U) return false;
  }
  for (; i < text.size(); ++i)
    if (static_cast<uint8_t>(text[i]) & 0x80) return false;
  return true;
}

size_t char_size(std::string_view text, size_t at) {
  const auto lead = static_cast<uint8_t>(text[at]);
  if (lead < 0xC2 || lead > 0xF4) return 1;
  if (!continues(text, at + 1)) return 1;
  if (lead < 0xE0) return 2;
  const auto second = static_cast<uint8_t>(text[at + 1]);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 1;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 1;
  if (!continues(text, at + 2)) return 1;
  if (lead < 0xF0) return 3;
  return continues(text, at + 3) ? 4 : 1;
}

char32_t next_char(std::string_view text, size_t& at) {
  const auto first = static_cast<uint8_t>(text[at]);
  if (first < 0x80) {
    ++at;
    return first;
  }
  if (char_size(text, at) == 1) {
    ++at;
    return kInvalidByte + first;
  }
  return utf8_next(text, at);
}

void append_char(std::string& out, char32_t c) {
  if (c >= kInvalidByte && c < kInvalidByte + 0x100)
    out += static_cast<char>(c - kInvalidByte);
  else
    utf8_append(out, c);
}

size_t char_count(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); at += char_size(text, at)) ++count;
  return count;
}

size_t byte_of_char(std::string_view text, size_t index) {
  size_t at = 0;
  while (index > 0 && at < text.size()) {
    at += char_size(text, at);
    --index;
  }
  return at;
}

}  // namespace sluice::ruby
