#include <fmt/format.h>

#include <cctype>
#include <cstdio>

#include "cli/commands.hpp"
#include "cli/explain_cost.hpp"

namespace sluice::cli {
namespace {

bool looks_like_code(const std::string& word) {
  return word.size() == 5 && (word[0] == 'E' || word[0] == 'W') &&
         std::isdigit(static_cast<unsigned char>(word[1]));
}

int explain_code(const std::string& code) {
  const auto text = lang::explain_code(code);
  if (text.empty()) return fail("no diagnostic has the code " + code);
  fmt::print("{}\n", text);
  return 0;
}

int report(const lang::Diagnostics& diagnostics, const lang::SourceSet& sources) {
  const auto text = lang::render_report(diagnostics, sources, false);
  std::fwrite(text.data(), 1, text.size(), stderr);
  return 1;
}

int explain_cost(const runtime::ConfigSource& source, const Arguments& args,
                 const settings::Settings& settings) {
  if (!args.format.empty() && args.format != "text" && args.format != "json")
    return fail("--format of explain --cost is text or json, not " + args.format);
  runtime::LoadedConfig loaded;
  if (auto status = runtime::read_config(source, loaded); !status.ok()) return fail(status.message());
  auto environment = environment_of(settings);
  environment.check_only = true;
  runtime::compile_config(loaded, environment);
  loaded.diagnostics.sort();
  if (loaded.diagnostics.has_errors() || !loaded.plan) return report(loaded.diagnostics, loaded.sources);
  const auto searches = searches_of(loaded);
  const auto text = args.format == "json" ? cost_json(searches) : cost_text(searches);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace

int explain(const Arguments& args, const settings::Settings& settings, const settings::Variables& variables) {
  if (args.operands.size() == 1 && looks_like_code(args.operands[0])) return explain_code(args.operands[0]);
  runtime::ConfigSource source;
  source.lookup = variables;
  source.support_escapes = settings.boolean("config.support_escapes");
  if (!args.operands.empty())
    source.path = args.operands[0];
  else if (settings.given("path.config"))
    source.path = settings.text("path.config");
  else if (settings.given("config.string"))
    source.text = settings.text("config.string");
  else
    return fail(
        "what to explain? Give a config or a diagnostic code: pipeline explain FILE, pipeline explain E0203");

  if (args.cost) return explain_cost(source, args, settings);

  ir::Format format = ir::Format::text;
  if (args.format == "dot")
    format = ir::Format::dot;
  else if (args.format == "mermaid")
    format = ir::Format::mermaid;
  else if (args.format == "json")
    format = ir::Format::json;
  else if (!args.format.empty() && args.format != "text")
    return fail("--format of explain is text, dot, mermaid or json, not " + args.format);

  runtime::LoadedConfig loaded;
  if (auto status = runtime::read_config(source, loaded); !status.ok()) return fail(status.message());
  loaded.diagnostics.sort();
  if (loaded.diagnostics.has_errors()) return report(loaded.diagnostics, loaded.sources);
  const auto text = ir::draw(ir::build_graph(loaded.config, loaded.sources), loaded.sources, format);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace sluice::cli
