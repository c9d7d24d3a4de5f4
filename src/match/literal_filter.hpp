// Which expressions of a list can match a text at all, found out in one pass over the text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "match/required.hpp"

namespace sluice::match {

/// Looks for the required texts of many expressions at once: an expression that lacks one of its texts cannot
/// match. Immutable, usable from several threads at once.
class LiteralFilter {
 public:
  /// What a text holds; kept by the caller and used again without allocation.
  class Found {
    friend class LiteralFilter;
    std::vector<uint64_t> literals_;     // a bit for each
    std::vector<uint64_t> expressions_;  // a bit for each that is possible
  };

  /// For each expression what every match of it holds; when that is nothing, it is always possible.
  explicit LiteralFilter(std::span<const Required> expressions);

  /// Reads the text once.
  void scan(std::string_view text, Found& found) const;
  /// False when the scanned text cannot match the expression with this index.
  [[nodiscard]] bool possible(size_t expression, const Found& found) const {
    return (found.expressions_[expression / 64] >> expression % 64 & 1) != 0;
  }
  /// The first possible expression from `from` on; size() when there is none.
  [[nodiscard]] size_t next(size_t from, const Found& found) const;
  [[nodiscard]] size_t size() const { return clauses_.size(); }

 private:
  // Three bytes of each literal, the rarest in logs, are looked up at every place of the text.
  static constexpr size_t kWindow = 3;
  static constexpr int kSlotBits = 12;
  struct Literal {
    std::string text;
    size_t window = 0;  // where the three bytes stand in it
    uint16_t next = 0;  // the next one in the same slot, plus one
  };

  // Rows of words_ words with a bit for each literal: all literals of the first row, one of each other row.
  struct Clauses {
    size_t begin = 0;
    size_t end = 0;  // in bits_
  };

  using Bits = std::vector<uint64_t>;

  void find_literals(std::string_view text, Bits& literals) const;
  // Looks at the windows that begin before a place, 32 at once, and gives that place.
  size_t find_wide(std::string_view text, Bits& literals) const;
  [[nodiscard]] bool holds(const Clauses& clauses, const Bits& literals) const;
  void add_opening(size_t expression);
  void add_wide();
  uint16_t add(const std::string& text);
  [[nodiscard]] static uint32_t slot_of(uint32_t window) {
    return (window * 0x9E3779B1u) >> (32 - kSlotBits);
  }
  void check(std::string_view text, size_t at, uint16_t literal, Bits& literals) const;

  // The windows of few literals are put into eight groups. For each byte of a window, by the low and by the
  // high half of the byte: a bit for each group that has such a byte there.
  static constexpr size_t kMostWide = 48;
  struct Halves {
    alignas(16) uint8_t low[16] = {};
    alignas(16) uint8_t high[16] = {};
  };
  std::array<Halves, kWindow> wide_;
  bool is_wide_ = false;

  std::vector<Literal> literals_;
  std::vector<uint16_t> slots_;  // the first literal of each slot, plus one
  Bits bits_;
  std::vector<Clauses> clauses_;  // of each expression
  size_t words_ = 0;              // that hold a bit for each literal
  // Expressions that are possible without any literal, then for each literal those that are only with it or
  // another one: rows of a bit for each expression.
  Bits opened_;
  size_t expression_words_ = 0;
};

}  // namespace sluice::match
