// Values that must not be shown: texts for people (log lines, diagnostics, API answers) go through masked().
#pragma once

#include <string>
#include <string_view>

namespace sluice::secrets {

/// From here on `masked` puts `${name}` where `value` stands, as it is or as JSON writes it. Values under
/// four bytes are not kept: they would be found everywhere. Call during set-up; thread-safe.
void keep(std::string_view name, std::string_view value);

/// `text` with every kept value replaced by its name. Thread-safe; one atomic read while nothing is kept.
[[nodiscard]] std::string masked(std::string_view text);
/// Whether anything is kept, for callers that want to save a copy.
[[nodiscard]] bool any();

}  // namespace sluice::secrets
