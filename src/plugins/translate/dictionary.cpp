#include "plugins/translate/dictionary.hpp"

#include <algorithm>

#include "base/utf8.hpp"
#include "match/search_budget.hpp"
#include "plugins/filters/mutate_operation.hpp"

namespace sluice::plugins::translate {
namespace {}  // namespace

void Dictionary::put(std::string_view key, const Value& value) {
  const Value copy = deep_copy(value, memory_, true);
  if (const auto known = places_.find(key); known != places_.end()) {
    entries_[known->second].value = copy;
    return;
  }
  const auto kept = memory_.copy(key);
  places_.emplace(kept, static_cast<uint32_t>(entries_.size()));
  entries_.push_back({kept, copy});
}

void Dictionary::put_all(const Dictionary& other) {
  for (const auto& entry : other.entries_) put(entry.key, entry.value);
}

Status Dictionary::finish() {
  for (const auto& entry : entries_) {
    if (matching_ != Matching::patterns) break;
    const std::string pattern(entry.key);
    auto regex = match::Regex::compile(pattern);
    if (!regex.ok())
      return Status::config("the key `" + pattern + "` is no regular expression: " + regex.message());
    patterns_.push_back(std::move(regex).value());
  }
  if (matching_ != Matching::replace) return {};
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    sorted_.push_back(i);
    if (entries_[i].key.empty())
      empty_key_ = true;
    else
      begins_.set(static_cast<unsigned char>(entries_[i].key.front()));
  }
  std::sort(sorted_.begin(), sorted_.end(),
            [this](uint32_t a, uint32_t b) { return entries_[a].key < entries_[b].key; });
  return {};
}

bool Dictionary::look_up(std::string_view text, Scratch& scratch, Arena& arena, Value& out) const {
  if (matching_ == Matching::replace) {
    scratch.text.clear();
    if (!replace(text, scratch.text) || scratch.text == text) return false;
    out = Value::string(arena.copy(scratch.text));
    return true;
  }
  size_t entry = 0;
  if (matching_ == Matching::patterns) {
    if (!first_pattern(text, scratch, entry)) return false;
  } else {
    const auto found = places_.find(text);
    if (found == places_.end()) return false;
    entry = found->second;
  }
  out = deep_copy(entries_[entry].value, arena, true);
  return true;
}

bool Dictionary::first_pattern(std::string_view text, Scratch& scratch, size_t& entry) const {
  // A search looks first for what every match must hold, so most expressions cost little.
  for (entry = 0; entry < patterns_.size(); ++entry)
    switch (patterns_[entry].search(text, scratch.captures, 0, match::standard_budget())) {
      case match::MatchResult::match:
        return true;
      case match::MatchResult::timeout:
        return false;  // the time is for all patterns: the next might take as long
      default:
        break;
    }
  return false;
}

// The first entry, in the order of the dictionary, whose key `text` begins with. Of the sorted keys, those
// that share the first n bytes with the text are a stretch that gets shorter with n.
bool Dictionary::key_at(std::string_view text, uint32_t& entry) const {
  auto first = sorted_.begin();
  auto last = sorted_.end();
  bool found = false;
  for (size_t n = 0; first != last; ++n) {
    const auto key = [this](uint32_t i) { return entries_[i].key; };
    if (key(*first).size() == n) {
      if (!found || *first < entry) entry = *first;
      found = true;
      ++first;
    }
    if (n == text.size()) break;
    const auto c = static_cast<unsigned char>(text[n]);
    const auto at = [&](uint32_t i) { return static_cast<unsigned char>(key(i)[n]); };
    first = std::partition_point(first, last, [&](uint32_t i) { return at(i) < c; });
    last = std::partition_point(first, last, [&](uint32_t i) { return at(i) == c; });
  }
  return found;
}

// As gsub with all keys as alternatives.
bool Dictionary::replace(std::string_view text, std::string& out) const {
  bool replaced = false;
  size_t copied = 0;
  for (size_t at = 0; at <= text.size();) {
    uint32_t entry = 0;
    const bool may = empty_key_ || (at < text.size() && begins_[static_cast<unsigned char>(text[at])]);
    if (!may || !key_at(text.substr(at), entry)) {
      ++at;
      continue;
    }
    replaced = true;
    out += text.substr(copied, at - copied);
    append_ruby_text(entries_[entry].value, out);
    copied = at += entries_[entry].key.size();
    if (!entries_[entry].key.empty()) continue;
    if (at == text.size()) break;
    (void)utf8_next(text, at);  // behind an empty key stands the next character, as it is
  }
  out += text.substr(std::min(copied, text.size()));
  return replaced;
}

}  // namespace sluice::plugins::translate
