// Taking a number apart that people write with or without separators.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace sluice::plugins::mask {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_alnum(char c) { return is_digit(c) || is_letter(c); }
inline char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

/// The characters of a number without its separators, letters in capitals.
struct Taken {
  std::array<char, 40> text{};
  size_t size = 0;
  size_t end = 0;          // where it ends in the text that it stands in
  bool separated = false;  // separators were written
  [[nodiscard]] std::string_view view() const { return {text.data(), size}; }
  void push(char c) { text[size++] = upper(c); }
};

/// A digit stands behind a point, or before one, so that the number at [begin, end) is a part of another.
inline bool in_decimal(std::string_view text, size_t begin, size_t end) {
  if (begin >= 2 && text[begin - 1] == '.' && is_digit(text[begin - 2])) return true;
  return end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1]);
}

/// A hyphen joins the number at [begin, end) to more letters or digits, as in a UUID.
inline bool hyphenated(std::string_view text, size_t begin, size_t end) {
  if (begin >= 2 && text[begin - 1] == '-' && is_alnum(text[begin - 2])) return true;
  return end + 1 < text.size() && text[end] == '-' && is_alnum(text[end + 1]);
}

/// True when the text at `begin` has the shape, and no letter or digit follows. Of a shape `9` is a digit,
/// `A` a letter, `X` either, and other characters are separators: all of them are written or none; a blank
/// may also be written as a hyphen, the same everywhere.
inline bool take(std::string_view text, size_t begin, std::string_view shape, Taken& out) {
  out.size = 0;
  out.separated = false;
  size_t at = begin;
  bool decided = false;
  char blank = 0;
  for (const char wanted : shape) {
    const char c = at < text.size() ? text[at] : '\0';
    if (wanted == '9' || wanted == 'A' || wanted == 'X') {
      if (wanted == '9' ? !is_digit(c) : wanted == 'A' ? !is_letter(c) : !is_alnum(c)) return false;
      out.push(c);
      ++at;
      continue;
    }
    const bool here = wanted == ' ' ? (blank ? c == blank : c == ' ' || c == '-') : c == wanted;
    if (decided && here != out.separated) return false;
    decided = true;
    out.separated = here;
    if (!here) continue;
    if (wanted == ' ') blank = c;
    ++at;
  }
  out.end = at;
  return at >= text.size() || !is_alnum(text[at]);
}

}  // namespace sluice::plugins::mask
