// Which regular expressions a step searches with: what `pipeline explain --cost` judges.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "match/grok_expand.hpp"
#include "match/regex.hpp"

namespace sluice::plugin {

/// One expression of a step.
struct Search {
  std::string option;                        ///< where the config has it: `match`, `gsub`
  std::string written;                       ///< as the config has it
  std::string pattern;                       ///< with the patterns that it names put in
  match::Regex regex;                        ///< what is searched with; its groups may have other names
  std::vector<match::NamedSpan> spans = {};  ///< which parts of `pattern` came from named patterns
};

/// Collects the expressions of one step.
class Searches {
 public:
  void add(Search search) { all_.push_back(std::move(search)); }
  [[nodiscard]] const std::vector<Search>& all() const { return all_; }

 private:
  std::vector<Search> all_;
};

}  // namespace sluice::plugin
