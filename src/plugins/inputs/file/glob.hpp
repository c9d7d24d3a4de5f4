// Paths with wildcards, by the rules of Ruby's Dir.glob: `*`, `?`, `[a-z]`, `{a,b}` and `**/` for any depth.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::plugins::file {

/// The paths that match, in name order, each once. A name that begins with a dot has to be asked for by one;
/// `**` does not follow links to directories.
std::vector<std::string> expand_glob(const std::string& pattern);

/// `a{b,c}d` as {abd, acd}; braces nest.
std::vector<std::string> expand_braces(const std::string& pattern);

/// True when the name (the last part of `path`) matches one of the patterns.
bool name_matches(std::string_view path, const std::vector<std::string>& patterns);

}  // namespace sluice::plugins::file
