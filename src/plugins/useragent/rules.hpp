// The rules of uap-core: which regular expression makes which browser, system and device of an agent's text.
// Form of the file: https://github.com/ua-parser/uap-core/blob/master/docs/specification.md
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/status.hpp"

namespace sluice::plugins::useragent {

/// The three lists of a file. In each the first rule that matches counts, whatever the other lists say.
enum class List : uint8_t { agent, system, device };
inline constexpr size_t kLists = 3;

/// One entry of a list.
struct Rule {
  std::string regex;
  bool ignore_case = false;
  /// What replaces the captures. For agents and systems: family and parts of the version; for devices:
  /// device, brand, model. Unset: the capture of that number.
  std::array<std::optional<std::string>, 4> replacements;
  size_t line = 0;  // in the file
};

using Rules = std::array<std::vector<Rule>, kLists>;

/// Reads a file of rules. The error names the file, and the line where it can.
Result<Rules> read_rules(const std::string& path);

/// The file of rules when none is given: $SLUICE_USERAGENT_REGEXES, else uap-core/regexes.yaml below the
/// engine's home or below one of the system's folders for data. The error says what to do.
Result<std::string> default_rules_path();

/// Changes one rule of uap-core that takes the wrong number of an agent (Outlook for Mac) for the version of
/// the system; the copy that comes with Logstash has the same change.
void mend_default_rules(Rules& rules);

}  // namespace sluice::plugins::useragent
