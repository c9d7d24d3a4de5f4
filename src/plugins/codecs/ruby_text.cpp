#include "plugins/codecs/ruby_text.hpp"

#include <fmt/format.h>
#include <unicode/uchar.h>

#include <algorithm>

#include "base/utf8.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

void append_byte(unsigned char byte, std::string& out) {
  out += "\\x";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

bool printable(char32_t c) {
  if (c < 0x7F) return c >= 0x20;
  switch (u_charType(static_cast<UChar32>(c))) {
    case U_UNASSIGNED:
    case U_CONTROL_CHAR:
    case U_SURROGATE:
    case U_LINE_SEPARATOR:
    case U_PARAGRAPH_SEPARATOR:
      return false;
    default:
      return true;
  }
}

// The letter of a short escape, or 0.
char short_escape(char32_t c) {
  switch (c) {
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\f':
      return 'f';
    case '\v':
      return 'v';
    case '\b':
      return 'b';
    case '\a':
      return 'a';
    case 0x1B:
      return 'e';
    case '"':
    case '\\':
      return static_cast<char>(c);
    default:
      return 0;
  }
}

void append_valid(std::string_view text, char after, std::string& out) {
  for (size_t at = 0; at < text.size();) {
    const size_t start = at;
    const char32_t c = utf8_next(text, at);
    if (const char letter = short_escape(c)) {
      out += '\\';
      out += letter;
    } else if (c == '#') {
      const char next = at < text.size() ? text[at] : after;
      if (next == '{' || next == '$' || next == '@') out += '\\';
      out += '#';
    } else if (printable(c)) {
      out.append(text.substr(start, at - start));
    } else if (c == 0x7F) {
      out += "\\x7F";
    } else {
      out += c < 0x10000 ? fmt::format("\\u{:04X}", static_cast<uint32_t>(c))
                         : fmt::format("\\u{{{:X}}}", static_cast<uint32_t>(c));
    }
  }
}

}  // namespace

void append_ruby_escaped(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const size_t valid = utf8_valid_prefix(text);
    append_valid(text.substr(0, valid), valid < text.size() ? text[valid] : '\0', out);
    text.remove_prefix(valid);
    if (text.empty()) break;
    append_byte(static_cast<unsigned char>(text.front()), out);
    text.remove_prefix(1);
  }
}

void write_ruby_string(std::string_view text, Buffer& out) {
  out.append('"');
  const bool simple = json_plain(text) && std::all_of(text.begin(), text.end(), [](char c) {
                        return static_cast<unsigned char>(c) < 0x7F && c != '#';
                      });
  if (simple) {
    out.append(text);
  } else {
    thread_local std::string scratch;
    scratch.clear();
    append_ruby_escaped(text, scratch);
    out.append(scratch);
  }
  out.append('"');
}

}  // namespace sluice::plugins
