// What each code of a diagnostic means, for `pipeline explain E0103`.
#include <algorithm>
#include <array>

#include "lang/diagnostic.hpp"

namespace sluice::lang {
namespace {

struct Entry {
  std::string_view code;
  std::string_view text;
};

// In order of the codes; binary search relies on it.
constexpr std::array kEntries = {
    Entry{"E0101", R"(Something stands where the grammar has no place for it.

The message says what could stand there. Look at the end of the line before as well: a missing quote, brace or arrow
is often noticed only at the next word.)"},
};

}  // namespace

std::string_view explain_code(std::string_view code) {
  const auto it = std::lower_bound(kEntries.begin(), kEntries.end(), code,
                                   [](const Entry& e, std::string_view c) { return e.code < c; });
  return it != kEntries.end() && it->code == code ? it->text : std::string_view{};
}

std::vector<std::string_view> known_codes() {
  std::vector<std::string_view> codes;
  for (const auto& entry : kEntries) codes.push_back(entry.code);
  return codes;
}

}  // namespace sluice::lang
