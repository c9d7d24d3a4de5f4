// Which expressions of a list can match a text at all, found out in one pass over the text.
#pragma once

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
  /// Which texts were found; kept by the caller and used again without allocation.
  using Found = std::vector<uint64_t>;

  /// For each expression what every match of it holds; when that is nothing, it is always possible.
  explicit LiteralFilter(std::span<const Required> expressions);

  /// Reads the text once.
  void scan(std::string_view text, Found& found) const;
  /// False when the scanned text cannot match the expression with this index.
  [[nodiscard]] bool possible(size_t expression, const Found& found) const {
    const Clauses& clauses = clauses_[expression];
    const uint64_t* needed = bits_.data() + clauses.begin;
    for (size_t i = 0; i < words_; ++i) {
      if (needed[i] & ~found[i]) return false;
    }
    return clauses.end == clauses.begin + words_ || has_choices(clauses, found);
  }

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

  [[nodiscard]] bool has_choices(const Clauses& clauses, const Found& found) const;
  uint16_t add(const std::string& text);
  [[nodiscard]] static uint32_t slot_of(uint32_t window) {
    return (window * 0x9E3779B1u) >> (32 - kSlotBits);
  }
  void check(std::string_view text, size_t at, uint16_t literal, Found& found) const;

  std::vector<Literal> literals_;
  std::vector<uint16_t> slots_;  // the first literal of each slot, plus one
  std::vector<uint64_t> bits_;
  std::vector<Clauses> clauses_;  // of each expression
  size_t words_ = 0;              // that hold a bit for each literal
};

}  // namespace sluice::match
