// The executable form of a pipeline: plugins built, conditions compiled, in the nesting of the config.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ir/graph.hpp"
#include "plan/condition.hpp"
#include "plugin/codec_metrics.hpp"
#include "plugin/spec.hpp"

namespace sluice::plan {

/// A plugin at its place in the plan, with what it counts. After a reload the plan before and the plan behind
/// it share the stages of plugins that did not change.
template <class T>
struct Stage {
  plugin::Built<T> built;
  plugin::PluginMetrics metrics;
  std::vector<std::shared_ptr<plugin::CodecMetrics>> codecs;  // of the plugin's codecs
  std::optional<plugin::Refuser> refuser;                     // set before the plugin starts
  enum class Phase : uint8_t { built, running, stopping };
  Phase phase = Phase::built;  // main thread
  Span span;
  std::string place;  // FILE:LINE:COLUMN of the span, set before the plugin starts
  ir::VertexId vertex = 0;
  uint64_t hash = 0;  // of what the config says of the plugin (ir::Vertex::hash)
};

template <class T>
using Stages = std::vector<std::shared_ptr<Stage<T>>>;

/// Steps in order. A step runs a filter or an output, or splits the events by a condition.
struct Block {
  struct Step {
    size_t stage = 0;                            // of a plugin: its index in Plan::filters or Plan::outputs
    std::shared_ptr<const Condition> condition;  // of a branch
    Span span;
    std::unique_ptr<Block> yes, no;
  };
  std::vector<Step> steps;
};

/// A compiled pipeline. The blocks are immutable; the stages hold the plugins, which the runtime starts and
/// stops.
struct Plan {
  Stages<plugin::Input> inputs;
  Stages<plugin::Filter> filters;
  Stages<plugin::Output> outputs;
  Block filter_block;
  Block output_block;
  uint64_t hash = 0;
};

/// Builds every plugin and condition of `graph`, folds constant branches, and checks what spans the whole
/// pipeline: ids used twice, ports used twice, branches that can never be taken, fields that nothing
/// produces, index names that can stay unresolved. Null when there were errors; all of them are reported.
std::unique_ptr<Plan> compile(const ir::Graph& graph, const plugin::Environment& environment,
                              lang::Diagnostics& diagnostics);

}  // namespace sluice::plan
