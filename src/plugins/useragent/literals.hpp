// Text that a regular expression needs: what a scan for many words at once can tell about it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::plugins::useragent {

/// Texts of which one must be there, in lower case. kBegin in one stands for the beginning of the text.
using Clause = std::vector<std::string>;

inline constexpr char kBegin = '\x02';

/// ASCII letters in lower case; other bytes as they are.
inline char fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// Clauses that hold, all of them, for every text that `pattern` matches (whatever the case of its letters).
/// Empty when nothing can be said.
std::vector<Clause> required_clauses(std::string_view pattern);

}  // namespace sluice::plugins::useragent
