// The dictionary of a translate filter, and the three ways to look something up in it.
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.hpp"
#include "event/value.hpp"
#include "match/regex.hpp"

namespace sluice::plugins::translate {

enum class Matching : uint8_t {
  exact,     // the text is a key
  patterns,  // keys are regular expressions; the first that matches counts
  replace,   // every key that stands in the text is replaced by its value
};

/// What a lookup keeps between calls; one per worker.
struct Scratch {
  match::Captures captures;
  std::string text;
};

/// Keys and their values. Filled once, then immutable and shared by the workers.
class Dictionary {
 public:
  explicit Dictionary(Matching matching) : matching_(matching) {}

  /// Copies an entry; a key that is there keeps its place and gets the new value.
  void put(std::string_view key, const Value& value);
  /// All entries of another dictionary.
  void put_all(const Dictionary& other);
  /// To be called when the last entry is in; an error for a key that is no regular expression.
  Status finish();

  /// What `text` is translated to, in memory of `arena`; false when there is nothing for it.
  bool look_up(std::string_view text, Scratch& scratch, Arena& arena, Value& out) const;
  [[nodiscard]] size_t size() const { return entries_.size(); }
  /// The keys as regular expressions, in their order; empty unless they are some.
  [[nodiscard]] const std::vector<match::Regex>& patterns() const { return patterns_; }

 private:
  struct Entry {
    std::string_view key;
    Value value;
  };
  bool first_pattern(std::string_view text, Scratch& scratch, size_t& entry) const;
  bool replace(std::string_view text, std::string& out) const;
  bool key_at(std::string_view text, uint32_t& entry) const;

  const Matching matching_;
  Arena memory_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string_view, uint32_t> places_;
  std::vector<match::Regex> patterns_;  // of Matching::patterns, one an entry
  std::vector<uint32_t> sorted_;        // of Matching::replace: the entries by key
  std::bitset<256> begins_;             // bytes that a key begins with
  bool empty_key_ = false;
};

}  // namespace sluice::plugins::translate
