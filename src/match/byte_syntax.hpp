// The tree of a regular expression over bytes, for ByteProgram.
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::match {

/// One piece of the expression.
struct ByteTree {
  enum class Kind : uint8_t {
    set,
    sequence,
    alternatives,
    group,
    repeat,
    atomic,
    look,
    line_begin,
    line_end,
    word_edge,
    no_word_edge,
  };
  Kind kind = Kind::sequence;
  std::bitset<256> set;
  std::vector<ByteTree> children;
  uint32_t group = 0;   // its number
  int32_t min = 0;      // repeat
  int32_t max = -1;     // -1: without end
  bool greedy = true;   // repeat
  bool behind = false;  // look
  bool negate = false;  // look

  /// Fewest bytes that a match takes.
  [[nodiscard]] int32_t shortest() const;
  /// The number of bytes when it is always the same.
  [[nodiscard]] std::optional<int32_t> width() const;
  /// `(?=x).*`: Oniguruma takes a run without end at the beginning for one that cannot succeed further on
  /// when it has failed, whatever stands before it. What that means is left to it.
  [[nodiscard]] bool begins_with_run_behind_condition() const;
};

/// The tree of a pattern in Ruby's syntax, with `.` for every byte. Nothing for what it does not know:
/// references, calls, options, conditions, properties. Characters beyond ASCII match nothing. `groups`
/// becomes the number of groups, the whole match included. `ignore_case`: sets hold letters in both cases.
std::optional<ByteTree> read_byte_tree(std::string_view pattern, bool plain_groups, bool ignore_case,
                                       uint32_t& groups);

}  // namespace sluice::match
