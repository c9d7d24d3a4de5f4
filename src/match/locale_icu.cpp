#include "match/locale_icu.hpp"

#include <unicode/dtfmtsym.h>
#include <unicode/locid.h>
#include <unicode/timezone.h>
#include <unicode/unistr.h>

#include <memory>

namespace sluice::match::icu_words {
namespace {

std::string utf8(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

icu::Locale locale_of(const std::string& tag, UErrorCode& status) {
  return icu::Locale::forLanguageTag(tag, status);
}

void take(std::vector<std::string>& out, const icu::UnicodeString* words, int32_t count, int32_t skip) {
  for (int32_t i = skip; i < count; ++i) out.push_back(utf8(words[i]));
}

// ICU's weeks start with a Sunday at 1; ours with a Monday at 0.
void take_weekdays(std::vector<std::string>& out, const icu::UnicodeString* words) {
  for (const int day : {2, 3, 4, 5, 6, 7, 1}) out.push_back(utf8(words[day]));
}

}  // namespace

bool read_locale(const std::string& tag, Locale& out) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Locale locale = locale_of(tag, status);
  if (U_FAILURE(status) || locale.isBogus() || *locale.getLanguage() == 0) return false;
  const icu::DateFormatSymbols symbols(locale, status);
  if (U_FAILURE(status)) return false;
  using Symbols = icu::DateFormatSymbols;
  int32_t count = 0;
  const auto* words = symbols.getMonths(count, Symbols::FORMAT, Symbols::WIDE);
  take(out.fields[0].full, words, count, 0);
  words = symbols.getMonths(count, Symbols::FORMAT, Symbols::ABBREVIATED);
  take(out.fields[0].abbreviated, words, count, 0);
  words = symbols.getWeekdays(count, Symbols::FORMAT, Symbols::WIDE);
  if (count < 8) return false;
  take_weekdays(out.fields[1].full, words);
  words = symbols.getWeekdays(count, Symbols::FORMAT, Symbols::ABBREVIATED);
  if (count < 8) return false;
  take_weekdays(out.fields[1].abbreviated, words);
  words = symbols.getAmPmStrings(count);
  take(out.fields[2].full, words, count, 0);
  out.fields[2].abbreviated = out.fields[2].full;
  words = symbols.getEras(count);
  take(out.fields[3].full, words, count, 0);
  out.fields[3].abbreviated = out.fields[3].full;
  out.english = std::string_view(locale.getLanguage()) == "en";
  out.tag = locale.toLanguageTag<std::string>(status);
  return out.fields[0].full.size() >= 12 && out.fields[0].abbreviated.size() >= 12 &&
         out.fields[2].full.size() >= 2 && out.fields[3].full.size() >= 2;
}

std::string lower(const std::string& text, const std::string& tag) {
  UErrorCode status = U_ZERO_ERROR;
  return utf8(icu::UnicodeString::fromUTF8(text).toLower(locale_of(tag, status)));
}

std::string upper(const std::string& text, const std::string& tag) {
  UErrorCode status = U_ZERO_ERROR;
  return utf8(icu::UnicodeString::fromUTF8(text).toUpper(locale_of(tag, status)));
}

std::string zone_name(const std::string& zone, bool daylight, const std::string& tag) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Locale locale = locale_of(tag, status);
  const std::unique_ptr<icu::TimeZone> found(
      icu::TimeZone::createTimeZone(icu::UnicodeString::fromUTF8(zone)));
  if (U_FAILURE(status) || found == nullptr || *found == icu::TimeZone::getUnknown()) return {};
  icu::UnicodeString name;
  found->getDisplayName(daylight ? 1 : 0, icu::TimeZone::LONG, locale, name);
  return utf8(name);
}

}  // namespace sluice::match::icu_words
