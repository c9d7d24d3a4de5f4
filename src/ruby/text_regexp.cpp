// String's methods that search: sub, gsub, scan, split and their kin.
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/hash.h>
#include <mruby/string.h>
#include <mruby/variable.h>

#include "ruby/interpreter.hpp"
#include "ruby/method.hpp"
#include "ruby/regexp_class.hpp"
#include "ruby/utf8_text.hpp"

namespace sluice::ruby {
namespace {

mrb_value part(mrb_state* mrb, mrb_value string, size_t begin, size_t end) {
  return string_of(mrb, text_of(string).substr(begin, end - begin));
}

/// The matches of a regexp in a string, one after the other; an empty match moves on by a character.
struct Matches {
  mrb_state* mrb;
  mrb_value regexp;
  mrb_value string;
  size_t from = 0;   // where the next search starts
  size_t begin = 0;  // of the last match
  size_t end = 0;

  bool next(bool remember) {
    const auto text = text_of(string);
    if (from > text.size() || !search(mrb, regexp, string, from, remember)) return false;
    const auto& captures = Interpreter::of(mrb).captures;
    begin = static_cast<size_t>(captures.begin(0));
    end = static_cast<size_t>(captures.end(0));
    from = end > begin ? end : end < text.size() ? end + char_size(text, end) : end + 1;
    return true;
  }
};

// The match as scan gives it: its text, or the texts of its groups.
mrb_value scanned(mrb_state* mrb, const Matches& at) {
  const auto& captures = Interpreter::of(mrb).captures;
  if (captures.size() <= 1) return part(mrb, at.string, at.begin, at.end);
  const size_t groups = captures.size();
  const mrb_value list = mrb_ary_new_capa(mrb, static_cast<mrb_int>(groups));
  for (size_t i = 1; i < groups; ++i)
    mrb_ary_push(mrb, list, captures.participated(i) ? string_of(mrb, captures.group(i)) : mrb_nil_value());
  return list;
}

mrb_value scan(mrb_state* mrb, mrb_value self) {
  mrb_value pattern, block;
  mrb_get_args(mrb, "o&", &pattern, &block);
  const mrb_value string = mrb_str_dup(mrb, self);
  const mrb_value list = mrb_ary_new(mrb);
  Matches matches{mrb, to_regexp(mrb, pattern), string};
  const int arena = mrb_gc_arena_save(mrb);
  while (matches.next(!mrb_nil_p(block))) {
    const mrb_value item = scanned(mrb, matches);
    if (mrb_nil_p(block))
      mrb_ary_push(mrb, list, item);
    else
      mrb_yield(mrb, block, item);
    mrb_gc_arena_restore(mrb, arena);
  }
  return mrb_nil_p(block) ? list : self;
}

// Replacement by a hash or a block: Ruby code runs between two matches, so everything is kept in Ruby
// objects.
mrb_value replace_by_code(mrb_state* mrb, mrb_value self, mrb_value regexp, mrb_value hash, mrb_value block,
                          bool all) {
  const mrb_value string = mrb_str_dup(mrb, self);
  const mrb_value out = mrb_str_new_capa(mrb, RSTRING_LEN(string));
  Matches matches{mrb, regexp, string};
  size_t copied = 0;
  bool any = false;
  const int arena = mrb_gc_arena_save(mrb);
  while (matches.next(true)) {
    any = true;
    const mrb_value found = part(mrb, string, matches.begin, matches.end);
    mrb_value with = mrb_nil_p(block) ? mrb_funcall(mrb, hash, "[]", 1, found) : mrb_yield(mrb, block, found);
    with = mrb_obj_as_string(mrb, with);
    mrb_str_cat(mrb, out, RSTRING_PTR(string) + copied, matches.begin - copied);
    mrb_str_cat_str(mrb, out, with);
    copied = matches.end;
    mrb_gc_arena_restore(mrb, arena);
    if (!all) break;
  }
  if (!any) return mrb_nil_value();
  mrb_str_cat(mrb, out, RSTRING_PTR(string) + copied, static_cast<size_t>(RSTRING_LEN(string)) - copied);
  return out;
}

// Replacement by a text with \1 and the like. Nothing in it can raise.
enum class Replaced { none, some, failed, timeout };
Replaced replace_by_text(Interpreter& interpreter, const match::Regex& regex, std::string_view text,
                         std::string_view with, bool all) {
  constexpr match::Budget kBudget{10'000};
  auto& out = interpreter.scratch;
  const auto replacement = match::Replacement::parse(with, regex);
  if (!replacement.ok()) {
    out = replacement.message();
    return Replaced::failed;
  }
  out.clear();
  if (all) {
    const auto result = regex.gsub(text, *replacement, out, interpreter.captures, kBudget);
    if (result == match::MatchResult::timeout) return Replaced::timeout;
    return result == match::MatchResult::match ? Replaced::some : Replaced::none;
  }
  const auto result = regex.search(text, interpreter.captures, 0, kBudget);
  if (result == match::MatchResult::timeout) return Replaced::timeout;
  if (result != match::MatchResult::match) return Replaced::none;
  out.append(text.substr(0, static_cast<size_t>(interpreter.captures.begin(0))));
  replacement.value().append(out, text, interpreter.captures);
  out.append(text.substr(static_cast<size_t>(interpreter.captures.end(0))));
  return Replaced::some;
}

// The new string, or nil when nothing matched.
mrb_value replaced(mrb_state* mrb, mrb_value self, bool all) {
  mrb_value pattern, with, block;
  const mrb_int n = mrb_get_args(mrb, "o|o&", &pattern, &with, &block);
  if (n == 1 && mrb_nil_p(block))
    raise(mrb, "ArgumentError", "wrong number of arguments (given 1, expected 2)");
  const mrb_value regexp = to_regexp(mrb, pattern);
  if (n == 1 || mrb_hash_p(with))
    return replace_by_code(mrb, self, regexp, with, n == 1 ? block : mrb_nil_value(), all);
  if (!mrb_string_p(with))
    raise(mrb, "TypeError", "no implicit conversion of %s into String",
          mrb_nil_p(with) ? "nil" : mrb_obj_classname(mrb, with));
  auto& interpreter = Interpreter::of(mrb);
  switch (replace_by_text(interpreter, regex_box(regexp).regex, text_of(self), text_of(with), all)) {
    case Replaced::none:
      return mrb_nil_value();
    case Replaced::some:
      return string_of(mrb, interpreter.scratch);
    case Replaced::timeout:
      raise(mrb, "RegexpError", "regexp match timeout");
    case Replaced::failed:
      raise(mrb, "IndexError", interpreter.scratch.c_str());
  }
  return mrb_nil_value();
}

template <bool kAll>
mrb_value substitute(mrb_state* mrb, mrb_value self) {
  const mrb_value result = replaced(mrb, self, kAll);
  return mrb_nil_p(result) ? mrb_str_dup(mrb, self) : result;
}

template <bool kAll>
mrb_value substitute_in_place(mrb_state* mrb, mrb_value self) {
  const mrb_value result = replaced(mrb, self, kAll);
  if (mrb_nil_p(result)) return result;
  return mrb_funcall(mrb, self, "replace", 1, result);
}

// ---- split ----

bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }

void split_at_blanks(mrb_state* mrb, mrb_value self, mrb_int limit, mrb_value list) {
  const auto text = text_of(self);
  size_t at = 0;
  while (at < text.size()) {
    while (at < text.size() && blank(text[at])) ++at;
    if (at == text.size() || (limit > 0 && RARRAY_LEN(list) + 1 == limit)) break;
    size_t end = at;
    while (end < text.size() && !blank(text[end])) ++end;
    mrb_ary_push(mrb, list, part(mrb, self, at, end));
    at = end;
  }
  const bool rest = limit > 0 && at < text.size();
  if (rest || (limit != 0 && !text.empty() && blank(text.back())))
    mrb_ary_push(mrb, list, part(mrb, self, at, text.size()));
}

void split_at_text(mrb_state* mrb, mrb_value self, mrb_value separator, mrb_int limit, mrb_value list) {
  const auto text = text_of(self), cut = text_of(separator);
  size_t from = 0;
  const int arena = mrb_gc_arena_save(mrb);
  while (limit <= 0 || RARRAY_LEN(list) + 1 < limit) {
    const size_t at = text.find(cut, from);
    if (at == std::string_view::npos) break;
    mrb_ary_push(mrb, list, part(mrb, self, from, at));
    mrb_gc_arena_restore(mrb, arena);
    from = at + cut.size();
  }
  mrb_ary_push(mrb, list, part(mrb, self, from, text.size()));
}

void split_at_chars(mrb_state* mrb, mrb_value self, mrb_int limit, mrb_value list) {
  const auto text = text_of(self);
  size_t at = 0;
  const int arena = mrb_gc_arena_save(mrb);
  while (at < text.size() && (limit <= 0 || RARRAY_LEN(list) + 1 < limit)) {
    const size_t size = char_size(text, at);
    mrb_ary_push(mrb, list, part(mrb, self, at, at + size));
    mrb_gc_arena_restore(mrb, arena);
    at += size;
  }
  if (at < text.size() || limit != 0) mrb_ary_push(mrb, list, part(mrb, self, at, text.size()));
}

void split_at_matches(mrb_state* mrb, mrb_value self, mrb_value regexp, mrb_int limit, mrb_value list) {
  Matches matches{mrb, regexp, self};
  size_t from = 0;
  const size_t size = text_of(self).size();
  mrb_int pieces = 0;
  const int arena = mrb_gc_arena_save(mrb);
  while ((limit <= 0 || pieces + 1 < limit) && matches.next(false)) {
    const bool empty = matches.end == matches.begin;
    if (empty && (matches.begin >= size || matches.begin == from)) {
      // An empty match cuts between two characters, never before the first.
      if (matches.begin >= size) break;
      if (matches.begin == 0 || matches.begin == from) continue;
    }
    mrb_ary_push(mrb, list, part(mrb, self, from, matches.begin));
    ++pieces;
    const auto& captures = Interpreter::of(mrb).captures;
    for (size_t i = 1; i < captures.size(); ++i)
      if (captures.participated(i)) mrb_ary_push(mrb, list, string_of(mrb, captures.group(i)));
    mrb_gc_arena_restore(mrb, arena);
    from = matches.end;
  }
  mrb_ary_push(mrb, list, part(mrb, self, from, size));
}

mrb_value split(mrb_state* mrb, mrb_value self) {
  mrb_value pattern = mrb_nil_value(), block;
  mrb_int limit = 0;
  mrb_get_args(mrb, "|oi&", &pattern, &limit, &block);
  const mrb_value list = mrb_ary_new(mrb);
  if (RSTRING_LEN(self) == 0) return list;
  if (limit == 1) {
    mrb_ary_push(mrb, list, mrb_str_dup(mrb, self));
    return list;
  }
  if (mrb_nil_p(pattern) || (mrb_string_p(pattern) && text_of(pattern) == " "))
    split_at_blanks(mrb, self, limit, list);
  else if (mrb_string_p(pattern) && RSTRING_LEN(pattern) == 0)
    split_at_chars(mrb, self, limit, list);
  else if (mrb_string_p(pattern))
    split_at_text(mrb, self, pattern, limit, list);
  else
    split_at_matches(mrb, self, to_regexp(mrb, pattern), limit, list);
  while (limit == 0 && RARRAY_LEN(list) > 0) {
    const mrb_value last = mrb_ary_entry(list, -1);
    if (RSTRING_LEN(last) != 0) break;
    mrb_ary_pop(mrb, list);
  }
  if (mrb_nil_p(block)) return list;
  for (mrb_int i = 0; i < RARRAY_LEN(list); ++i) mrb_yield(mrb, block, mrb_ary_entry(list, i));
  return self;
}

// Starts a match exactly here? For start_with? and the like.
mrb_value starts_with_match(mrb_state* mrb, mrb_value self) {
  const mrb_value regexp = mrb_get_arg1(mrb);
  if (!search(mrb, regexp, self, 0, true)) return mrb_false_value();
  return mrb_bool_value(Interpreter::of(mrb).captures.begin(0) == 0);
}

}  // namespace

void define_text_regexp(mrb_state* mrb) {
  RClass* owner = mrb->string_class;
  method<scan>(mrb, owner, "scan");
  method<substitute<false>>(mrb, owner, "sub");
  method<substitute<true>>(mrb, owner, "gsub");
  method<substitute_in_place<false>>(mrb, owner, "sub!");
  method<substitute_in_place<true>>(mrb, owner, "gsub!");
  method<split>(mrb, owner, "split");
  method<starts_with_match>(mrb, owner, "__starts_with_match");
}

}  // namespace sluice::ruby
