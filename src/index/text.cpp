#include "index/text.hpp"

#include <unicode/uchar.h>

#include <array>

#include "base/utf8.hpp"

namespace sluice::index {
namespace {

// Word-break classes, folded to what the rules below need.
enum class Class : uint8_t {
  other,
  letter,
  digit,
  joiner,
  mid_letter,
  mid_number,
  mid_both,
  extend,
  kata,
  single
};

constexpr std::array<Class, 128> ascii_classes() {
  std::array<Class, 128> table{};
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = Class::letter;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = Class::letter;
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = Class::digit;
  table['_'] = Class::joiner;
  table[':'] = Class::mid_letter;
  table[','] = table[';'] = Class::mid_number;
  table['.'] = table['\''] = Class::mid_both;
  return table;
}
constexpr auto kAscii = ascii_classes();

Class class_of(char32_t c) {
  if (c < 128) return kAscii[c];
  switch (u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_WORD_BREAK)) {
    case U_WB_ALETTER:
    case U_WB_HEBREW_LETTER:
      return Class::letter;
    case U_WB_NUMERIC:
      return Class::digit;
    case U_WB_EXTENDNUMLET:
      return Class::joiner;
    case U_WB_MIDLETTER:
      return Class::mid_letter;
    case U_WB_MIDNUM:
      return Class::mid_number;
    case U_WB_MIDNUMLET:
    case U_WB_SINGLE_QUOTE:
      return Class::mid_both;
    case U_WB_EXTEND:
    case U_WB_FORMAT:
    case U_WB_ZWJ:
      return Class::extend;
    case U_WB_KATAKANA:
      return Class::kata;
    default:
      break;
  }
  const auto script = u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_LINE_BREAK);
  if (script == U_LB_COMPLEX_CONTEXT) return Class::letter;  // Thai and its like: runs stay whole
  if (u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_IDEOGRAPHIC)) return Class::single;
  if (u_isalpha(static_cast<UChar32>(c))) return Class::single;  // Hiragana and the rest without word rules
  if (u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_EMOJI_PRESENTATION)) return Class::single;
  return Class::other;
}

constexpr size_t kLongest = 255;

/// Walks one word after another; the state of the word being built.
struct Builder {
  std::string& out;
  size_t start;        // where the open word begins in out
  size_t chars = 0;    // its length
  size_t count = 0;    // words closed so far
  bool solid = false;  // has a letter or digit (underscores alone are no word)

  void add(char32_t c) {
    if (chars == kLongest) close();
    if (c < 128)
      out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    else
      utf8_append(out, static_cast<char32_t>(u_tolower(static_cast<UChar32>(c))));
    ++chars;
  }
  void close() {
    if (chars == 0) return;
    if (solid) {
      out += ' ';
      ++count;
    } else {
      out.resize(start);
    }
    start = out.size();
    chars = 0;
  }
};

}  // namespace

size_t append_words(std::string& out, std::string_view text) {
  Builder word{out, out.size()};
  Class before = Class::other;
  for (size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    size_t next = at;
    char32_t c = first;
    if (first < 128)
      ++next;
    else
      c = utf8_next(text, next);
    const Class now = class_of(c);
    switch (now) {
      case Class::letter:
      case Class::digit:
        if (before == Class::kata) {
          word.close();
          word.solid = false;
        }
        if (word.chars == 0) word.solid = false;
        word.add(c);
        word.solid = true;
        before = now;
        break;
      case Class::joiner:
        if (word.chars == 0) word.solid = false;
        word.add(c);
        before = now;
        break;
      case Class::kata:
        if (before != Class::kata && before != Class::joiner) word.close();
        word.add(c);
        word.solid = true;
        before = now;
        break;
      case Class::extend:
        if (word.chars != 0) word.add(c);
        break;
      case Class::single:
        word.close();
        word.add(c);
        word.solid = true;
        word.close();
        before = Class::other;
        break;
      case Class::mid_letter:
      case Class::mid_number:
      case Class::mid_both: {
        size_t peek = next;
        Class after = Class::other;
        if (peek < text.size())
          after = static_cast<unsigned char>(text[peek]) < 128 ? kAscii[static_cast<size_t>(text[peek])]
                                                               : class_of(utf8_next(text, peek));
        const bool letters = before == Class::letter && after == Class::letter && now != Class::mid_number;
        const bool digits = before == Class::digit && after == Class::digit && now != Class::mid_letter;
        if (word.chars != 0 && (letters || digits)) {
          word.add(c);
        } else {
          word.close();
          before = Class::other;
        }
        break;
      }
      case Class::other:
        word.close();
        before = Class::other;
        break;
    }
    at = next;
  }
  word.close();
  return word.count;
}

std::vector<std::string> words_of(std::string_view text) {
  std::string joined;
  append_words(joined, text);
  std::vector<std::string> out;
  each_word(joined, [&](std::string_view word) { out.emplace_back(word); });
  return out;
}

bool wildcard_match(std::string_view pattern, std::string_view text, bool fold) {
  auto lower = [fold](char c) { return fold && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  auto char_end = [](std::string_view s, size_t at) {
    ++at;
    while (at < s.size() && (static_cast<unsigned char>(s[at]) & 0xC0) == 0x80) ++at;
    return at;
  };
  size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    bool step = false;
    if (p < pattern.size()) {
      if (pattern[p] == '*') {
        star = p++;
        mark = t;
        continue;
      }
      if (pattern[p] == '?') {
        ++p;
        t = char_end(text, t);
        step = true;
      } else {
        const size_t literal = pattern[p] == '\\' && p + 1 < pattern.size() ? p + 1 : p;
        if (lower(pattern[literal]) == lower(text[t])) {
          p = literal + 1;
          ++t;
          step = true;
        }
      }
    }
    if (step) continue;
    if (star == std::string_view::npos) return false;
    p = star + 1;
    mark = char_end(text, mark);
    t = mark;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string lower_case(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 128) {
      const char c = text[at++];
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    } else {
      utf8_append(out, static_cast<char32_t>(u_tolower(static_cast<UChar32>(utf8_next(text, at)))));
    }
  }
  return out;
}

std::string fts_term(std::string_view word, bool prefix) {
  std::string out = "\"";
  for (char c : word) {
    out += c;
    if (c == '"') out += c;
  }
  out += prefix ? "\"*" : "\"";
  return out;
}

}  // namespace sluice::index
