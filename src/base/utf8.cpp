#include "base/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/arena.hpp"

namespace sluice {
namespace {

// Length of the valid sequence at p (1..4), or 0; `bad` is how many bytes a replacement stands for.
size_t sequence(const unsigned char* p, size_t n, size_t& bad) {
  bad = 1;
  const unsigned char c = p[0];
  if (c < 0x80) return 1;
  size_t need = 0;
  unsigned char low = 0x80, high = 0xBF;
  if (c >= 0xC2 && c <= 0xDF)
    need = 1;
  else if (c >= 0xE0 && c <= 0xEF) {
    need = 2;
    if (c == 0xE0) low = 0xA0;
    if (c == 0xED) high = 0x9F;
  } else if (c >= 0xF0 && c <= 0xF4) {
    need = 3;
    if (c == 0xF0) low = 0x90;
    if (c == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  for (size_t i = 1; i <= need; ++i) {
    if (i >= n || p[i] < low || p[i] > high) {
      bad = i;
      return 0;
    }
    low = 0x80;
    high = 0xBF;
  }
  return need + 1;
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Sixteen bytes at once, as the compiler knows to do it on each processor.
using Block = unsigned char __attribute__((vector_size(16)));
using SignedBlock = signed char __attribute__((vector_size(16)));

template <class T>
bool any(T block) {
  uint64_t halves[2];
  static_assert(sizeof block == sizeof halves);
  std::memcpy(halves, &block, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

// A length of `text` up to which all is ASCII: all of it when it is, else up to the first blocks that are
// not.
size_t ascii_prefix(std::string_view text) {
  constexpr size_t kStep = 4 * sizeof(Block);
  const auto* p = bytes(text);
  const size_t n = text.size();
  const auto load = [p](size_t at) {
    SignedBlock block;
    std::memcpy(&block, p + at, sizeof block);
    return block;
  };
  size_t i = 0;
  for (; i + kStep <= n; i += kStep)
    if (any((load(i) | load(i + 16) | load(i + 32) | load(i + 48)) < 0)) return i;
  for (; i < n && n >= sizeof(Block); i += sizeof(Block)) {
    const size_t at = std::min(i, n - sizeof(Block));  // the last block overlaps the one before
    if (any(load(at) < 0)) return at;
  }
  while (i < n && p[i] < 0x80) ++i;
  return std::min(i, n);
}

}  // namespace

size_t utf8_valid_prefix(std::string_view text) {
  constexpr uint64_t kHigh = 0x8080808080808080ull;
  const auto* p = bytes(text);
  const size_t n = text.size();
  size_t i = ascii_prefix(text);
  while (i < n) {
    if (n >= 8) {
      const size_t at = std::min(i, n - 8);  // the last step may begin before i, where all is valid
      uint64_t w;
      std::memcpy(&w, p + at, 8);
      if (!(w & kHigh)) {
        i = at + 8;
        continue;
      }
    }
    size_t bad;
    const size_t len = sequence(p + i, n - i, bad);
    if (!len) return i;
    i += len;
  }
  return n;
}

bool utf8_valid(std::string_view text) { return utf8_valid_prefix(text) == text.size(); }

bool json_plain(std::string_view text) {
  const auto* p = bytes(text);
  const size_t n = text.size();
  bool ascii = true;
  size_t i = 0;
  while (n - i >= sizeof(Block)) {
    Block block;
    std::memcpy(&block, p + i, sizeof block);
    const auto marks = (block == '"') | (block == '\\');
    if (any(marks | (reinterpret_cast<SignedBlock>(block) < 0x20))) {
      if (any(marks | (block < 0x20))) return false;
      ascii = false;
    }
    i += sizeof block;
    if (i < n && n - i < sizeof block) i = n - sizeof block;  // the last block overlaps the one before
  }
  for (; i < n; ++i) {
    if (p[i] < 0x20 || p[i] == '"' || p[i] == '\\') return false;
    if (p[i] & 0x80) ascii = false;
  }
  return ascii || utf8_valid(text);
}

std::string utf8_escape_invalid(std::string_view text) {
  static const char* kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + 16);
  const auto* p = bytes(text);
  for (size_t i = 0; i < text.size();) {
    size_t bad;
    if (const size_t len = sequence(p + i, text.size() - i, bad)) {
      out.append(text.substr(i, len));
      i += len;
    } else {
      out += "\\x";
      out += kHex[p[i] >> 4];
      out += kHex[p[i] & 15];
      ++i;
    }
  }
  return out;
}

std::string utf8_scrub(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 8);
  const auto* p = bytes(text);
  for (size_t i = 0; i < text.size();) {
    size_t bad;
    if (const size_t len = sequence(p + i, text.size() - i, bad)) {
      out.append(text.substr(i, len));
      i += len;
    } else {
      out += "\xEF\xBF\xBD";
      i += bad;
    }
  }
  return out;
}

std::string_view utf8_scrub(std::string_view text, Arena& arena) {
  return utf8_valid(text) ? text : arena.copy(utf8_scrub(text));
}

char32_t utf8_next(std::string_view text, size_t& at) {
  const auto* p = bytes(text) + at;
  const unsigned char c = p[0];
  if (c < 0x80) {
    ++at;
    return c;
  }
  const size_t len = c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
  if (at + len > text.size()) {
    at = text.size();
    return 0xFFFD;
  }
  char32_t value = len == 2 ? c & 0x1F : len == 3 ? c & 0x0F : c & 0x07;
  for (size_t i = 1; i < len; ++i) value = (value << 6) | (p[i] & 0x3F);
  at += len;
  return value;
}

bool is_ascii(std::string_view text) { return ascii_prefix(text) == text.size(); }

char* utf8_put(char* out, char32_t c) {
  if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) c = 0xFFFD;
  if (c < 0x80) {
    *out++ = static_cast<char>(c);
  } else if (c < 0x800) {
    *out++ = static_cast<char>(0xC0 | (c >> 6));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    *out++ = static_cast<char>(0xE0 | (c >> 12));
    *out++ = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  } else {
    *out++ = static_cast<char>(0xF0 | (c >> 18));
    *out++ = static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    *out++ = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  }
  return out;
}

void utf8_append(std::string& out, char32_t c) {
  char bytes[4];
  out.append(bytes, static_cast<size_t>(utf8_put(bytes, c) - bytes));
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : utf8_scrub(text)) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\r')
      out += "\\r";
    else if (u < 0x20)
      ((out += "\\u00") += kHex[u >> 4]) += kHex[u & 15];
    else
      out += c;
  }
  out += '"';
}

size_t utf8_length(std::string_view text) {
  size_t n = 0;
  for (const char c : text) n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return n;
}

}  // namespace sluice
