#include "match/joda.hpp"

#include <algorithm>
#include <array>

#include "base/time.hpp"
#include "match/civil.hpp"

namespace sluice::match {
namespace {

bool letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// A run of one letter, or `'` and a literal text. Moves `at` behind it.
std::string next_token(std::string_view pattern, size_t& at) {
  std::string token;
  if (letter(pattern[at])) {
    const char c = pattern[at];
    while (at < pattern.size() && pattern[at] == c) token += pattern[at++];
    return token;
  }
  token = '\'';
  bool quoted = false;
  for (; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (c == '\'') {
      if (at + 1 < pattern.size() && pattern[at + 1] == '\'') {
        token += c;
        ++at;
      } else {
        quoted = !quoted;
      }
    } else if (!quoted && letter(c)) {
      break;
    } else {
      token += c;
    }
  }
  return token;
}

bool numeric(const std::string& token) {
  constexpr std::string_view kNumeric = "cCxyYdhHmsSeDFwWkK";
  return kNumeric.find(token[0]) != std::string_view::npos || (token[0] == 'M' && token.size() <= 2);
}

uint8_t small(size_t n) { return static_cast<uint8_t>(std::min<size_t>(n, 255)); }

}  // namespace

/// Turns the text of a pattern into steps.
class JodaCompiler {
 public:
  static Result<JodaPattern> compile(std::string_view text) {
    if (text.empty()) return Status::config("a date pattern must not be empty");
    JodaCompiler compiler;
    auto& pattern = compiler.pattern_;
    pattern.text_ = text;
    pattern.has_year_ = text.find_first_of("yY") != std::string_view::npos;
    pattern.has_offset_ = text.find('Z') != std::string_view::npos;
    const int64_t today = floor_div(wall_nanos(), kNanosPerSecond * kSecondsPerDay);
    pattern.pivot_ = static_cast<int>(civil_from_days(today).year) - 30;
    for (size_t at = 0; at < text.size();) {
      const std::string token = next_token(text, at);
      size_t peek = at;
      const bool number_follows = at < text.size() && numeric(next_token(text, peek));
      if (!compiler.add(token, number_follows)) return unknown(token[0], text);
    }
    if (compiler.fields_ > kMaxFields)
      return Status::config("the date pattern \"" + std::string(text) + "\" is too long");
    pattern.plain_ = compiler.is_plain();
    return std::move(pattern);
  }

 private:
  static constexpr size_t kMaxFields = 64;
  using Form = JodaStep::Form;

  static Status unknown(char c, std::string_view text) {
    return Status::config("unknown letter \"" + std::string(1, c) + "\" in the date pattern \"" +
                          std::string(text) +
                          "\"; the letters are G C Y x w e E y D M d a K h H k m s S z Z, other text stands "
                          "between single quotes ('T')");
  }

  JodaStep& push(JodaField field) {
    pattern_.steps_.push_back({});
    pattern_.steps_.back().field = field;
    if (field < JodaField::literal) {
      ++fields_;
      ++seen_[static_cast<size_t>(field)];
    }
    return pattern_.steps_.back();
  }

  // Numbers are read with up to `digits` digits, or as many as the pattern has letters.
  bool number(JodaField field, size_t count, size_t digits) {
    auto& step = push(field);
    step.min_digits = small(count);
    step.max_digits = small(std::max(count, digits));
    return true;
  }

  bool words(JodaField field, bool full) {
    push(field).form = full ? Form::full_text : Form::short_text;
    pattern_.has_words_ = true;
    return true;
  }

  bool year(JodaField field, size_t count, bool number_follows) {
    if (count != 2) return number(field, count, number_follows ? count : 9);
    auto& step = push(field);
    step.form = number_follows ? Form::two_digit_year : Form::lenient_two_digit_year;
    return true;
  }

  bool zone(JodaField field, size_t count) {
    auto& step = push(field);
    if (field == JodaField::zone_name) {
      step.form = count >= 4 ? Form::full_text : Form::short_text;
      if (count >= 4) pattern_.can_parse_ = false;
    }
    step.colon = count == 2;
    return true;
  }

  bool literal(std::string_view text) {
    auto& step = push(JodaField::literal);
    step.literal_at = static_cast<uint32_t>(pattern_.literals_.size());
    step.literal_size = static_cast<uint32_t>(text.size());
    pattern_.literals_ += text;
    return true;
  }

  bool add(const std::string& token, bool number_follows) {
    const size_t n = token.size();
    switch (token[0]) {
      case '\'':
        return literal(std::string_view(token).substr(1));
      case 'G':
        return words(JodaField::era, false);
      case 'C':
        return number(JodaField::century, n, n);
      case 'Y':
        return year(n == 2 ? JodaField::year : JodaField::year_of_era, n, number_follows);
      case 'x':
        return year(JodaField::weekyear, n, number_follows);
      case 'y':
        return year(JodaField::year, n, number_follows);
      case 'w':
        return number(JodaField::week, n, 2);
      case 'e':
        return number(JodaField::day_of_week, n, 1);
      case 'E':
        return words(JodaField::day_of_week, n >= 4);
      case 'D':
        return number(JodaField::day_of_year, n, 3);
      case 'M':
        return n >= 3 ? words(JodaField::month, n >= 4) : number(JodaField::month, n, 2);
      case 'd':
        return number(JodaField::day_of_month, n, 2);
      case 'a':
        return words(JodaField::halfday, true);
      case 'K':
        return number(JodaField::hour_of_halfday, n, 2);
      case 'h':
        return number(JodaField::clockhour_of_halfday, n, 2);
      case 'H':
        return number(JodaField::hour_of_day, n, 2);
      case 'k':
        return number(JodaField::clockhour_of_day, n, 2);
      case 'm':
        return number(JodaField::minute, n, 2);
      case 's':
        return number(JodaField::second, n, 2);
      case 'S':
        return number(JodaField::fraction, n, n);
      case 'z':
        return zone(JodaField::zone_name, n);
      case 'Z':
        return zone(n <= 2 ? JodaField::zone_offset : JodaField::zone_id, n);
      default:
        return false;
    }
  }

  [[nodiscard]] bool is_plain() const {
    const auto seen = [this](JodaField field) { return seen_[static_cast<size_t>(field)]; };
    for (const int times : seen_)
      if (times > 1) return false;
    for (const auto field :
         {JodaField::era, JodaField::century, JodaField::weekyear, JodaField::week, JodaField::day_of_year})
      if (seen(field) != 0) return false;
    if (seen(JodaField::year) + seen(JodaField::year_of_era) > 1) return false;
    if (seen(JodaField::day_of_week) != 0 &&
        (seen(JodaField::month) == 0 || seen(JodaField::day_of_month) == 0))
      return false;
    const int hours_of_day = seen(JodaField::hour_of_day) + seen(JodaField::clockhour_of_day);
    const int hours_of_half = seen(JodaField::hour_of_halfday) + seen(JodaField::clockhour_of_halfday);
    return hours_of_day + hours_of_half <= 1 && (hours_of_day == 0 || seen(JodaField::halfday) == 0);
  }

  JodaPattern pattern_;
  size_t fields_ = 0;
  std::array<int, kJodaValueFields> seen_{};
};

Result<JodaPattern> JodaPattern::compile(std::string_view pattern) { return JodaCompiler::compile(pattern); }

}  // namespace sluice::match
