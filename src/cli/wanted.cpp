#include "cli/wanted.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "base/hash.hpp"
#include "base/log.hpp"
#include "cli/commands.hpp"

namespace sluice::cli {
namespace {

uint64_t fingerprint(const settings::Settings& own, const lang::SourceSet& sources) {
  std::string all;
  for (const auto& [name, value] : own.values()) all += name + '\0' + value + '\0';
  for (const auto& file : sources.files()) all += file.path + '\0' + file.text + '\0';
  return std::max<uint64_t>(1, hash_bytes(all));
}

runtime::ConfigSource source_of(const settings::Settings& own, const settings::Variables& variables) {
  return {own.text("path.config"), own.text("config.string"), own.boolean("config.support_escapes"),
          variables};
}

void print_report(runtime::LoadedConfig& config) {
  config.diagnostics.sort();
  if (config.diagnostics.items().empty()) return;
  if (!config.diagnostics.has_errors() && !log::enabled(log::Level::warn)) return;
  const auto report = lang::render_report(config.diagnostics, config.sources, isatty(STDERR_FILENO) != 0);
  std::fwrite(report.data(), 1, report.size(), stderr);
}

void compile(Wanted& wanted, std::string_view embedded_index) {
  auto environment = environment_of(wanted.settings);
  environment.embedded_index = embedded_index;
  runtime::compile_config(wanted.config, environment);
}

}  // namespace

Result<std::vector<settings::Settings>> wanted_settings(const Arguments& args,
                                                        const settings::Settings& settings) {
  const bool direct = settings.given("path.config") || settings.given("config.string");
  if (settings.given("path.config") && settings.given("config.string"))
    return Status::config(
        "Settings 'path.config' (-f) and 'config.string' (-e) can't be used simultaneously.");
  if (direct) return std::vector<settings::Settings>{settings};
  const auto directory = settings_directory(args);
  const auto path = directory + "/pipelines.yml";
  if (directory.empty() || !std::filesystem::exists(path))
    return Status::config(
        "nothing to run: give a config with -f PATH or -e 'CONFIG', or a pipelines.yml in --path.settings "
        "DIR");
  return settings::load_pipelines(path, settings);
}

uint64_t fingerprint_of(const settings::Settings& own) {
  lang::SourceSet sources;
  if (const auto path = own.text("path.config"); !path.empty())
    if (!lang::load_config_path(path, sources).ok()) return 0;
  return fingerprint(own, sources);
}

Result<Wanted> load_wanted(const settings::Settings& own, std::string_view embedded_index,
                           const settings::Variables& variables) {
  Wanted wanted{own, {}, 0};
  if (auto status = runtime::read_config(source_of(own, variables), wanted.config); !status.ok())
    return status;
  wanted.fingerprint =
      own.given("path.config") ? fingerprint(own, wanted.config.sources) : fingerprint(own, {});
  compile(wanted, embedded_index);
  print_report(wanted.config);
  if (own.boolean("config.debug"))
    log::debug("logstash.runner", "Compiled pipeline",
               {{"graph", wanted.config.graph
                              ? ir::draw(*wanted.config.graph, wanted.config.sources, ir::Format::text)
                              : std::string{}}});
  if (wanted.config.diagnostics.has_errors()) return Status::config("the config has errors: see above");
  return wanted;
}

Status compile_again(Wanted& wanted, std::string_view embedded_index) {
  wanted.config.diagnostics = {};
  compile(wanted, embedded_index);
  if (wanted.config.plan) return {};
  print_report(wanted.config);
  return Status::config("the config that ran before is not valid any more: see above");
}

Result<runtime::PipelineSettings> resolve(const settings::Settings& own) {
  runtime::PipelineSettings s;
  s.id = own.text("pipeline.id");
  s.workers = own.given("pipeline.workers")
                  ? static_cast<size_t>(std::max<int64_t>(1, own.number("pipeline.workers")))
                  : std::max(1u, std::thread::hardware_concurrency());
  if (own.text("pipeline.ordered") == "true" && s.workers != 1) {
    if (own.given("pipeline.workers"))
      return Status::config(
          "enabling the 'pipeline.ordered' setting requires the use of a single pipeline worker: set "
          "pipeline.workers to 1");
    s.workers = 1;
  }
  s.batch_size = static_cast<size_t>(std::max<int64_t>(1, own.number("pipeline.batch.size")));
  s.show_metrics = own.boolean("metric.collect");
  s.batch_delay_millis = own.number("pipeline.batch.delay");
  s.in_flight_bytes = static_cast<size_t>(own.bytes("pipeline.in_flight_bytes"));
  auto disk = persistent_queue_of(own);
  if (!disk.ok()) return disk.status();
  s.persistent_queue = std::move(disk).value();
  s.drain_queue = own.boolean("queue.drain");
  s.stall_millis = own.millis("pipeline.stall_timeout");
  s.drain_millis = own.boolean("pipeline.unsafe_shutdown") ? 0 : own.millis("pipeline.drain_timeout");
  return s;
}

}  // namespace sluice::cli
