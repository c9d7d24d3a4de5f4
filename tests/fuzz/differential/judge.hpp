// Oniguruma by itself: what the engines in front of it have to agree with.
#pragma once

#include <oniguruma.h>

#include <memory>
#include <string_view>
#include <vector>

#include "match/regex.hpp"

namespace sluice::test {

/// Begin and end of each group, the whole match first; -1 for a group that took no part.
using Offsets = std::vector<int>;

enum class Verdict { match, no_match, undecided };

/// One pattern, searched with by Oniguruma alone. Used by one thread.
class Judge {
 public:
  /// Not valid when Oniguruma refuses the pattern.
  Judge(std::string_view pattern, const match::RegexOptions& options);
  [[nodiscard]] bool valid() const { return utf8_ && bytes_; }
  /// `(…)` captures: no group has a name, and the options do not forbid it.
  [[nodiscard]] bool plain_groups() const { return plain_groups_; }
  /// Undecided: more backtracking than a comparison is worth, or nothing matched at the end of the text where
  /// Oniguruma 6.9 errs: of a pattern with \z or \Z it begins at the end, and there a lookbehind sees nothing
  /// (`(?<=a)\z` has no match in "ba", which Ruby and `(?<=a)$` find). No shipped pattern is of this kind.
  /// Text that is not UTF-8 is read as bytes.
  Verdict search(std::string_view text, bool utf8, size_t from, Offsets& offsets);

 private:
  struct Free {
    void operator()(regex_t* regex) const { onig_free(regex); }
    void operator()(OnigRegion* region) const { onig_region_free(region, 1); }
    void operator()(OnigMatchParam* param) const { onig_free_match_param(param); }
  };
  std::unique_ptr<regex_t, Free> utf8_, bytes_;
  bool plain_groups_ = false;
  bool blind_at_end_ = false;
  std::unique_ptr<OnigRegion, Free> region_;
  std::unique_ptr<OnigMatchParam, Free> param_;
};

}  // namespace sluice::test
