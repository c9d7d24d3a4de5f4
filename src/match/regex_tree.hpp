// The tree of a whole Ruby regular expression with the place of each piece: for judging a pattern, not for
// matching with it.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::match {

struct RegexTree {
  enum class Kind : uint8_t {
    set,       ///< one character
    sequence,  ///< groups, capturing or not, too
    alternatives,
    repeat,
    atomic,  ///< `(?>…)` and what has a possessive quantifier
    look,
    word_edge,  ///< \b
    edge,       ///< ^ $ \A \z \Z \B \G
    unknown,    ///< can match anything: references, conditions
  };
  Kind kind = Kind::sequence;
  size_t begin = 0, end = 0;  ///< bytes of the pattern
  std::bitset<256> set;       ///< all bytes beyond ASCII stand for themselves
  std::vector<RegexTree> children;
  int32_t min = 0, max = -1;  ///< repeat; -1: without end

  /// Can match nothing at all.
  [[nodiscard]] bool nullable() const;
  /// A repetition of one character that can become long.
  [[nodiscard]] bool long_run() const;
};

/// Never fails: what it does not know is `unknown`.
RegexTree read_regex_tree(std::string_view pattern, bool ignore_case);

}  // namespace sluice::match
