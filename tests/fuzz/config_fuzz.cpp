// libFuzzer: whatever stands in a config file must end in a tree or in diagnostics that can be shown; what
// parses must have a graph that can be drawn, and the fixes that are called certain must apply.
#include <cstdint>
#include <memory>
#include <string_view>

#include "ir/graph.hpp"
#include "lang/diagnostic.hpp"
#include "lang/parser.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  lang::SourceSet sources;
  // A zero byte ends one file and begins the next, as a folder of configs.
  const size_t cut = text.find('\0');
  sources.add("a.conf", std::string(text.substr(0, cut)));
  if (cut != std::string_view::npos) sources.add("b.conf", std::string(text.substr(cut + 1)));
  lang::Diagnostics diagnostics;
  auto config = std::make_shared<lang::Config>(lang::parse(sources, {}, diagnostics));
  lang::substitute_variables(
      *config, [](std::string_view) { return std::optional<std::string>("[a, 'b']"); }, diagnostics);
  diagnostics.sort();
  (void)lang::render_report(diagnostics, sources, true);
  for (const auto& diagnostic : diagnostics.items()) (void)lang::render_json(diagnostic, sources);
  (void)lang::apply_certain_fixes(diagnostics, sources);
  if (diagnostics.has_errors()) return 0;
  const auto graph = ir::build_graph(config, sources);
  for (const auto format : {ir::Format::text, ir::Format::dot, ir::Format::mermaid, ir::Format::json})
    (void)ir::draw(graph, sources, format);
  return 0;
}
