// tr, delete, squeeze and count: String methods that take sets of characters ("a-z", "^0-9").
#include <mruby.h>
#include <mruby/string.h>

#include <algorithm>
#include <vector>

#include "ruby/interpreter.hpp"
#include "ruby/method.hpp"
#include "ruby/utf8_text.hpp"

namespace sluice::ruby {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

/// A set as it is written; the order matters for tr.
struct CharSet {
  std::vector<Range> ranges;
  bool negated = false;

  explicit CharSet(std::string_view text) {
    if (text.size() > 1 && text[0] == '^') {
      negated = true;
      text.remove_prefix(1);
    }
    for (size_t at = 0; at < text.size();) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      const char32_t first = next_char(text, at);
      char32_t last = first;
      if (at + 1 < text.size() && text[at] == '-') {
        size_t behind = at + 1;
        if (text[behind] == '\\' && behind + 1 < text.size()) ++behind;
        last = next_char(text, behind);
        at = behind;
      }
      if (last >= first) ranges.push_back({first, last});
    }
  }

  [[nodiscard]] bool has(char32_t c) const {
    const bool in = std::any_of(ranges.begin(), ranges.end(),
                                [c](const Range& r) { return c >= r.first && c <= r.last; });
    return in != negated;
  }
  /// Place of a character of the set, counted over all ranges; -1 when it is not in it.
  [[nodiscard]] int64_t place(char32_t c) const {
    int64_t before = 0;
    for (const auto& r : ranges) {
      if (c >= r.first && c <= r.last) return before + (c - r.first);
      before += r.last - r.first + 1;
    }
    return -1;
  }
  /// The character at a place; behind the end the last one.
  [[nodiscard]] char32_t at(int64_t place) const {
    for (const auto& r : ranges) {
      const int64_t size = int64_t{r.last} - r.first + 1;
      if (place < size) return r.first + static_cast<char32_t>(place);
      place -= size;
    }
    return ranges.back().last;
  }
};

void translate(std::string_view text, std::string_view from_text, std::string_view to_text, bool squeeze,
               std::string& out) {
  const CharSet from(from_text);
  CharSet to(to_text);
  if (to_text == "^") to.ranges = {{'^', '^'}};
  char32_t previous = 0xFFFFFFFF;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_char(text, at);
    if (!from.has(c)) {
      previous = 0xFFFFFFFF;
      append_char(out, c);
      continue;
    }
    if (to.ranges.empty()) continue;
    const char32_t mapped = from.negated ? to.ranges.back().last : to.at(from.place(c));
    if (!squeeze || mapped != previous) append_char(out, mapped);
    previous = mapped;
  }
}

template <bool kSqueeze>
mrb_value tr(mrb_state* mrb, mrb_value self) {
  mrb_value from, to;
  mrb_get_args(mrb, "SS", &from, &to);
  auto& out = Interpreter::of(mrb).scratch;
  out.clear();
  translate(text_of(self), text_of(from), text_of(to), kSqueeze, out);
  return string_of(mrb, out);
}

// True for characters that are in all of the sets; without a set, for every character.
bool in_all(const std::vector<CharSet>& sets, char32_t c) {
  return std::all_of(sets.begin(), sets.end(), [c](const CharSet& set) { return set.has(c); });
}

mrb_int check_sets(mrb_state* mrb, const mrb_value* arguments, mrb_int count, bool required) {
  if (required && count == 0) raise(mrb, "ArgumentError", "wrong number of arguments (given 0, expected 1+)");
  for (mrb_int i = 0; i < count; ++i)
    if (!mrb_string_p(arguments[i])) raise(mrb, "TypeError", "no implicit conversion into String");
  return count;
}

std::vector<CharSet> sets_of(const mrb_value* arguments, mrb_int count) {
  std::vector<CharSet> sets;
  for (mrb_int i = 0; i < count; ++i) sets.emplace_back(text_of(arguments[i]));
  return sets;
}

mrb_value remove(mrb_state* mrb, mrb_value self) {
  const mrb_value* arguments = nullptr;
  mrb_int n = 0;
  mrb_get_args(mrb, "*", &arguments, &n);
  check_sets(mrb, arguments, n, true);
  auto& out = Interpreter::of(mrb).scratch;
  out.clear();
  {
    const auto sets = sets_of(arguments, n);
    const auto text = text_of(self);
    for (size_t at = 0; at < text.size();) {
      const char32_t c = next_char(text, at);
      if (!in_all(sets, c)) append_char(out, c);
    }
  }
  return string_of(mrb, out);
}

mrb_value squeeze(mrb_state* mrb, mrb_value self) {
  const mrb_value* arguments = nullptr;
  mrb_int n = 0;
  mrb_get_args(mrb, "*", &arguments, &n);
  check_sets(mrb, arguments, n, false);
  auto& out = Interpreter::of(mrb).scratch;
  out.clear();
  {
    const auto sets = sets_of(arguments, n);
    const auto text = text_of(self);
    char32_t previous = 0xFFFFFFFF;
    for (size_t at = 0; at < text.size();) {
      const char32_t c = next_char(text, at);
      if (c != previous || !in_all(sets, c)) append_char(out, c);
      previous = c;
    }
  }
  return string_of(mrb, out);
}

mrb_value count(mrb_state* mrb, mrb_value self) {
  const mrb_value* arguments = nullptr;
  mrb_int n = 0;
  mrb_get_args(mrb, "*", &arguments, &n);
  check_sets(mrb, arguments, n, true);
  mrb_int found = 0;
  {
    const auto sets = sets_of(arguments, n);
    const auto text = text_of(self);
    for (size_t at = 0; at < text.size();) found += in_all(sets, next_char(text, at));
  }
  return mrb_int_value(mrb, found);
}

}  // namespace

void define_text_sets(mrb_state* mrb) {
  RClass* owner = mrb->string_class;
  method<tr<false>>(mrb, owner, "tr");
  method<tr<true>>(mrb, owner, "tr_s");
  method<remove>(mrb, owner, "delete");
  method<squeeze>(mrb, owner, "squeeze");
  method<count>(mrb, owner, "count");
}

}  // namespace sluice::ruby
