// A plan from config text, with test plugins beside the real ones: `twice` emits a copy behind each event,
// `flusher` emits an event when flushed, `record` keeps what outputs get.
#pragma once

#include "config_text.hpp"
#include "ir/graph.hpp"
#include "plan/execution.hpp"
#include "plan/plan.hpp"
#include "plugin/spec.hpp"
#include "plugins/registry.hpp"

namespace sluice::test {

inline std::vector<std::string>& recorded() {
  static std::vector<std::string> all;
  return all;
}

void register_test_plugins();

/// A compiled config, or what was wrong with it.
struct Compiled {
  explicit Compiled(std::string_view text, lang::VariableLookup lookup = lang::environment_lookup)
      : parsed(text, std::move(lookup)) {
    register_test_plugins();
    if (parsed.diagnostics.has_errors()) return;
    graph.emplace(ir::build_graph(parsed.config, parsed.sources));
    plan = plan::compile(*graph, {}, parsed.diagnostics);
  }
  [[nodiscard]] std::string found() const { return codes(parsed.diagnostics); }
  [[nodiscard]] std::string message(size_t i = 0) const {
    return i < parsed.diagnostics.items().size() ? parsed.diagnostics.items()[i].message : "";
  }

  Parsed parsed;
  std::optional<ir::Graph> graph;
  std::unique_ptr<plan::Plan> plan;
};

}  // namespace sluice::test
