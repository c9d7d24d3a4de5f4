#include "plugins/kv/pairs.hpp"

#include <algorithm>

#include "base/time.hpp"

namespace sluice::plugins::kv {
namespace {

constexpr std::string_view kOpeners = "\"'([<";
constexpr std::string_view kClosers = "\"')]>";
constexpr size_t kQuotes = 2;  // of them; the others are brackets

std::string alone(std::string_view pattern) { return "(?:" + std::string(pattern) + ")"; }

std::string quoted_value(char open, char close) {
  const auto escaped = [](char c) {
    const bool operator_of_expressions = std::string_view("()[]").find(c) != std::string_view::npos;
    return operator_of_expressions ? std::string("\\") + c : std::string(1, c);
  };
  return escaped(open) + "((?:\\\\.|[^" + escaped(close) + "])+)?" + escaped(close);
}

std::string until(const std::string& pattern) { return "((?:(?!" + pattern + ")(?:\\\\.|.))+)"; }
std::string until_set(const std::string& characters) { return "((?:\\\\.|[^" + characters + "])+)"; }

std::string value_expression(const Syntax& syntax, const std::string& field) {
  std::string any;
  for (size_t i = 0; i < (syntax.brackets ? kOpeners.size() : kQuotes); ++i)
    any += quoted_value(kOpeners[i], kClosers[i]) + "|";
  return any + (syntax.field_split_pattern ? until(field) : until_set(syntax.field_split));
}

}  // namespace

std::optional<PairPattern> PairPattern::compile(const Syntax& syntax, SyntaxError& error) {
  const auto check = [&error](std::string_view option, const std::string& expression) {
    auto regex = match::Regex::compile(expression);
    if (!regex.ok() && error.option.empty()) error = {option, regex.message()};
    return regex;
  };
  const std::string field =
      alone(syntax.field_split_pattern ? *syntax.field_split_pattern : "[" + syntax.field_split + "]");
  std::string value =
      alone(syntax.value_split_pattern ? *syntax.value_split_pattern : "[" + syntax.value_split + "]");
  (void)check(syntax.field_split_pattern ? "field_split_pattern" : "field_split", field);
  (void)check(syntax.value_split_pattern ? "value_split_pattern" : "value_split", value);
  if (syntax.lenient) value = " *" + value + " *";
  const bool patterns = syntax.field_split_pattern || syntax.value_split_pattern;
  const std::string key =
      patterns ? until(alone(value) + "|" + field) : until_set(syntax.value_split + syntax.field_split);
  const std::string scan =
      alone(key) + alone(value) + "(?:" + value_expression(syntax, field) + ")?" + "(?:" + field + "|$)";
  auto split = check("value_split", value);
  auto whole = check("field_split", scan);
  if (!error.option.empty()) return std::nullopt;
  PairPattern pattern(syntax, std::move(whole).value(), std::move(split).value());
  if (patterns) return pattern;
  const auto fields = CharClass::compile(syntax.field_split);
  const auto values = CharClass::compile(syntax.value_split);
  const auto both = CharClass::compile(syntax.value_split + syntax.field_split);
  if (fields.ok() && values.ok() && both.ok()) pattern.take_sets(*fields, *values, *both);
  return pattern;
}

void PairPattern::take_sets(const CharClass& field, const CharClass& value, const CharClass& key_end) {
  sets_ = field.simple() && value.simple() && key_end.simple() && !key_end.has('\\');
  for (int c = 0; c < 0x80; ++c) {
    const char one = static_cast<char>(c);
    // Two sets written one behind the other can mean another set (`a-` and `z`).
    if (key_end.has(one) != (field.has(one) || value.has(one))) sets_ = false;
    table_[static_cast<size_t>(c)] = static_cast<uint8_t>(
        (field.has(one) ? kField : 0) | (value.has(one) ? kValue : 0) | (key_end.has(one) ? kKeyEnd : 0));
  }
}

bool Deadline::left(match::Budget& budget) {
  if (millis_ <= 0) return true;
  const int64_t now = steady_nanos() / 1'000'000;
  if (end_ == 0) end_ = now + millis_;
  budget.millis = end_ - now;
  return budget.millis > 0;
}

size_t PairScanner::find(char c, Place& place, size_t from) const {
  if (!place.known || place.at < from) {
    place.at = std::min(text_.find(c, from), text_.size());
    place.known = true;
  }
  return place.at;
}

size_t PairScanner::skip_blanks(size_t at) const {
  if (!pattern_.lenient_) return at;
  while (at < text_.size() && text_[at] == ' ') ++at;
  return at;
}

// The next key and where its value would begin. False when there is none; `begin` is then the end of the
// text, or the start of a key with a backslash in it, which only the expression can judge.
bool PairScanner::find_key(size_t& begin, size_t& end, size_t& value) {
  using P = PairPattern;
  const size_t size = text_.size();
  size_t at = at_;
  while (true) {
    while (at < size && (kind(at) & P::kKeyEnd)) ++at;
    begin = at;
    while (at < size && !(kind(at) & P::kKeyEnd) && text_[at] != '\\') ++at;
    if (at == size) {
      begin = size;
      return false;
    }
    if (text_[at] == '\\') return false;
    end = at;
    const size_t split = skip_blanks(at);
    if (split < size && (kind(split) & P::kValue))
      value = skip_blanks(split + 1);
    else if (split > at && (pattern_.table_[' '] & P::kValue))
      value = split;  // the last of the blanks is the split
    else {
      at = std::max(split, at + 1);
      continue;
    }
    return true;
  }
}

PairScanner::Quoted PairScanner::quoted(size_t at, Pair& pair) {
  if (at == text_.size()) return Quoted::no;
  const size_t quote = kOpeners.find(text_[at]);
  if (quote == std::string_view::npos || (quote >= kQuotes && !pattern_.brackets_)) return Quoted::no;
  const char closer = kClosers[quote];
  size_t close = find(closer, closers_[quote], at + 1);
  if (close == text_.size()) return Quoted::no;
  const bool escapes = find('\\', backslash_, at + 1) < close;
  if (escapes) {
    for (close = at + 1; close < text_.size() && text_[close] != closer; ++close)
      if (text_[close] == '\\' && close + 1 < text_.size() && text_[close + 1] != '\n') ++close;
    if (close >= text_.size()) return Quoted::unclear;
  }
  const size_t after = close + 1;
  const bool field = after < text_.size() && (kind(after) & PairPattern::kField);
  if (!field && after < text_.size() && text_[after] != '\n') return escapes ? Quoted::unclear : Quoted::no;
  pair.value = text_.substr(at + 1, close - at - 1);
  at_ = after + (field ? 1 : 0);
  return Quoted::yes;
}

PairScanner::Found PairScanner::next(Pair& pair) {
  if (!pattern_.sets_) return search(at_, pair);
  size_t begin = 0, end = 0, value = 0;
  if (!find_key(begin, end, value)) return begin == text_.size() ? Found::end : search(begin, pair);
  pair.key = text_.substr(begin, end - begin);
  const Quoted quotes = quoted(value, pair);
  if (quotes == Quoted::yes) return Found::pair;
  if (quotes == Quoted::unclear) return search(begin, pair);
  size_t at = value;
  const size_t size = text_.size();
  for (; at < size && !(kind(at) & PairPattern::kField); ++at)
    if (text_[at] == '\\' && at + 1 < size && text_[at + 1] != '\n') ++at;
  at = std::min(at, size);
  pair.value = text_.substr(value, at - value);
  at_ = std::min(at + 1, size);
  return Found::pair;
}

// A pair as the expression has it: the first group is the key, the first other that took part the value.
PairScanner::Found PairScanner::search(size_t from, Pair& pair) {
  for (const bool whole : {false, true}) {
    if (!whole && checked_) continue;
    match::Budget budget;
    if (!deadline_.left(budget)) return Found::timeout;
    const auto& regex = whole ? pattern_.scan_ : pattern_.split_;
    const auto result = regex.search(subject_, captures_, whole ? from : 0, budget);
    if (result == match::MatchResult::timeout) return Found::timeout;
    if (result == match::MatchResult::error) return Found::failed;
    if (result == match::MatchResult::no_match) return Found::end;
    checked_ = true;
  }
  at_ = static_cast<size_t>(captures_.end(0));
  if (!captures_.participated(1)) return Found::failed;
  pair.key = captures_.group(1);
  pair.value = {};
  for (size_t group = 2; group < captures_.size(); ++group) {
    if (!captures_.participated(group)) continue;
    pair.value = captures_.group(group);
    break;
  }
  return Found::pair;
}

}  // namespace sluice::plugins::kv
