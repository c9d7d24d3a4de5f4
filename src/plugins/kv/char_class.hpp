// The options of the kv filter that are sets of characters: what stands between `[` and `]` of an expression.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "match/regex.hpp"

namespace sluice::plugins::kv {

/// A set of characters. Immutable.
class CharClass {
 public:
  /// Takes the text between the brackets; an error when `[text]` is no expression (an empty set is none).
  static Result<CharClass> compile(std::string_view text);

  /// True when the set holds ASCII characters only, so that has() says all about it.
  [[nodiscard]] bool simple() const { return simple_; }
  [[nodiscard]] bool has(char c) const { return table_[static_cast<unsigned char>(c)]; }

 private:
  std::array<bool, 256> table_{};
  bool simple_ = false;
};

/// What trim_* and remove_char_* do to one text.
class Stripping {
 public:
  /// `trim`: characters that go from both ends of every line; otherwise wherever they stand.
  static Result<Stripping> compile(std::string_view characters, bool trim);

  /// The text without the characters: a part of `text`, or in `scratch`. `text` may not lie in `scratch`.
  std::string_view apply(std::string_view text, std::string& scratch, match::Captures& captures) const;

 private:
  Stripping(CharClass set, match::Regex regex, match::Replacement nothing, bool trim)
      : set_(set), regex_(std::move(regex)), nothing_(std::move(nothing)), trim_(trim) {}
  CharClass set_;
  match::Regex regex_;
  match::Replacement nothing_;
  bool trim_;
};

}  // namespace sluice::plugins::kv
