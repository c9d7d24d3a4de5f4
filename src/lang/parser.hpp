// Source text to syntax tree.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "lang/ast.hpp"
#include "lang/diagnostic.hpp"
#include "lang/source.hpp"

namespace sluice::lang {

struct ParseOptions {
  bool support_escapes = false;  // config.support_escapes
};

/// Parses the joined text of `sources`. Syntax errors go to `diagnostics` (several per run: parsing resumes
/// at the next plugin or section); what could be understood is returned all the same.
Config parse(const SourceSet& sources, const ParseOptions& options, Diagnostics& diagnostics);

/// Looks a variable up: the keystore first, then the environment. nullopt when it is not defined.
using VariableLookup = std::function<std::optional<std::string>(std::string_view name)>;

/// Replaces ${NAME} and ${NAME:default} in option values and condition constants as Logstash does (its two
/// passes, with the refinement of quoted and bracketed texts in the second). An undefined variable without a
/// default is an error.
void substitute_variables(Config& config, const VariableLookup& lookup, Diagnostics& diagnostics);

/// getenv as a VariableLookup.
std::optional<std::string> environment_lookup(std::string_view name);

}  // namespace sluice::lang
