#include "plugins/kv/char_class.hpp"

#include <algorithm>

#include "match/search_budget.hpp"

namespace sluice::plugins::kv {
namespace {

// Whether no character outside of ASCII can be in the set: it is not turned round, and nothing in it stands
// for more than itself and its ASCII neighbours.
bool ascii_only(std::string_view text) {
  if (text.empty() || text.front() == '^') return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x80 || c == '[') return false;
    if (c != '\\') continue;
    if (++i == text.size()) return false;
    const auto escaped = static_cast<unsigned char>(text[i]);
    const bool letter = (escaped | 0x20) >= 'a' && (escaped | 0x20) <= 'z';
    const bool digit = escaped >= '0' && escaped <= '9';
    if (escaped >= 0x80 || digit ||
        (letter && std::string_view("tnrfvsdae").find(text[i]) == std::string_view::npos))
      return false;
  }
  return true;
}

}  // namespace

Result<CharClass> CharClass::compile(std::string_view text) {
  auto regex = match::Regex::compile("[" + std::string(text) + "]");
  if (!regex.ok()) return regex.status();
  CharClass set;
  set.simple_ = ascii_only(text);
  match::Captures captures;
  for (int c = 0; c < 0x80; ++c) {
    const char one = static_cast<char>(c);
    set.table_[static_cast<size_t>(c)] = regex->search({&one, 1}, captures) == match::MatchResult::match;
  }
  return set;
}

Result<Stripping> Stripping::compile(std::string_view characters, bool trim) {
  auto set = CharClass::compile(characters);
  if (!set.ok()) return set.status();
  const std::string one = "[" + std::string(characters) + "]";
  auto regex = match::Regex::compile(trim ? "^" + one + "+|" + one + "+$" : one);
  if (!regex.ok()) return regex.status();
  auto nothing = match::Replacement::parse("", *regex);
  if (!nothing.ok()) return nothing.status();
  return Stripping(*set, std::move(regex).value(), std::move(nothing).value(), trim);
}

std::string_view Stripping::apply(std::string_view text, std::string& scratch,
                                  match::Captures& captures) const {
  const auto in_set = [this](char c) { return set_.has(c); };
  if (set_.simple() && !trim_) {
    if (std::none_of(text.begin(), text.end(), in_set)) return text;
    scratch.clear();
    std::remove_copy_if(text.begin(), text.end(), std::back_inserter(scratch), in_set);
    return scratch;
  }
  if (set_.simple() && text.find('\n') == std::string_view::npos) {
    while (!text.empty() && in_set(text.front())) text.remove_prefix(1);
    while (!text.empty() && in_set(text.back())) text.remove_suffix(1);
    return text;
  }
  return regex_.gsub(text, nothing_, scratch, captures, match::standard_budget()) == match::MatchResult::match
             ? std::string_view(scratch)
             : text;
}

}  // namespace sluice::plugins::kv
