#include "ruby/regexp_class.hpp"

#include <mruby.h>
#include <mruby/array.h>
#include <mruby/data.h>
#include <mruby/hash.h>
#include <mruby/variable.h>

#include <algorithm>

#include "ruby/interpreter.hpp"
#include "ruby/method.hpp"
#include "ruby/utf8_text.hpp"

namespace sluice::ruby {
namespace {

constexpr size_t kMaxLiterals = 2000;
constexpr match::Budget kBudget{10'000};

void free_regex(mrb_state*, void* data) { delete static_cast<RegexBox*>(data); }
constexpr mrb_data_type kRegexType = {"Regexp", free_regex};

constexpr mrb_int kIgnoreCase = 1, kExtended = 2, kMultiline = 4;

// The names of (?<name>...) in the order they stand.
std::vector<std::string> group_names(std::string_view pattern, const match::Regex& regex) {
  std::vector<std::string> names;
  for (size_t at = 0; (at = pattern.find("(?<", at)) != std::string_view::npos; at += 3) {
    const size_t end = pattern.find('>', at);
    if (end == std::string_view::npos) break;
    std::string name(pattern.substr(at + 3, end - at - 3));
    if (name.empty() || name[0] == '=' || name[0] == '!') continue;
    if (regex.groups_named(name).empty()) continue;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

std::string compile(std::string_view pattern, match::RegexOptions options, RegexBox*& box) {
  auto compiled = match::Regex::compile(pattern, options);
  if (!compiled.ok()) return compiled.message();
  auto names = group_names(pattern, *compiled);
  box = new RegexBox{std::move(compiled).value(), options, std::move(names)};
  return {};
}

mrb_int flags_of(const match::RegexOptions& options) {
  return (options.ignore_case ? kIgnoreCase : 0) | (options.extended ? kExtended : 0) |
         (options.dot_all ? kMultiline : 0);
}

mrb_int read_flags(mrb_value value) {
  if (mrb_integer_p(value)) return mrb_integer(value);
  if (!mrb_string_p(value)) return mrb_test(value) ? kIgnoreCase : 0;
  mrb_int flags = 0;
  for (const char c : text_of(value))
    flags |= c == 'i' ? kIgnoreCase : c == 'x' ? kExtended : c == 'm' ? kMultiline : 0;
  return flags;
}

mrb_value new_regexp(mrb_state* mrb, std::string_view pattern, mrb_int flags) {
  auto& interpreter = Interpreter::of(mrb);
  auto& key = interpreter.scratch;
  key.assign(1, static_cast<char>('0' + (flags & 7)));
  key += pattern;
  const auto known = interpreter.literals.find(key);
  if (known != interpreter.literals.end()) return known->second;
  const mrb_value object =
      mrb_obj_value(mrb_data_object_alloc(mrb, interpreter.classes.regexp, nullptr, &kRegexType));
  RegexBox* box = nullptr;
  char message[300];
  {
    const std::string problem = compile(pattern,
                                        {.ignore_case = (flags & kIgnoreCase) != 0,
                                         .dot_all = (flags & kMultiline) != 0,
                                         .extended = (flags & kExtended) != 0},
                                        box);
    std::snprintf(message, sizeof message, "%s: /%s/", problem.c_str(), key.c_str() + 1);
  }
  if (!box) raise(mrb, "RegexpError", message);
  DATA_PTR(object) = box;
  if (interpreter.literals.size() < kMaxLiterals) {
    mrb_gc_register(mrb, object);
    interpreter.literals.emplace(key, object);
  }
  return object;
}

mrb_value make(mrb_state* mrb, mrb_value) {
  mrb_value pattern, flags = mrb_nil_value(), encoding;
  mrb_get_args(mrb, "o|oo", &pattern, &flags, &encoding);
  if (is_regexp(mrb, pattern)) return pattern;
  if (!mrb_string_p(pattern)) raise(mrb, "TypeError", "no implicit conversion into String");
  return new_regexp(mrb, text_of(pattern), read_flags(flags));
}

void append_escaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    constexpr std::string_view kSpecial = "[]{}()|-*.\\?+^$# \t\n\r\f\v",
                               kLetters = "[]{}()|-*.\\?+^$# tnrfv";
    const size_t at = kSpecial.find(c);
    if (at != std::string_view::npos) out += '\\';
    out += at == std::string_view::npos ? c : kLetters[at];
  }
}

mrb_value escape(mrb_state* mrb, mrb_value) {
  mrb_value text;
  mrb_get_args(mrb, "o", &text);
  text = mrb_obj_as_string(mrb, text);
  auto& out = Interpreter::of(mrb).scratch;
  out.clear();
  append_escaped(text_of(text), out);
  return string_of(mrb, out);
}

mrb_value source(mrb_state* mrb, mrb_value self) { return string_of(mrb, regex_box(self).regex.pattern()); }

mrb_value to_s(mrb_state* mrb, mrb_value self) {
  const auto& box = regex_box(self);
  auto& out = Interpreter::of(mrb).scratch;
  out = "(?";
  if (box.options.dot_all) out += 'm';
  if (box.options.ignore_case) out += 'i';
  if (box.options.extended) out += 'x';
  if (!(box.options.dot_all && box.options.ignore_case && box.options.extended)) out += '-';
  if (!box.options.dot_all) out += 'm';
  if (!box.options.ignore_case) out += 'i';
  if (!box.options.extended) out += 'x';
  out += ':' + box.regex.pattern() + ')';
  return string_of(mrb, out);
}

mrb_value inspect(mrb_state* mrb, mrb_value self) {
  const auto& box = regex_box(self);
  auto& out = Interpreter::of(mrb).scratch;
  out = '/' + box.regex.pattern() + '/';
  if (box.options.dot_all) out += 'm';
  if (box.options.ignore_case) out += 'i';
  if (box.options.extended) out += 'x';
  return string_of(mrb, out);
}

mrb_value options(mrb_state* mrb, mrb_value self) {
  return mrb_int_value(mrb, flags_of(regex_box(self).options));
}

mrb_value names(mrb_state* mrb, mrb_value self) {
  const mrb_value list = mrb_ary_new(mrb);
  for (const auto& name : regex_box(self).names) mrb_ary_push(mrb, list, string_of(mrb, name));
  return list;
}

mrb_value equal(mrb_state* mrb, mrb_value self) {
  const mrb_value other = mrb_get_arg1(mrb);
  if (!is_regexp(mrb, other)) return mrb_false_value();
  const auto& a = regex_box(self);
  const auto& b = regex_box(other);
  return mrb_bool_value(a.regex.pattern() == b.regex.pattern() && flags_of(a.options) == flags_of(b.options));
}

// What a Regexp can be matched with: a string, or a symbol's name. nil for everything else.
mrb_value subject(mrb_state* mrb, mrb_value value) {
  if (mrb_string_p(value)) return value;
  if (mrb_symbol_p(value)) return mrb_sym_str(mrb, mrb_symbol(value));
  return mrb_nil_value();
}

[[noreturn]] void no_subject(mrb_state* mrb, mrb_value value) {
  raise(mrb, "TypeError", "no implicit conversion of %s into String", mrb_obj_classname(mrb, value));
}

bool start_of(mrb_value text, mrb_int position, size_t& from) {
  if (position < 0) position += static_cast<mrb_int>(char_count(text_of(text)));
  if (position < 0) return false;
  from = byte_of_char(text_of(text), static_cast<size_t>(position));
  return true;
}

mrb_value match(mrb_state* mrb, mrb_value self) {
  mrb_value value, block;
  mrb_int position = 0;
  mrb_get_args(mrb, "o|i&", &value, &position, &block);
  size_t from = 0;
  const mrb_value text = subject(mrb, value);
  if (mrb_nil_p(text) && !mrb_nil_p(value)) no_subject(mrb, value);
  if (mrb_nil_p(text) || !start_of(text, position, from) || !search(mrb, self, text, from, true)) {
    remember_match(mrb, mrb_nil_value());
    return mrb_nil_value();
  }
  const mrb_value found = mrb_gv_get(mrb, Interpreter::of(mrb).match_variables[0]);
  return mrb_nil_p(block) ? found : mrb_yield(mrb, block, found);
}

mrb_value matches(mrb_state* mrb, mrb_value self) {
  mrb_value value;
  mrb_int position = 0;
  mrb_get_args(mrb, "o|i", &value, &position);
  size_t from = 0;
  const mrb_value text = subject(mrb, value);
  if (mrb_nil_p(text) && !mrb_nil_p(value)) no_subject(mrb, value);
  if (mrb_nil_p(text) || !start_of(text, position, from)) return mrb_false_value();
  return mrb_bool_value(search(mrb, self, text, from, false));
}

// What `/(?<year>..)/ =~ text` would assign to local variables; the prelude's method_missing reads it.
void assign_names(mrb_state* mrb, const RegexBox& box) {
  const mrb_sym place = mrb_intern_lit(mrb, "$__named_captures");
  mrb_value hash = mrb_gv_get(mrb, place);
  if (!mrb_hash_p(hash)) mrb_gv_set(mrb, place, hash = mrb_hash_new(mrb));
  const auto& captures = Interpreter::of(mrb).captures;
  for (const auto& name : box.names) {
    const auto group = static_cast<size_t>(box.regex.groups_named(name).front());
    mrb_hash_set(mrb, hash, mrb_symbol_value(mrb_intern(mrb, name.data(), name.size())),
                 captures.participated(group) ? string_of(mrb, captures.group(group)) : mrb_nil_value());
  }
}

mrb_value match_operator(mrb_state* mrb, mrb_value self) {
  const mrb_value value = mrb_get_arg1(mrb);
  const mrb_value text = subject(mrb, value);
  if (mrb_nil_p(text)) {
    remember_match(mrb, mrb_nil_value());
    if (!mrb_nil_p(value)) no_subject(mrb, value);
    return mrb_nil_value();
  }
  if (!search(mrb, self, text, 0, true)) return mrb_nil_value();
  const auto& box = regex_box(self);
  if (!box.names.empty()) assign_names(mrb, box);
  const auto begin = static_cast<size_t>(Interpreter::of(mrb).captures.begin(0));
  return mrb_int_value(mrb, static_cast<mrb_int>(char_count(text_of(text).substr(0, begin))));
}

mrb_value case_equal(mrb_state* mrb, mrb_value self) {
  const mrb_value text = subject(mrb, mrb_get_arg1(mrb));
  if (mrb_nil_p(text)) return mrb_false_value();
  return mrb_bool_value(search(mrb, self, text, 0, true));
}

}  // namespace

bool is_regexp(mrb_state*, mrb_value value) {
  return mrb_type(value) == MRB_TT_DATA && DATA_TYPE(value) == &kRegexType;
}

RegexBox& regex_box(mrb_value regexp) { return *static_cast<RegexBox*>(DATA_PTR(regexp)); }

mrb_value to_regexp(mrb_state* mrb, mrb_value pattern) {
  if (is_regexp(mrb, pattern)) return pattern;
  if (!mrb_string_p(pattern))
    raise(mrb, "TypeError", "wrong argument type %s (expected Regexp)", mrb_obj_classname(mrb, pattern));
  auto& out = Interpreter::of(mrb).scratch;
  out.clear();
  append_escaped(text_of(pattern), out);
  return new_regexp(mrb, text_of(string_of(mrb, out)), 0);
}

bool search(mrb_state* mrb, mrb_value regexp, mrb_value string, size_t from, bool remember) {
  auto& captures = Interpreter::of(mrb).captures;
  const auto result = regex_box(regexp).regex.search(text_of(string), captures, from, kBudget);
  if (result == match::MatchResult::timeout) raise(mrb, "RegexpError", "regexp match timeout");
  const bool found = result == match::MatchResult::match;
  if (remember) remember_match(mrb, found ? match_object(mrb, regexp, string) : mrb_nil_value());
  return found;
}

int group_number(mrb_state* mrb, mrb_value regexp, mrb_value group) {
  if (mrb_integer_p(group))
    return mrb_integer(group) < 0 || mrb_integer(group) > 32767 ? -1 : static_cast<int>(mrb_integer(group));
  const mrb_value name = mrb_string_p(group) ? group : mrb_obj_as_string(mrb, group);
  int number = -1;
  {
    const auto numbers = regex_box(regexp).regex.groups_named(text_of(name));
    if (!numbers.empty()) number = numbers.front();
  }
  if (number < 0) raise(mrb, "IndexError", "undefined group name reference: %v", name);
  return number;
}

void define_regexp(mrb_state* mrb) {
  auto& interpreter = Interpreter::of(mrb);
  RClass* owner = interpreter.classes.regexp = mrb_define_class(mrb, "Regexp", mrb->object_class);
  MRB_SET_INSTANCE_TT(owner, MRB_TT_DATA);
  class_method<make>(mrb, owner, "new");
  class_method<make>(mrb, owner, "compile");
  class_method<escape>(mrb, owner, "escape");
  class_method<escape>(mrb, owner, "quote");
  mrb_define_const(mrb, owner, "IGNORECASE", mrb_fixnum_value(kIgnoreCase));
  mrb_define_const(mrb, owner, "EXTENDED", mrb_fixnum_value(kExtended));
  mrb_define_const(mrb, owner, "MULTILINE", mrb_fixnum_value(kMultiline));
  method<source>(mrb, owner, "source");
  method<to_s>(mrb, owner, "to_s");
  method<inspect>(mrb, owner, "inspect");
  method<options>(mrb, owner, "options");
  method<names>(mrb, owner, "names");
  method<equal>(mrb, owner, "==");
  method<match>(mrb, owner, "match");
  method<matches>(mrb, owner, "match?");
  method<match_operator>(mrb, owner, "=~");
  method<case_equal>(mrb, owner, "===");
}

}  // namespace sluice::ruby
