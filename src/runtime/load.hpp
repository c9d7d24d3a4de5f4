// From config text to a compiled plan: what --test, explain and a start have in common.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ir/graph.hpp"
#include "lang/diagnostic.hpp"
#include "lang/parser.hpp"
#include "lang/source.hpp"
#include "plan/plan.hpp"

namespace sluice::runtime {

/// Where a config comes from: a path (file, directory, glob), or text.
struct ConfigSource {
  std::string path;
  std::string text;  // -e; missing input and output sections are filled in as Logstash does
  bool support_escapes = false;
  lang::VariableLookup lookup = lang::environment_lookup;
};

/// Everything that came of a config. `plan` is null when there were errors.
struct LoadedConfig {
  lang::SourceSet sources;
  lang::Diagnostics diagnostics;
  std::shared_ptr<const lang::Config> config;
  std::optional<ir::Graph> graph;
  std::unique_ptr<plan::Plan> plan;
};

/// Reads and parses; an error status when the files cannot be read (their problem is no diagnostic: no place
/// in a text).
Status read_config(const ConfigSource& source, LoadedConfig& loaded);
/// Builds the graph and compiles the plan of what read_config() read. Call it after a parse without errors,
/// or to find the plugins' problems too.
void compile_config(LoadedConfig& loaded, const plugin::Environment& environment);

}  // namespace sluice::runtime
