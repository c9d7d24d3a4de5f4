// Text that every match of a regular expression must hold: looking for it first refuses most other lines in
// one pass.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::match {

/// What every match of a pattern holds.
struct Required {
  /// Pieces of text one after the other, none overlapping the next.
  std::vector<std::string> literals;
  /// Of each of these lists at least one text, somewhere: what alternatives have.
  std::vector<std::vector<std::string>> choices;
};

/// Empty when nothing is certain. The pattern has Ruby's syntax without the options for case and free
/// spacing. What it cannot judge (lookarounds, classes, repetitions from zero) it leaves out.
Required required_literals(std::string_view pattern);

/// The pieces worth looking for: the longest, a few at most, in the order they stand.
std::vector<std::string> choose_literals(std::vector<std::string> literals);

/// A text to look for. Found by its rarest byte, which a vector search jumps to.
class Needle {
 public:
  explicit Needle(std::string text);
  [[nodiscard]] std::string_view text() const { return text_; }
  /// Where it begins first in [begin, end); null when it does not occur.
  [[nodiscard]] const char* find(const char* begin, const char* end) const;

 private:
  std::string text_;
  size_t rarest_ = 0;
};

/// How often a byte occurs in logs, roughly: 0 seldom, 255 in every line.
uint8_t byte_frequency(unsigned char byte);

/// False when the text lacks one of the pieces in their order, so that nothing in it can match.
bool holds_literals(std::string_view text, std::span<const Needle> literals);

}  // namespace sluice::match
