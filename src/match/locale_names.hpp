// The words of dates in a language: months, days of the week, halves of the day, eras. English is built in;
// other languages come from ICU (CLDR, as Java has them) when a locale is first asked for.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "match/timezone.hpp"

namespace sluice::match {

/// Which set of words.
enum class NameField : uint8_t { month, weekday, halfday, era };

/// One word that may stand for a value when reading.
struct NameEntry {
  std::string text;
  uint8_t value;
};

/// The words of one locale. Immutable, lives as long as the process.
class LocaleNames {
 public:
  [[nodiscard]] const std::string& tag() const { return tag_; }
  [[nodiscard]] bool english() const { return english_; }

  /// Words to write. Months 0..11, weekdays 0 = Monday .. 6, halfdays 0..1, eras 0 = BC, 1 = AD.
  [[nodiscard]] std::string_view full(NameField field, int value) const;
  [[nodiscard]] std::string_view abbreviated(NameField field, int value) const;

  /// Finds the longest word of the field that `text` starts with, written as it is, all lower or all upper
  /// case (others are refused, as Joda-Time does). Gives its length and value; length 0 when there is none.
  size_t match(NameField field, std::string_view text, int& value) const;

 private:
  friend class LocaleBuilder;
  static constexpr size_t kFields = 4;

  std::string tag_;
  bool english_ = false;
  std::array<std::vector<std::string>, kFields> full_;
  std::array<std::vector<std::string>, kFields> short_;
  std::array<std::vector<NameEntry>, kFields> parse_;  // longest first
};

/// English as Java has it; no ICU.
const LocaleNames& english_names();

/// The words of a BCP 47 tag ("pt-BR", "fr"; "_" is accepted for "-"). An ill-formed tag is an error.
/// Thread-safe.
Result<const LocaleNames*> find_locale(std::string_view tag);

/// "Central European Standard Time" as the language has it; `daylight` chooses the summer name. Slow (ICU)
/// but for UTC.
std::string long_zone_name(const TimeZone& zone, bool daylight, const LocaleNames& locale);

/// The locale of LC_ALL, LC_CTYPE or LANG; English when none is set, or "C" or "POSIX".
const LocaleNames& machine_locale();

}  // namespace sluice::match
