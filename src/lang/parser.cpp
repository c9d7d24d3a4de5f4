#include "lang/parser.hpp"

#include <fmt/format.h>

#include "lang/build.hpp"
#include "lang/syntax_tree.hpp"

namespace sluice::lang {

Config parse(const SourceSet& sources, const ParseOptions& options, Diagnostics& diagnostics) {
  const auto tree = match_config(sources.joined());
  const ParsedText text{sources.joined(), {}, sources};
  if (tree.ok) return build_config(tree, text, options, diagnostics);
  std::string words;
  for (const char* w : tree.failure.words) words += fmt::format("{}{}", words.empty() ? "" : ", ", w);
  diagnostics.error("E0101", text.span(tree.failure.at, tree.failure.at), "unexpected text",
                    "expected " + words);
  return {};
}

}  // namespace sluice::lang
