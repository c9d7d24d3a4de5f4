// The regular expressions of a config and what they cost, for `pipeline explain --cost`.
#pragma once

#include <string>
#include <vector>

#include "plugin/searches.hpp"
#include "runtime/load.hpp"

namespace sluice::cli {

/// An expression of a step.
struct PlacedSearch {
  std::string place;  ///< FILE:LINE
  std::string step;   ///< "filter grok", "if"
  plugin::Search search;
};

/// Of the filters that name theirs and of the conditions, as they stand in a config that was compiled without
/// errors.
std::vector<PlacedSearch> searches_of(const runtime::LoadedConfig& loaded);

std::string cost_text(const std::vector<PlacedSearch>& all);
std::string cost_json(const std::vector<PlacedSearch>& all);

}  // namespace sluice::cli
