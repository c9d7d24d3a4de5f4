// What the grok filter and the multiline codec share: patterns of one's own, and what to say of a bad
// expression.
#pragma once

#include <string>
#include <string_view>

#include "match/patterns.hpp"
#include "plugin/setup.hpp"

namespace sluice::plugins {

/// Adds the patterns of the option `patterns_dir`. Reports files that cannot be read (E0305), and warns of a
/// path that does not exist (W0306): Logstash says nothing then, and a pattern is missing.
void add_patterns_dir(plugin::Setup& setup, match::PatternSet& patterns, const std::string& glob);

/// Reports an expression that did not compile: E0302 for a pattern that is not there, E0301 for a bad regular
/// expression.
void report_grok_error(plugin::Setup& setup, std::string_view option, const std::string& message, Span span);

}  // namespace sluice::plugins
