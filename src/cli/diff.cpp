#include "ir/diff.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <map>

#include "cli/commands.hpp"

namespace sluice::cli {
namespace {

constexpr int kTrouble = 2;

// Null after an error, which has been printed.
bool load(const std::string& path, const settings::Settings& settings, const settings::Variables& variables,
          runtime::LoadedConfig& loaded) {
  const runtime::ConfigSource source{path, {}, settings.boolean("config.support_escapes"), variables};
  if (auto status = runtime::read_config(source, loaded); !status.ok()) {
    fail(status.message());
    return false;
  }
  if (loaded.diagnostics.has_errors()) {
    loaded.diagnostics.sort();
    const auto text = lang::render_report(loaded.diagnostics, loaded.sources, false);
    std::fwrite(text.data(), 1, text.size(), stderr);
    return false;
  }
  loaded.graph.emplace(ir::build_graph(loaded.config, loaded.sources));
  return true;
}

// What a reload would do with the plugins: it knows them by their content alone.
std::string reload_text(const ir::Graph& before, const ir::Graph& behind) {
  std::map<uint64_t, int> balance;
  size_t kept = 0, ended = 0, started = 0;
  for (const auto& vertex : before.vertices())
    if (vertex.plugin) ++balance[vertex.hash];
  for (const auto& vertex : behind.vertices()) {
    if (!vertex.plugin) continue;
    if (balance[vertex.hash] > 0) {
      --balance[vertex.hash];
      ++kept;
    } else {
      ++started;
    }
  }
  for (const auto& [hash, left] : balance) ended += static_cast<size_t>(left);
  return fmt::format("A reload would keep {} of the running plugins, end {} and start {}.\n", kept, ended,
                     started);
}

}  // namespace

int diff(const Arguments& args, const settings::Settings& settings, const settings::Variables& variables) {
  if (args.operands.size() != 2) {
    fail("diff takes two configs: pipeline diff BEFORE AFTER");
    return kTrouble;
  }
  runtime::LoadedConfig before, behind;
  if (!load(args.operands[0], settings, variables, before) ||
      !load(args.operands[1], settings, variables, behind))
    return kTrouble;
  const auto text = ir::diff_text(ir::compare(*before.graph, *behind.graph), before.sources, behind.sources);
  if (text.empty()) {
    fmt::print("The two configs say the same.\n");
    return 0;
  }
  fmt::print("{}\n{}", text, reload_text(*before.graph, *behind.graph));
  return 1;
}

}  // namespace sluice::cli
