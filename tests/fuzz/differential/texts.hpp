// Texts to compare on: made from a pattern so that it matches or nearly does, cut and changed, and lines of
// logs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dice.hpp"
#include "match/byte_syntax.hpp"

namespace sluice::test {

/// Texts with quotes around them in the files of a folder that look like lines of logs.
std::vector<std::string> quoted_lines(const std::string& folder);

/// Makes texts for one pattern.
class Texts {
 public:
  /// `lines` outlives it.
  Texts(std::string_view regex, bool ignore_case, const std::vector<std::string>& lines);
  std::string make(Dice& dice);

 private:
  std::string sample(Dice& dice) const;

  std::optional<match::ByteTree> tree_;
  const std::vector<std::string>& lines_;
  std::string sample_;  // that the next texts are changes of
  int changes_left_ = 0;
};

}  // namespace sluice::test
