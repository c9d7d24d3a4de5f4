#include "match/regex_syntax.hpp"

#include <cstring>
#include <vector>

#include "base/utf8.hpp"

namespace sluice::match {
namespace {

constexpr size_t npos = std::string_view::npos;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

size_t character_end(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return end;
}

// End of `<…>`, `{…}` or `'…'` that opens at `at`.
size_t delimited_end(std::string_view text, size_t at) {
  char close = text[at];
  if (close == '<') close = '>';
  if (close == '{') close = '}';
  const size_t found = text.find(close, at + 1);
  return found == npos ? text.size() : found + 1;
}

size_t escape_end(std::string_view text, size_t at) {
  if (at + 1 >= text.size()) return text.size();
  const char kind = text[at + 1];
  size_t end = at + 2;
  const char next = end < text.size() ? text[end] : '\0';
  switch (kind) {
    case 'k':
    case 'g':
      return next == '<' || next == '\'' ? delimited_end(text, end) : end;
    case 'p':
    case 'P':
      return next == '{' ? delimited_end(text, end) : end;
    case 'x':
      if (next == '{') return delimited_end(text, end);
      while (end < text.size() && end < at + 4 && is_hex(text[end])) ++end;
      return end;
    case 'u':
      if (next == '{') return delimited_end(text, end);
      while (end < text.size() && end < at + 6 && is_hex(text[end])) ++end;
      return end;
    case 'c':
      return next == '\\' ? escape_end(text, end) : (end < text.size() ? end + 1 : end);
    case 'C':
    case 'M':
      if (next != '-' || end + 1 >= text.size()) return end;
      return text[end + 1] == '\\' ? escape_end(text, end + 1) : end + 2;
    default:
      break;
  }
  if (kind >= '0' && kind <= '7') {
    while (end < text.size() && end < at + 4 && text[end] >= '0' && text[end] <= '7') ++end;
    return end;
  }
  return character_end(text, at + 1);
}

// End of `[:alpha:]` when one opens at `at`, else npos.
size_t posix_bracket_end(std::string_view text, size_t at) {
  if (text.substr(at, 2) != "[:") return npos;
  size_t end = at + 2;
  if (end < text.size() && text[end] == '^') ++end;
  while (end < text.size() && text[end] >= 'a' && text[end] <= 'z') ++end;
  return text.substr(end, 2) == ":]" ? end + 2 : npos;
}

// A `]` right behind the opening is a character as long as another one follows.
size_t behind_class_open(std::string_view text, size_t at) {
  size_t end = at + 1;
  if (end < text.size() && text[end] == '^') ++end;
  if (end < text.size() && text[end] == ']' && text.find(']', end + 1) != npos) ++end;
  return end;
}

size_t class_end(std::string_view text, size_t at) {
  size_t depth = 1;
  size_t i = behind_class_open(text, at);
  while (i < text.size()) {
    const char c = text[i];
    if (c == '\\') {
      i = escape_end(text, i);
    } else if (c == '[') {
      const size_t posix = posix_bracket_end(text, i);
      if (posix != npos) {
        i = posix;
        continue;
      }
      ++depth;
      i = behind_class_open(text, i);
    } else {
      ++i;
      if (c == ']' && --depth == 0) return i;
    }
  }
  return npos;
}

RegexToken group_token(std::string_view text, size_t at) {
  using Kind = RegexToken::Kind;
  const auto make = [&](Kind kind, size_t end) {
    return RegexToken{kind, at, end < text.size() ? end : text.size()};
  };
  if (text.substr(at, 2) != "(?" || at + 2 >= text.size()) return make(Kind::group_open, at + 1);
  const char c = text[at + 2];
  const char d = at + 3 < text.size() ? text[at + 3] : '\0';
  switch (c) {
    case ':':
    case '=':
    case '!':
    case '>':
    case '~':
      return make(Kind::group_open, at + 3);
    case '<':
      if (d == '=' || d == '!') return make(Kind::group_open, at + 4);
      return make(Kind::group_open, delimited_end(text, at + 2));
    case '\'':
      return make(Kind::group_open, delimited_end(text, at + 2));
    case '(': {
      const size_t close = text.find(')', at + 3);
      return make(Kind::group_open, close == npos ? text.size() : close + 1);
    }
    case '#': {
      size_t i = at + 3;
      while (i < text.size() && text[i] != ')') i = text[i] == '\\' ? i + 2 : i + 1;
      return make(Kind::comment, i + 1);
    }
    default:
      break;
  }
  size_t i = at + 2;
  while (i < text.size() && ((text[i] >= 'a' && text[i] <= 'z') || text[i] == '-')) ++i;
  if (i >= text.size()) return make(Kind::group_open, text.size());
  if (text[i] == ':') return make(Kind::group_open, i + 1);
  return make(text[i] == ')' ? Kind::options : Kind::group_open, i + 1);
}

const char* ascii_class(char letter) {
  switch (letter) {
    case 'd':
      return "[0-9]";
    case 'D':
      return "[^0-9]";
    case 's':
      return "[\\t-\\r ]";
    case 'S':
      return "[^\\t-\\r ]";
    case 'w':
      return "[a-zA-Z0-9_]";
    case 'W':
      return "[^a-zA-Z0-9_]";
    default:
      return nullptr;
  }
}

// Nested classes keep the meaning of every neighbour (`[\w-x]` stays a class, a hyphen and an x).
void spell_out_in_class(std::string_view part, std::string& out) {
  for (size_t i = 0; i < part.size();) {
    if (part[i] != '\\') {
      out += part[i++];
      continue;
    }
    const size_t end = escape_end(part, i);
    const char* spelled = end == i + 2 ? ascii_class(part[i + 1]) : nullptr;
    if (spelled) {
      out += spelled;
    } else {
      out.append(part.substr(i, end - i));
    }
    i = end;
  }
}

}  // namespace

RegexToken next_regex_token(std::string_view pattern, size_t at) {
  using Kind = RegexToken::Kind;
  if (at >= pattern.size()) return {Kind::end, pattern.size(), pattern.size()};
  switch (pattern[at]) {
    case '\\':
      return {Kind::escape, at, escape_end(pattern, at)};
    case '[': {
      const size_t end = class_end(pattern, at);
      return {Kind::char_class, at, end == npos ? pattern.size() : end};
    }
    case '(':
      return group_token(pattern, at);
    case ')':
      return {Kind::group_close, at, at + 1};
    case '|':
      return {Kind::alternation, at, at + 1};
    default:
      return {Kind::text, at, character_end(pattern, at)};
  }
}

NameRange regex_token_name(std::string_view pattern, const RegexToken& token) {
  const std::string_view text = pattern.substr(token.begin, token.end - token.begin);
  size_t skip = 0;
  size_t tail = 1;
  if (token.kind == RegexToken::Kind::escape) {
    if (text.size() < 4 || (text[1] != 'k' && text[1] != 'g') || (text[2] != '<' && text[2] != '\''))
      return {};
    skip = 3;
  } else if (token.kind == RegexToken::Kind::group_open && text.size() > 4) {
    if (text.substr(0, 4) == "(?(<" || text.substr(0, 4) == "(?('") {
      skip = 4;
      tail = 2;
    } else if (text[2] == '\'' || (text[2] == '<' && text[3] != '=' && text[3] != '!')) {
      skip = 3;
    } else {
      return {};
    }
  } else {
    return {};
  }
  if (text.size() <= skip + tail) return {};
  return {token.begin + skip, token.end - tail};
}

std::string spell_out_ascii_classes(std::string_view pattern) {
  std::string out;
  out.reserve(pattern.size() + 16);
  for (RegexToken token = next_regex_token(pattern, 0); token.kind != RegexToken::Kind::end;
       token = next_regex_token(pattern, token.end)) {
    const std::string_view part = pattern.substr(token.begin, token.end - token.begin);
    if (token.kind == RegexToken::Kind::char_class) {
      spell_out_in_class(part, out);
      continue;
    }
    const char* spelled =
        token.kind == RegexToken::Kind::escape && part.size() == 2 ? ascii_class(part[1]) : nullptr;
    if (spelled) {
      out += spelled;
    } else {
      out.append(part);
    }
  }
  return out;
}

namespace {

// Escapes whose meaning hangs on the encoding: characters by number, properties, grapheme clusters. `\x21` is
// as plain as the character itself.
bool escape_hangs_on_encoding(std::string_view escape) {
  if (escape.size() < 2) return true;
  const char kind = escape[1];
  if (kind == 'x') return escape.size() != 4 || escape[2] > '7';
  return std::string_view("upPXyYMCcNO").find(kind) != npos || (kind >= '0' && kind <= '7');
}

// Brackets that Unicode fills otherwise than ASCII, on ASCII characters too, are left to the encoding.
bool class_hangs_on_encoding(std::string_view part) {
  if (!is_ascii(part)) return true;
  for (size_t i = 0; i < part.size();) {
    const size_t end = part[i] == '\\' ? escape_end(part, i) : i + 1;
    if (part[i] == '\\' && escape_hangs_on_encoding(part.substr(i, end - i))) return true;
    for (const std::string_view name : {"[:punct:]", "[:graph:]", "[:print:]", "[:cntrl:]", "[:^"}) {
      if (part.substr(i, name.size()) == name) return true;
    }
    i = end;
  }
  return false;
}

}  // namespace

bool class_folds_into_ascii(std::string_view pattern) {
  using Kind = RegexToken::Kind;
  for (RegexToken token = next_regex_token(pattern, 0); token.kind != Kind::end;
       token = next_regex_token(pattern, token.end)) {
    if (token.kind != Kind::char_class) continue;
    const std::string_view part = pattern.substr(token.begin, token.end - token.begin);
    for (size_t i = 1; i < part.size();) {
      if (part[i] == '[') return true;
      const size_t end = part[i] == '\\' ? escape_end(part, i) : i + 1;
      if (end == i + 2 && std::strchr("WDSHpPRX", part[i + 1])) return true;
      i = end;
    }
  }
  return false;
}

size_t regex_interval_end(std::string_view pattern, size_t at) {
  const size_t close = pattern.find_first_not_of("0123456789,", at + 1);
  return close != npos && pattern[close] == '}' ? close + 1 : at;
}

bool means_same_in_bytes(std::string_view pattern, bool ignore_case) {
  using Kind = RegexToken::Kind;
  if (ignore_case && (!is_ascii(pattern) || class_folds_into_ascii(pattern))) return false;
  for (RegexToken token = next_regex_token(pattern, 0); token.kind != Kind::end;
       token = next_regex_token(pattern, token.end)) {
    const std::string_view part = pattern.substr(token.begin, token.end - token.begin);
    if (token.kind == Kind::options || token.kind == Kind::comment) return false;
    if (token.kind == Kind::escape && escape_hangs_on_encoding(part)) return false;
    if (token.kind == Kind::char_class && class_hangs_on_encoding(part)) return false;
    if (token.kind == Kind::group_open && part.size() > 2 && part[1] == '?' &&
        std::string_view(":=!<>'").find(part[2]) == npos) {
      return false;
    }
    // A quantifier behind a character of several bytes would take hold of the last one only.
    if (!is_ascii(part) && (token.kind != Kind::text ||
                            (token.end < pattern.size() && std::strchr("?*+{", pattern[token.end])))) {
      return false;
    }
  }
  return true;
}

size_t unmatched_bracket(std::string_view pattern) {
  std::vector<size_t> open;
  for (RegexToken token = next_regex_token(pattern, 0); token.kind != RegexToken::Kind::end;
       token = next_regex_token(pattern, token.end)) {
    if (token.kind == RegexToken::Kind::char_class && class_end(pattern, token.begin) == npos)
      return token.begin;
    if (token.kind == RegexToken::Kind::group_open) open.push_back(token.begin);
    if (token.kind != RegexToken::Kind::group_close) continue;
    if (open.empty()) return token.begin;
    open.pop_back();
  }
  return open.empty() ? npos : open.back();
}

}  // namespace sluice::match
