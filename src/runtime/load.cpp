#include "runtime/load.hpp"

#include <algorithm>

namespace sluice::runtime {
namespace {

bool has_section(const lang::Config& config, lang::Section::Kind kind) {
  return std::any_of(config.sections.begin(), config.sections.end(),
                     [kind](const auto& section) { return section.kind == kind; });
}

}  // namespace

Status read_config(const ConfigSource& source, LoadedConfig& loaded) {
  if (!source.path.empty()) {
    if (auto status = lang::load_config_path(source.path, loaded.sources); !status.ok()) return status;
  } else {
    loaded.sources.add("config string", source.text);
  }
  const lang::ParseOptions options{source.support_escapes};
  auto config = std::make_shared<lang::Config>(lang::parse(loaded.sources, options, loaded.diagnostics));
  if (source.path.empty() && !loaded.diagnostics.has_errors()) {
    std::string more;
    if (!has_section(*config, lang::Section::Kind::input)) more += "input { stdin { type => stdin } }\n";
    if (!has_section(*config, lang::Section::Kind::output))
      more += "output { stdout { codec => rubydebug } }\n";
    if (!more.empty()) {
      loaded.sources.add("default", more);
      *config = lang::parse(loaded.sources, options, loaded.diagnostics);
    }
  }
  lang::substitute_variables(*config, source.lookup, loaded.diagnostics);
  loaded.config = std::move(config);
  return {};
}

void compile_config(LoadedConfig& loaded, const plugin::Environment& environment) {
  loaded.graph.emplace(ir::build_graph(loaded.config, loaded.sources));
  loaded.plan = plan::compile(*loaded.graph, environment, loaded.diagnostics);
}

}  // namespace sluice::runtime
