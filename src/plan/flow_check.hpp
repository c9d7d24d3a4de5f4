// Checks that follow the fields through a plan.
#pragma once

#include "lang/diagnostic.hpp"
#include "plan/plan.hpp"

namespace sluice::plan {

/// Warns about fields that a filter or condition uses and nothing before it can have produced (W0404), and
/// about
/// `%{...}` in an index name and the like that can stay unresolved (W0405).
void check_flow(const Plan& plan, const ir::Graph& graph, lang::Diagnostics& diagnostics);

}  // namespace sluice::plan
