// A YAML text as a dictionary.
#pragma once

#include <string_view>

#include "plugins/translate/dictionary.hpp"

namespace sluice::plugins::translate {

/// Puts the entries of the first document's mapping into `into`. Keys that are no texts (200, true) can never
/// be looked up and are left out, as in Logstash; with `text_keys` they are an error. `streaming`: plain
/// words have the simpler rules of that load strategy, and aliases are refused.
Status read_yaml_dictionary(std::string_view text, bool streaming, bool text_keys, Dictionary& into);

}  // namespace sluice::plugins::translate
