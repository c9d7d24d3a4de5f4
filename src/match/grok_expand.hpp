// From a grok expression to a regular expression: `%{NAME:field:type}` replaced, group names made fit for
// Oniguruma.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "match/patterns.hpp"

namespace sluice::match {

/// Bytes [begin, end) of an expansion that stand for a named pattern.
struct NamedSpan {
  std::string name;
  size_t begin = 0;
  size_t end = 0;
};

/// The expression with every `%{…}` replaced by the pattern behind it, as a group that captures
/// (`(?<NAME:field>…)`, in full as it stood in the braces) or, with `named_captures_only` and no field,
/// `(?:…)`.
/// `%{NAME=regex}` defines NAME for this expression. A `%{` that no name follows is left as it is.
/// Fails for an unknown name, a pattern that leads back to itself, and an expansion beyond one megabyte.
/// With `spans` the place of each pattern is stored there, an outer one before those inside it.
Result<std::string> expand_grok(std::string_view expression, const PatternSet& patterns,
                                bool named_captures_only, std::vector<NamedSpan>* spans = nullptr);

/// One `%{…}` of an expression: bytes [begin, end).
struct GrokReference {
  std::string_view name;
  std::string_view definition;  ///< of `%{NAME=definition}`
  size_t begin = 0;
  size_t end = 0;
};
std::vector<GrokReference> grok_references(std::string_view expression);

/// The expression with a harmless group of the same length in place of every `%{…}`, and field references in
/// group names made fit for Oniguruma: what is wrong with it is wrong in the text as its author wrote it, at
/// the same byte.
std::string grok_skeleton(std::string_view expression);

/// A regular expression whose named groups are called g0, g1 … and the names they had, by number.
struct RenamedGroups {
  std::string regex;
  std::vector<std::string> names;
};

/// Oniguruma wants group names of word characters, field references have brackets, dots, dashes and at signs.
/// Groups (and references) of the same name keep sharing one.
RenamedGroups rename_groups(std::string_view regex);

}  // namespace sluice::match
