// Text that every match of a regular expression must hold: looking for it first refuses most other lines in
// one pass.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::match {

/// Pieces of text that every match of a pattern holds one after the other, none overlapping the next. Empty
/// when nothing is certain. The pattern has Ruby's syntax without the options for case and free spacing.
/// What it cannot judge (alternatives, lookarounds, classes, repetitions from zero) it leaves out.
std::vector<std::string> required_literals(std::string_view pattern);

/// The pieces worth looking for: the longest, a few at most, in the order they stand.
std::vector<std::string> choose_literals(std::vector<std::string> literals);

/// False when the text lacks one of the pieces, so that nothing in it can match.
bool holds_literals(std::string_view text, const std::vector<std::string>& literals);

}  // namespace sluice::match
