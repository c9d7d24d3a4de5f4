// What should run: the pipelines that the settings name, read and compiled.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.hpp"
#include "runtime/load.hpp"
#include "runtime/pipeline.hpp"
#include "settings/settings.hpp"

namespace sluice::cli {

/// A pipeline that should run.
struct Wanted {
  settings::Settings settings;
  runtime::LoadedConfig config;
  uint64_t fingerprint = 0;  // of settings and config text; never 0
};

/// The settings of each pipeline: -f, -e, or pipelines.yml.
Result<std::vector<settings::Settings>> wanted_settings(const Arguments& args,
                                                        const settings::Settings& settings);
/// Changes when the settings or a file of the config change; 0 when a file cannot be read.
uint64_t fingerprint_of(const settings::Settings& own);
/// Reads and compiles. Diagnostics are printed on standard error. An error when the config cannot be read, or
/// is not valid.
Result<Wanted> load_wanted(const settings::Settings& own, std::string_view embedded_index,
                           const settings::Variables& variables);
/// Compiles the config of `wanted` once more, for another start.
Status compile_again(Wanted& wanted, std::string_view embedded_index);
/// The settings that a pipeline runs with; an error when they contradict each other.
Result<runtime::PipelineSettings> resolve(const settings::Settings& own);

}  // namespace sluice::cli
