#include "plugins/translate/yaml_scalar.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "match/iso8601.hpp"
#include "match/numbers.hpp"
#include "match/text_case.hpp"
#include "plugins/csv/convert.hpp"

namespace sluice::plugins::translate {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

std::string without_separators(std::string_view text) {
  std::string plain;
  std::copy_if(text.begin(), text.end(), std::back_inserter(plain),
               [](char c) { return c != ',' && c != '_'; });
  return plain;
}

std::string_view without_sign(std::string_view text) {
  return text.substr(text.starts_with('-') || text.starts_with('+') ? 1 : 0);
}

bool all_of(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_integer(std::string_view text) {
  text = without_sign(text);
  if (text.starts_with("0b")) return text.size() > 2 && all_of(text.substr(2), "01_,");
  if (text.starts_with("0x")) return text.size() > 2 && all_of(text.substr(2), "0123456789abcdefABCDEF_,");
  if (text.starts_with('0')) return all_of(text, "01234567_,");
  bool separated = true;  // a separator stands between digits
  for (const char c : text) {
    if (!digit(c) && (separated || (c != ',' && c != '_'))) return false;
    separated = !digit(c);
  }
  return !separated;
}

// Digits with a point; an exponent has a sign.
bool is_real(std::string_view text) {
  text = without_sign(text);
  const size_t point = text.find('.');
  if (point == std::string_view::npos || text == ".") return false;
  const auto whole = text.substr(0, point);
  if (!whole.empty() && (!digit(whole.front()) || !all_of(whole, "0123456789_,"))) return false;
  auto rest = text.substr(point + 1);
  rest.remove_prefix(std::min(rest.find_first_not_of("0123456789"), rest.size()));
  if (rest.empty()) return true;
  if (rest.size() < 3 || (rest[0] != 'e' && rest[0] != 'E') || (rest[1] != '+' && rest[1] != '-'))
    return false;
  return all_of(rest.substr(2), "0123456789");
}

// 12:30 and 1:30:00 are hours, minutes and seconds in seconds; a point in the last part makes it a float.
bool sexagesimal(std::string_view text, Value& out) {
  double value = 0;
  int parts = 0;
  const bool real = text.find('.') != std::string_view::npos;
  for (bool last = false; !last; ++parts) {
    const size_t colon = text.find(':');
    last = colon == std::string_view::npos;
    std::string_view part = text.substr(0, colon);
    text.remove_prefix(last ? text.size() : colon + 1);
    const std::string number = without_separators(part);
    if (parts == 0) part = without_sign(part);
    if (part.empty() || !digit(part[0])) return false;
    const std::string_view whole = part.substr(0, last ? part.find('.') : std::string_view::npos);
    if (!all_of(whole, parts == 0 ? "0123456789_" : "0123456789") || whole.size() > 9) return false;
    if (last && !all_of(part.substr(whole.size()), ".0123456789_")) return false;
    if (parts > 0 && (whole.size() > 2 || (whole.size() == 2 && whole[0] > '5'))) return false;
    value += match::ruby_to_f(number) * (parts == 0 ? 3600 : parts == 1 ? 60 : 1);
  }
  if (parts < 2 || parts > 3) return false;
  out = real ? Value::real(value) : Value::integer(static_cast<int64_t>(value));
  return true;
}

bool word_constant(std::string_view text, Value& out) {
  if (text.size() > 5) return false;
  const std::string word = match::lower(text);
  if (word == "true" || word == "yes" || word == "on")
    out = Value::boolean(true);
  else if (word == "false" || word == "no" || word == "off")
    out = Value::boolean(false);
  else if (word == "null" || word == "~" || word.empty())
    out = Value{};
  else
    return false;
  return true;
}

bool point_constant(std::string_view text, Value& out) {
  const std::string word = match::lower(text);
  if (word == ".nan") {
    out = Value::real(std::numeric_limits<double>::quiet_NaN());
    return true;
  }
  if (without_sign(word) != ".inf") return false;
  const double infinity = std::numeric_limits<double>::infinity();
  out = Value::real(word[0] == '-' ? -infinity : infinity);
  return true;
}

std::string_view symbol(std::string_view text) {
  const bool quoted =
      text.size() > 1 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return quoted ? text.substr(1, text.size() - 2) : text;
}

bool is_time(std::string_view text) {
  return text.size() >= 16 && digit(text[0]) && digit(text[3]) && text[4] == '-' &&
         text.find(':') != std::string_view::npos;
}

Value number(const std::string& text, bool real, Arena& arena) {
  return csv::convert(arena.copy(text), real ? csv::Conversion::real : csv::Conversion::integer, arena);
}

}  // namespace

Value yaml_scalar(std::string_view text, Arena& arena) {
  Value value;
  if (word_constant(text, value) || point_constant(text, value)) return value;
  if (is_integer(text)) return number(without_separators(text), false, arena);
  if (is_real(text)) {
    std::string plain = without_separators(text);
    const size_t point = plain.find('.');
    if (point + 1 == plain.size() || !digit(plain[point + 1])) plain.erase(point, 1);
    return number(plain, true, arena);
  }
  if (sexagesimal(text, value)) return value;
  if (is_time(text))
    if (const auto time = match::parse_event_timestamp(text)) return Value::timestamp(*time);
  if (text.size() > 1 && text.front() == ':') text = symbol(text.substr(1));
  return Value::string(arena.copy(text));
}

Value simple_yaml_scalar(std::string_view text, Arena& arena) {
  if (text.empty() || text == "null" || text == "~") return {};
  if (text == "true" || text == "false") return Value::boolean(text == "true");
  const std::string_view digits = text.substr(text.front() == '-' ? 1 : 0);
  const size_t point = digits.find('.');
  const auto whole = digits.substr(0, point);
  const bool number = !whole.empty() && all_of(whole, "0123456789");
  if (number && point == std::string_view::npos) {
    const auto integer = match::ruby_to_i(text);
    return integer.fits() ? Value::integer(integer.value) : Value::decimal(arena.copy(integer.big));
  }
  if (number && point + 1 < digits.size() && all_of(digits.substr(point + 1), "0123456789"))
    return Value::real(match::ruby_to_f(text));
  return Value::string(arena.copy(text));
}

}  // namespace sluice::plugins::translate
