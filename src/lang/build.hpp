// From the flat tree of a successful parse to the AST; what the grammar allows but the compiler of the
// language refuses (duplicate keys, `08`, mixed xor, bare regexes, ...) is found on the way.
#pragma once

#include <span>
#include <string_view>

#include "lang/ast.hpp"
#include "lang/parser.hpp"
#include "lang/syntax_tree.hpp"

namespace sluice::lang {

/// The text that was parsed. It is the joined text of the sources, or a copy of it in which mistakes were
/// mended so that the rest could be read; `origin` (one entry per byte and one for the end) then leads back.
struct ParsedText {
  std::string_view text;
  std::span<const uint32_t> origin;  // empty: the text is the joined text itself
  const SourceSet& sources;

  [[nodiscard]] Span span(uint32_t begin, uint32_t end) const {
    if (origin.empty()) return sources.span(begin, end);
    const uint32_t from = origin[begin];
    const uint32_t to = end > begin ? origin[end - 1] + 1 : from;
    return sources.span(from, to > from ? to : from);
  }
};

Config build_config(const SyntaxTree& tree, const ParsedText& text, const ParseOptions& options,
                    Diagnostics& diagnostics);

}  // namespace sluice::lang
