// The surface of a Ruby regular expression cut into pieces, without saying what they match. Everything that
// has to rewrite or inspect a pattern (ASCII classes, group names, required literals) walks it with this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::match {

/// One piece of a pattern: bytes [begin, end).
struct RegexToken {
  enum class Kind : uint8_t {
    text,         ///< one character that is none of the below; `^ $ . * + ? {` are among them
    escape,       ///< a backslash and all that belongs to it: `\d`, `\x41`, `\p{Alpha}`, `\k<name>` …
    char_class,   ///< a whole `[…]` with the classes nested in it
    group_open,   ///< `(` with its header: `(`, `(?:`, `(?<name>`, `(?=`, `(?i:` …
    options,      ///< `(?i)`: options up to the end of the enclosing group
    comment,      ///< `(?#…)`
    group_close,  ///< `)`
    alternation,  ///< `|`
    end,          ///< nothing is left
  };
  Kind kind = Kind::end;
  size_t begin = 0;
  size_t end = 0;
};

/// The piece that begins at byte `at`. A construct without its end reaches to the end of the pattern.
RegexToken next_regex_token(std::string_view pattern, size_t at);

/// Name in a group header (`(?<name>`, `(?'name'`, `(?(<name>)`) or a reference (`\k<name>`, `\g'name'`): its
/// byte range in the pattern, empty when the token carries none.
struct NameRange {
  size_t begin = 0;
  size_t end = 0;
  [[nodiscard]] bool empty() const { return begin == end; }
};
NameRange regex_token_name(std::string_view pattern, const RegexToken& token);

/// One past the interval (`{2}`, `{2,}`, `{2,5}`, `{,5}`) whose brace stands at byte `at`; `at` when the
/// brace begins none.
size_t regex_interval_end(std::string_view pattern, size_t at);

/// The pattern with `\d \s \w` (and capitals) spelled out as the ASCII classes they are in Ruby; Oniguruma
/// would read them as Unicode classes, and its own option for that would make `\b` ASCII as well, which Ruby
/// does not.
std::string spell_out_ascii_classes(std::string_view pattern);

/// True when a class of the pattern may hold characters beyond ASCII by a name or a negation inside it.
/// Without regard to case such a class matches ASCII too, even several letters at once: `[[:alpha:]]` matches
/// `fi`, which is one letter in Unicode, and `[\W]` matches `k`, which is the sign of kelvin.
bool class_folds_into_ascii(std::string_view pattern);

/// True when a search over ASCII text has the same answer whether the pattern is read as UTF-8 or as single
/// bytes. False when that cannot be told from its surface.
bool means_same_in_bytes(std::string_view pattern, bool ignore_case);

/// Byte of the unmatched `(`, `)` or `[` in a pattern; npos when they all match.
size_t unmatched_bracket(std::string_view pattern);

}  // namespace sluice::match
