// A second engine for regular expressions: for ASCII text of one line, several times as fast as the first
// one.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::match {

/// Where a ByteProgram keeps its state during a search; grows to what it needs and is used again.
struct ByteScratch {
  std::vector<int32_t> slots;  ///< begin and end of each group (-1: none), then counters of loops
  struct Undo {
    uint32_t slot;
    int32_t value;
  };
  std::vector<Undo> trail;
};

/// A regular expression compiled to nodes that step over bytes: runs of a class in one go, branches and
/// repetitions entered only when their first byte fits. It backtracks in the order that Oniguruma does, so
/// that the answer is the same; a differential test holds the two together. What it has no node for is not
/// compiled.
class ByteProgram {
 public:
  enum class Answer : uint8_t {
    match,
    no_match,
    gave_up,  ///< too many steps or too deep: somebody with a clock must do it
  };

  /// Null for patterns beyond its means. `plain_groups`: `(…)` captures.
  static std::unique_ptr<ByteProgram> compile(std::string_view pattern, bool plain_groups, bool ignore_case);

  /// First match at or after `from`; the text is ASCII and has no line end. Offsets are in scratch.slots.
  Answer search(std::string_view text, size_t from, ByteScratch& scratch) const;
  /// Groups, the whole match included.
  [[nodiscard]] uint32_t groups() const { return groups_; }

 private:
  friend class ByteCompiler;
  friend class ByteMatcher;

  using Set = std::bitset<256>;
  enum class Op : uint8_t {
    accept,      // the end of the pattern, of an atomic group or of a lookaround
    literal,     // text
    set,         // one byte
    span,        // min to max bytes of a set
    fork,        // branches in order
    store,       // the position into a slot
    loop_start,  // a loop's counter to zero
    loop,        // a loop's body again, or on
    atomic,
    look,  // lookahead, and lookbehind of a fixed width
    line_begin,
    line_end,
    word_edge,
    no_word_edge,
  };
  /// What a match from a node on can begin with.
  struct First {
    Set bytes;
    bool nullable = false;  // also at the end of the text
  };
  struct Node {
    Op op = Op::accept;
    bool greedy = true;
    bool sole = false;    // span: no shorter run can go on
    bool negate = false;  // look
    uint32_t next = 0;
    uint32_t body = 0;  // loop, atomic, look
    uint32_t data = 0;  // set, literal or list of branches; slot; width of a lookbehind
    int32_t min = 0;
    int32_t max = -1;  // -1: without end
  };

  std::vector<Node> nodes_;
  std::vector<First> first_;                   // of each node
  std::vector<std::array<bool, 256>> tables_;  // sets, one byte a member for speed
  std::vector<std::string> literals_;
  std::vector<std::vector<uint32_t>> branches_;
  uint32_t start_ = 0;
  uint32_t groups_ = 1;
  uint32_t slots_ = 2;
};

}  // namespace sluice::match
