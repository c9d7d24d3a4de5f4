// The part of the locale words that asks ICU. Kept apart: English never comes here.
#pragma once

#include <array>
#include <string>
#include <vector>

namespace sluice::match::icu_words {

/// The words of one field: in full and abbreviated, in the order of LocaleNames.
struct Words {
  std::vector<std::string> full, abbreviated;
};

struct Locale {
  std::string tag;  // canonical BCP 47
  bool english = false;
  std::array<Words, 4> fields;  // by NameField
};

/// False when ICU has no data or the tag is ill-formed.
bool read_locale(const std::string& tag, Locale& out);

/// A text in the locale's lower and upper case.
std::string lower(const std::string& text, const std::string& tag);
std::string upper(const std::string& text, const std::string& tag);

/// ICU's long name of a zone; empty when it has none.
std::string zone_name(const std::string& zone, bool daylight, const std::string& tag);

}  // namespace sluice::match::icu_words
