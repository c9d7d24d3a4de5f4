// URLs that events make: hostile until checked.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.hpp"

namespace sluice::lookup {

/// `text` as a request takes it: http or https with a host, only characters that RFC 2396 allows (others
/// beyond ASCII percent-encoded), no fragment, and `query` behind it. The error says what is wrong.
Result<std::string> request_url(std::string_view text,
                                const std::vector<std::pair<std::string, std::string>>& query);

/// `text` in the form of application/x-www-form-urlencoded.
std::string form_encode(std::string_view text);

}  // namespace sluice::lookup
