#include "plugins/jdbc/schedule.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <span>
#include <string>

#include "match/civil.hpp"

namespace sluice::jdbc {
namespace {

constexpr int kDaysAhead = 9 * 366;  // a leap day can be eight years away

struct Field {
  std::string_view what;
  int least, most;
  std::span<const std::string_view> names;  // the first stands for `least`
};

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr Field kFields[] = {{"second", 0, 59, {}}, {"minute", 0, 59, {}},     {"hour", 0, 24, {}},
                             {"day", 1, 31, {}},    {"month", 1, 12, kMonths}, {"weekday", 0, 7, kWeekdays}};

constexpr std::pair<std::string_view, std::string_view> kWords[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
    {"@noon", "0 12 * * *"},  {"@hourly", "0 * * * *"}};

bool read_number(std::string_view text, const Field& field, int& n) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return static_cast<char>(std::tolower(c)); });
  const auto name = std::find(field.names.begin(), field.names.end(), lower);
  if (name != field.names.end()) {
    n = field.least + static_cast<int>(name - field.names.begin());
    return true;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  return error == std::errc() && end == text.data() + text.size() && n >= field.least && n <= field.most;
}

// "*", "5", "1-5", "*/10", "1-30/2"
bool read_part(std::string_view text, const Field& field, uint64_t& bits) {
  int step = 1, from = field.least, to = field.most;
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
    if (error != std::errc() || end != digits.data() + digits.size() || step < 1) return false;
    text = text.substr(0, slash);
    if (field.what == "hour") to = 23;
  }
  if (text == "*") {
    if (field.what == "hour") to = 23;
  } else {
    const size_t dash = text.find('-');
    if (!read_number(text.substr(0, dash), field, from)) return false;
    if (dash == std::string_view::npos) {
      if (step == 1) to = from;
    } else if (!read_number(text.substr(dash + 1), field, to) || to < from) {
      return false;
    }
  }
  for (int n = from; n <= to; n += step) bits |= uint64_t{1} << n;
  return true;
}

bool read_field(std::string_view text, const Field& field, uint64_t& bits) {
  bits = 0;
  for (;;) {
    const size_t comma = text.find(',');
    if (!read_part(text.substr(0, comma), field, bits)) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t at = 0; (at = text.find_first_not_of(" \t", at)) != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(" \t", at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

bool has(uint64_t bits, int64_t n) { return (bits >> n & 1) != 0; }

}  // namespace

Result<Schedule> Schedule::parse(std::string_view text) {
  auto words = words_of(text);
  for (const auto& [word, meaning] : kWords) {
    if (words.empty() || words.front() != word) continue;
    auto all = words_of(meaning);
    all.insert(all.end(), words.begin() + 1, words.end());
    words = std::move(all);
  }
  Schedule made;
  made.zone_ = &match::machine_timezone();
  uint64_t weekday = 0;
  if (words.size() > 5 && !read_field(words.back(), kFields[5], weekday)) {
    auto zone = match::find_timezone(words.back());
    if (!zone.ok()) return zone.status();
    made.zone_ = *zone;
    words.pop_back();
  }
  if (words.size() != 5 && words.size() != 6)
    return Status::config("it has " + std::to_string(words.size()) + " fields instead of five or six");
  uint64_t* const places[] = {&made.seconds_, &made.minutes_, &made.hours_,
                              &made.days_,    &made.months_,  &made.weekdays_};
  const size_t first = 6 - words.size();
  for (size_t i = 0; i < words.size(); ++i)
    if (!read_field(words[i], kFields[i + first], *places[i + first]))
      return Status::config("`" + std::string(words[i]) + "` is no " + std::string(kFields[i + first].what));
  made.any_day_ = words[3 - first] == "*";
  made.any_weekday_ = words[5 - first] == "*";
  if (has(made.weekdays_, 7)) made.weekdays_ |= 1;
  if (has(made.hours_, 24)) made.hours_ |= 1;
  return made;
}

int64_t Schedule::next(int64_t after) const {
  const int64_t local = after + 1 + zone_->offset_at(after + 1);
  const int64_t today = match::floor_div(local, match::kSecondsPerDay);
  for (int64_t day = today; day < today + kDaysAhead; ++day) {
    const auto date = match::civil_from_days(day);
    const bool in_days = has(days_, date.day), in_week = has(weekdays_, match::floor_mod(day + 4, 7));
    // When both are restricted, one of them is enough.
    const bool fits = any_day_ || any_weekday_ ? in_days && in_week : in_days || in_week;
    if (!fits || !has(months_, date.month)) continue;
    for (int64_t second = 0; second < match::kSecondsPerDay;) {
      const int64_t at = day * match::kSecondsPerDay + second;
      if (!has(hours_, second / 3600)) {
        second = (second / 3600 + 1) * 3600;
      } else if (!has(minutes_, second / 60 % 60)) {
        second = (second / 60 + 1) * 60;
      } else if (at < local || !has(seconds_, second % 60)) {
        ++second;
      } else {
        const int64_t utc = zone_->to_utc_lenient(at);
        if (utc > after) return utc;
        ++second;
      }
    }
  }
  return -1;
}

}  // namespace sluice::jdbc
