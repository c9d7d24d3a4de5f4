#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "cli/commands.hpp"

namespace sluice::cli {
namespace {

using runtime::ConfigSource;
using runtime::LoadedConfig;

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

LoadedConfig load(const ConfigSource& source, const settings::Settings& settings, Status& status) {
  LoadedConfig loaded;
  status = runtime::read_config(source, loaded);
  if (!status.ok()) return loaded;
  auto environment = environment_of(settings);
  environment.check_only = true;
  environment.embedded_index =
      "http://" + settings.text("index.http.host") + ":" + settings.text("index.http.port");
  runtime::compile_config(loaded, environment);
  loaded.diagnostics.sort();
  return loaded;
}

void print_json(const LoadedConfig& loaded) {
  std::string out =
      fmt::format("{{\"valid\":{},\"diagnostics\":[", loaded.diagnostics.has_errors() ? "false" : "true");
  bool first = true;
  for (const auto& d : loaded.diagnostics.items()) {
    if (!first) out += ',';
    first = false;
    out += "\n" + lang::render_json(d, loaded.sources);
  }
  print(out + "]}\n");
}

// Shows each patch, then writes it. Returns how many files changed, or -1 after a failure.
int write_fixes(const LoadedConfig& loaded) {
  int changed = 0;
  for (const auto& fixed : lang::apply_certain_fixes(loaded.diagnostics, loaded.sources)) {
    const auto& file = loaded.sources.files()[fixed.file];
    print(lang::unified_diff(file.path, file.text, fixed.text));
    std::ofstream out(file.path, std::ios::binary | std::ios::trunc);
    out << fixed.text;
    out.close();
    if (!out) {
      fail(file.path + " could not be written; nothing else was changed");
      return -1;
    }
    ++changed;
  }
  return changed;
}

// `label` names the config among several.
int check_one(ConfigSource source, const Arguments& args, const settings::Settings& settings,
              std::string_view label = {}) {
  Status status;
  auto loaded = load(source, settings, status);
  if (!status.ok()) return fail(status.message());
  if (args.fix && !source.path.empty()) {
    // A repair can uncover the next mistake: go on while there is progress, with a bound.
    for (int round = 0; round < 20; ++round) {
      const int changed = write_fixes(loaded);
      if (changed < 0) return 1;
      if (changed == 0) break;
      loaded = load(source, settings, status);
      if (!status.ok()) return fail(status.message());
    }
  }
  if (args.format == "json") {
    print_json(loaded);
    return loaded.diagnostics.has_errors() ? 1 : 0;
  }
  if (!label.empty() && loaded.diagnostics.items().empty()) print(fmt::format("{}: ", label));
  print(lang::render_report(loaded.diagnostics, loaded.sources, isatty(STDOUT_FILENO) != 0));
  return loaded.diagnostics.has_errors() ? 1 : 0;
}

int check_pipelines(const Arguments& args, const settings::Settings& settings,
                    const settings::Variables& variables) {
  const auto path = settings_directory(args) + "/pipelines.yml";
  auto all = settings::load_pipelines(path, settings);
  if (!all.ok()) return fail(all.message());
  int worst = 0;
  for (const auto& own : *all)
    worst = std::max(worst, check_one({own.text("path.config"), own.text("config.string"),
                                       own.boolean("config.support_escapes"), variables},
                                      args, own, own.text("pipeline.id")));
  return worst;
}

}  // namespace

int check(const Arguments& args, const settings::Settings& settings, const settings::Variables& variables) {
  if (!args.format.empty() && args.format != "text" && args.format != "json")
    return fail("--format of --test is text or json, not " + args.format);
  const bool escapes = settings.boolean("config.support_escapes");
  if (args.operands.empty()) {
    if (settings.given("path.config"))
      return check_one({settings.text("path.config"), "", escapes, variables}, args, settings);
    if (settings.given("config.string"))
      return check_one({"", settings.text("config.string"), escapes, variables}, args, settings);
    if (!settings_directory(args).empty()) return check_pipelines(args, settings, variables);
    return fail("nothing to check: give files, -f PATH or -e 'CONFIG'");
  }
  int worst = 0;
  for (const auto& path : args.operands)
    worst = std::max(worst, check_one({path, "", escapes, variables}, args, settings,
                                      args.operands.size() > 1 ? path : ""));
  return worst;
}

}  // namespace sluice::cli
