#include "match/locale_names.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "match/locale_icu.hpp"

namespace sluice::match {
namespace {

constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
constexpr std::string_view kWeekdays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                          "Friday", "Saturday", "Sunday"};

constexpr uint32_t key(char a, char b, char c) {
  const auto byte = [](char x) { return static_cast<uint32_t>(static_cast<unsigned char>(x) | 0x20); };
  return byte(a) | byte(b) << 8 | byte(c) << 16;
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// Months and weekdays: all are told apart by their first three letters, which are the abbreviation as well.
template <size_t N>
size_t match_words(const std::string_view (&words)[N], std::string_view text, int& value) {
  if (text.size() < 3) return 0;
  const bool upper_rest = is_upper(text[1]);
  const auto fits = [upper_rest](char c) { return upper_rest ? is_upper(c) : is_lower(c); };
  if (!fits(text[1]) || !fits(text[2])) return 0;
  if (!is_upper(text[0]) && (upper_rest || !is_lower(text[0]))) return 0;
  const uint32_t wanted = key(text[0], text[1], text[2]);
  for (size_t i = 0; i < N; ++i) {
    const std::string_view word = words[i];
    if (key(word[0], word[1], word[2]) != wanted) continue;
    value = static_cast<int>(i);
    if (text.size() < word.size()) return 3;
    for (size_t at = 3; at < word.size(); ++at)
      if (!fits(text[at]) || (text[at] | 0x20) != word[at]) return 3;
    return word.size();
  }
  return 0;
}

size_t match_pair(std::string_view text, char first0, char first1, char second, int& value) {
  if (text.size() < 2) return 0;
  const bool lower = is_lower(text[0]);
  const auto same = [lower](char c, char letter) {
    return c == (lower ? static_cast<char>(letter | 0x20) : letter);
  };
  if (!same(text[1], second)) return 0;
  if (same(text[0], first0))
    value = 0;
  else if (same(text[0], first1))
    value = 1;
  else
    return 0;
  return 2;
}

size_t match_era(std::string_view text, int& value) {
  if (text.starts_with("BCE") || text.starts_with("bce")) {
    value = 0;
    return 3;
  }
  if (text.starts_with("BC") || text.starts_with("bc")) {
    value = 0;
    return 2;
  }
  if (text.starts_with("AD") || text.starts_with("ad") || text.starts_with("CE") || text.starts_with("ce")) {
    value = 1;
    return 2;
  }
  return 0;
}

}  // namespace

/// Makes LocaleNames.
class LocaleBuilder {
 public:
  static std::unique_ptr<LocaleNames> english() {
    auto names = std::make_unique<LocaleNames>();
    names->tag_ = "en";
    names->english_ = true;
    for (const auto word : kMonths) add(*names, NameField::month, word, word.substr(0, 3));
    for (const auto word : kWeekdays) add(*names, NameField::weekday, word, word.substr(0, 3));
    for (const char* word : {"AM", "PM"}) add(*names, NameField::halfday, word, word);
    for (const char* word : {"BC", "AD"}) add(*names, NameField::era, word, word);
    return names;
  }

  static std::unique_ptr<LocaleNames> from_icu(const std::string& tag) {
    icu_words::Locale words;
    if (!icu_words::read_locale(tag, words)) return nullptr;
    auto names = std::make_unique<LocaleNames>();
    names->tag_ = words.tag;
    for (size_t field = 0; field < LocaleNames::kFields; ++field) {
      auto& entries = names->parse_[field];
      for (const auto* list : {&words.fields[field].full, &words.fields[field].abbreviated})
        for (size_t i = 0; i < list->size(); ++i) {
          const auto value = static_cast<uint8_t>(i);
          entries.push_back({(*list)[i], value});
          entries.push_back({icu_words::lower((*list)[i], tag), value});
          entries.push_back({icu_words::upper((*list)[i], tag), value});
        }
      std::erase_if(entries, [](const NameEntry& entry) { return entry.text.empty(); });
      std::stable_sort(entries.begin(), entries.end(),
                       [](const NameEntry& a, const NameEntry& b) { return a.text.size() > b.text.size(); });
      names->full_[field] = std::move(words.fields[field].full);
      names->short_[field] = std::move(words.fields[field].abbreviated);
    }
    if (words.english)  // as Joda-Time has it for English of any country
      for (const auto& [text, value] : {std::pair{"BCE", 0}, {"bce", 0}, {"CE", 1}, {"ce", 1}})
        names->parse_[3].insert(names->parse_[3].begin(), {text, static_cast<uint8_t>(value)});
    return names;
  }

 private:
  static void add(LocaleNames& names, NameField field, std::string_view full, std::string_view abbreviated) {
    names.full_[static_cast<size_t>(field)].emplace_back(full);
    names.short_[static_cast<size_t>(field)].emplace_back(abbreviated);
  }
};

std::string_view LocaleNames::full(NameField field, int value) const {
  return full_[static_cast<size_t>(field)][static_cast<size_t>(value)];
}

std::string_view LocaleNames::abbreviated(NameField field, int value) const {
  return short_[static_cast<size_t>(field)][static_cast<size_t>(value)];
}

size_t LocaleNames::match(NameField field, std::string_view text, int& value) const {
  if (english_) {
    switch (field) {
      case NameField::month:
        return match_words(kMonths, text, value);
      case NameField::weekday:
        return match_words(kWeekdays, text, value);
      case NameField::halfday:
        return match_pair(text, 'A', 'P', 'M', value);
      case NameField::era:
        return match_era(text, value);
    }
  }
  for (const auto& entry : parse_[static_cast<size_t>(field)])
    if (text.starts_with(entry.text)) {
      value = entry.value;
      return entry.text.size();
    }
  return 0;
}

const LocaleNames& english_names() {
  static const LocaleNames& names = *LocaleBuilder::english().release();
  return names;
}

Result<const LocaleNames*> find_locale(std::string_view text) {
  std::string tag(text);
  std::replace(tag.begin(), tag.end(), '_', '-');
  // What follows the first subtag that cannot be one ("UTF-8", "@euro") says nothing about words.
  const auto is_subtag_char = [](char c) {
    return is_upper(c) || is_lower(c) || (c >= '0' && c <= '9') || c == '-';
  };
  tag.resize(static_cast<size_t>(std::find_if_not(tag.begin(), tag.end(), is_subtag_char) - tag.begin()));
  while (!tag.empty() && tag.back() == '-') tag.pop_back();
  std::string folded = tag;
  for (char& c : folded)
    if (is_upper(c)) c = static_cast<char>(c | 0x20);
  if (folded == "en" || folded == "en-us") return &english_names();

  static std::mutex mutex;
  static auto* const known = new std::unordered_map<std::string, std::unique_ptr<LocaleNames>>;
  const std::lock_guard lock(mutex);
  auto& names = (*known)[folded];
  if (names == nullptr) names = LocaleBuilder::from_icu(tag);
  if (names == nullptr) {
    known->erase(folded);
    return Status::config(
        "\"" + std::string(text) +
        "\" is no locale; write a language and maybe a country, such as \"fr\" or \"pt-BR\"");
  }
  return names.get();
}

const LocaleNames& machine_locale() {
  static const LocaleNames& names = []() -> const LocaleNames& {
    for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
      const char* value = std::getenv(variable);
      if (value == nullptr || *value == 0) continue;
      const std::string_view text(value);
      if (text == "C" || text == "POSIX" || text.starts_with("C.")) break;
      const auto found = find_locale(text);
      if (found.ok()) return *found.value();
      break;
    }
    return english_names();
  }();
  return names;
}

std::string long_zone_name(const TimeZone& zone, bool daylight, const LocaleNames& locale) {
  if (zone.is_offset()) {
    if (zone.fixed_offset() != 0) return zone.id();
    if (locale.english()) return "Coordinated Universal Time";
  }
  std::string name = icu_words::zone_name(zone.id(), daylight, locale.tag());
  return name.empty() ? zone.id() : name;
}

}  // namespace sluice::match
