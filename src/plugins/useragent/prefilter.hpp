// Which of many regular expressions can match a text at all: one pass over the text finds the words that they
// need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "plugins/useragent/literals.hpp"

namespace sluice::plugins::useragent {

/// What one thread keeps of its last scan.
class Candidates {
 public:
  /// The first expression from number `from` on that can match the text; `end` when there is none below it.
  [[nodiscard]] size_t next(size_t from, size_t end) const;

 private:
  friend class Prefilter;
  std::vector<uint64_t> bits_;  // of expressions
  std::vector<uint32_t> seen_;  // of words: the number of the scan that found it last
  uint32_t scan_ = 0;
};

/// An automaton (Aho-Corasick, every transition spelled out) over the words of all expressions. The rarest
/// clause of an expression makes it a candidate; then its other clauses are looked at. Immutable, shared by
/// threads.
class Prefilter {
 public:
  /// Expression number i needs `expressions[i]`; one without clauses is always a candidate.
  explicit Prefilter(const std::vector<std::vector<Clause>>& expressions);

  void scan(std::string_view text, Candidates& candidates) const;

 private:
  class Builder;
  void feed(char c, uint32_t& state, Candidates& candidates) const;
  bool fulfilled(size_t expression, const Candidates& candidates) const;

  static constexpr uint32_t kOutput = 1u << 31;  // in a transition: words end there

  std::vector<uint64_t> always_;  // bits of the expressions without clauses
  uint8_t classes_[256] = {};     // of bytes; 0: in no word
  uint32_t class_count_ = 1;
  std::vector<uint32_t> next_;           // [state * class_count_ + class]
  std::vector<uint32_t> outputs_begin_;  // words that end in state s: outputs_[outputs_begin_[s]] up to
  std::vector<uint32_t> outputs_;        // outputs_[outputs_begin_[s + 1]]
  std::vector<std::vector<uint32_t>> triggers_;  // of a word: expressions that it makes candidates
  std::vector<std::vector<std::vector<uint32_t>>>
      conditions_;  // of an expression: its other clauses, as words
};

}  // namespace sluice::plugins::useragent
