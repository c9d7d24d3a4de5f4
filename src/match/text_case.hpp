// Upper, lower and capitalised text with Unicode's full mappings (ß -> SS), the root locale's. ASCII never
// touches ICU.
#pragma once

#include <string>
#include <string_view>

namespace sluice::match {

/// Appends to `out`. Text that is not valid UTF-8 has its bad bytes copied as they are.
void append_upper(std::string_view text, std::string& out);
void append_lower(std::string_view text, std::string& out);
/// First character in title case, all others in lower case, as Ruby's String#capitalize.
void append_capitalized(std::string_view text, std::string& out);

/// Ruby's String#strip: blanks at both ends and NUL at the end go; other Unicode blanks stay.
std::string_view strip(std::string_view text);

inline std::string upper(std::string_view text) {
  std::string out;
  append_upper(text, out);
  return out;
}
inline std::string lower(std::string_view text) {
  std::string out;
  append_lower(text, out);
  return out;
}
inline std::string capitalized(std::string_view text) {
  std::string out;
  append_capitalized(text, out);
  return out;
}

}  // namespace sluice::match
