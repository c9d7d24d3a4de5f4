// What one config has that another has not.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.hpp"

namespace sluice::ir {

/// One step of either config, in the order of the second; what is only in the first stands where it was.
struct DiffStep {
  enum class Kind : uint8_t { same, removed, added, changed };
  Kind kind = Kind::same;
  Vertex::Kind section = Vertex::Kind::filter;  // input, filter or output
  size_t depth = 0;                             // how many conditions it stands under
  const Vertex* before = nullptr;               // null: added, or `else`
  const Vertex* behind = nullptr;               // null: removed, or `else`
  bool otherwise = false;                       // the word `else`
};

/// Compares step by step: what says the same is the same wherever in the files it stands, as far as the order
/// of steps allows. A plugin that another one of the same name has taken the place of is `changed`. The
/// graphs outlive the answer.
std::vector<DiffStep> compare(const Graph& before, const Graph& behind);

/// For people: the steps that differ, with the options that do; empty when none does.
std::string diff_text(const std::vector<DiffStep>& steps, const lang::SourceSet& before,
                      const lang::SourceSet& behind);

}  // namespace sluice::ir
