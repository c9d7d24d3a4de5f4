// MatchData, $~ and what follows from it.
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/data.h>
#include <mruby/string.h>
#include <mruby/variable.h>

#include <algorithm>

#include "ruby/interpreter.hpp"
#include "ruby/method.hpp"
#include "ruby/regexp_class.hpp"
#include "ruby/utf8_text.hpp"

namespace sluice::ruby {
namespace {

struct MatchBox {
  struct Place {
    ptrdiff_t begin;
    ptrdiff_t end;
  };
  std::vector<Place> groups;
};

void free_match(mrb_state*, void* data) { delete static_cast<MatchBox*>(data); }
constexpr mrb_data_type kMatchType = {"MatchData", free_match};

MatchBox& match_box(mrb_value match) { return *static_cast<MatchBox*>(DATA_PTR(match)); }
mrb_value match_string(mrb_state* mrb, mrb_value match) {
  return mrb_iv_get(mrb, match, mrb_intern_lit(mrb, "string"));
}
mrb_value match_regexp(mrb_state* mrb, mrb_value match) {
  return mrb_iv_get(mrb, match, mrb_intern_lit(mrb, "regexp"));
}

mrb_value group_text(mrb_state* mrb, mrb_value match, size_t group) {
  const auto& groups = match_box(match).groups;
  if (group >= groups.size() || groups[group].begin < 0) return mrb_nil_value();
  const auto begin = static_cast<size_t>(groups[group].begin);
  return string_of(
      mrb, text_of(match_string(mrb, match)).substr(begin, static_cast<size_t>(groups[group].end) - begin));
}

mrb_value match_to_a(mrb_state* mrb, mrb_value self) {
  const mrb_value list = mrb_ary_new(mrb);
  for (size_t i = 0; i < match_box(self).groups.size(); ++i)
    mrb_ary_push(mrb, list, group_text(mrb, self, i));
  return list;
}

mrb_value match_at(mrb_state* mrb, mrb_value self) {
  mrb_value what, length;
  const mrb_int n = mrb_get_args(mrb, "o|o", &what, &length);
  if (n == 2) return mrb_funcall(mrb, match_to_a(mrb, self), "[]", 2, what, length);
  if (!mrb_integer_p(what) && !mrb_string_p(what) && !mrb_symbol_p(what))
    return mrb_funcall(mrb, match_to_a(mrb, self), "[]", 1, what);
  if (mrb_integer_p(what) && mrb_integer(what) < 0) {
    const mrb_int at = mrb_integer(what) + static_cast<mrb_int>(match_box(self).groups.size());
    return at < 0 ? mrb_nil_value() : group_text(mrb, self, static_cast<size_t>(at));
  }
  if (mrb_integer_p(what)) return group_text(mrb, self, static_cast<size_t>(mrb_integer(what)));
  // A name may stand several times: the last group that took part counts.
  const mrb_value regexp = match_regexp(mrb, self);
  int group = group_number(mrb, regexp, what);
  if (group >= 0 && match_box(self).groups[static_cast<size_t>(group)].begin < 0) {
    const mrb_value name = mrb_string_p(what) ? what : mrb_sym_str(mrb, mrb_symbol(what));
    for (const int other : regex_box(regexp).regex.groups_named(text_of(name)))
      if (match_box(self).groups[static_cast<size_t>(other)].begin >= 0) group = other;
  }
  return group < 0 ? mrb_nil_value() : group_text(mrb, self, static_cast<size_t>(group));
}

// Shares the string's bytes: a gsub with a block that reads $' asks for this at every match.
mrb_value match_part(mrb_state* mrb, mrb_value self, bool before) {
  const mrb_value text = match_string(mrb, self);
  const auto& whole = match_box(self).groups[0];
  if (before) return mrb_str_byte_subseq(mrb, text, 0, whole.begin);
  return mrb_str_byte_subseq(mrb, text, whole.end, RSTRING_LEN(text) - whole.end);
}
mrb_value pre_match(mrb_state* mrb, mrb_value self) { return match_part(mrb, self, true); }
mrb_value post_match(mrb_state* mrb, mrb_value self) { return match_part(mrb, self, false); }

template <bool kBegin>
mrb_value match_place(mrb_state* mrb, mrb_value self) {
  const int group = group_number(mrb, match_regexp(mrb, self), mrb_get_arg1(mrb));
  const auto& groups = match_box(self).groups;
  if (group < 0 || static_cast<size_t>(group) >= groups.size())
    raise(mrb, "IndexError", "index out of matches");
  const auto& place = groups[static_cast<size_t>(group)];
  if (place.begin < 0) return mrb_nil_value();
  const auto text = text_of(match_string(mrb, self));
  return mrb_int_value(mrb, static_cast<mrb_int>(char_count(
                                text.substr(0, static_cast<size_t>(kBegin ? place.begin : place.end)))));
}

mrb_value match_size(mrb_state* mrb, mrb_value self) {
  return mrb_int_value(mrb, static_cast<mrb_int>(match_box(self).groups.size()));
}
mrb_value match_text(mrb_state* mrb, mrb_value self) { return group_text(mrb, self, 0); }

}  // namespace

mrb_value match_object(mrb_state* mrb, mrb_value regexp, mrb_value string) {
  auto& interpreter = Interpreter::of(mrb);
  RData* data = mrb_data_object_alloc(mrb, interpreter.classes.match_data, nullptr, &kMatchType);
  const mrb_value object = mrb_obj_value(data);
  auto* box = new MatchBox;
  data->data = box;
  for (size_t i = 0; i < interpreter.captures.size(); ++i)
    box->groups.push_back({interpreter.captures.begin(i), interpreter.captures.end(i)});
  mrb_iv_set(mrb, object, mrb_intern_lit(mrb, "string"), mrb_str_dup(mrb, string));
  mrb_iv_set(mrb, object, mrb_intern_lit(mrb, "regexp"), regexp);
  return object;
}

void remember_match(mrb_state* mrb, mrb_value match) {
  auto& interpreter = Interpreter::of(mrb);
  const int groups =
      mrb_nil_p(match) ? 0 : std::min<int>(9, static_cast<int>(match_box(match).groups.size()) - 1);
  mrb_gv_set(mrb, interpreter.match_variables[0], match);
  for (int i = 1; i <= std::max(groups, interpreter.match_groups); ++i)
    mrb_gv_set(mrb, interpreter.match_variables[i],
               i <= groups ? group_text(mrb, match, static_cast<size_t>(i)) : mrb_nil_value());
  interpreter.match_groups = groups;
  if (!interpreter.sets_match_parts) return;
  const bool found = !mrb_nil_p(match);
  mrb_gv_set(mrb, interpreter.match_parts[0], found ? group_text(mrb, match, 0) : match);
  mrb_gv_set(mrb, interpreter.match_parts[1], found ? pre_match(mrb, match) : match);
  mrb_gv_set(mrb, interpreter.match_parts[2], found ? post_match(mrb, match) : match);
}

void define_match_data(mrb_state* mrb) {
  auto& interpreter = Interpreter::of(mrb);
  interpreter.match_variables[0] = mrb_intern_lit(mrb, "$~");
  for (int i = 1; i <= 9; ++i) {
    const char name[] = {'$', static_cast<char>('0' + i)};
    interpreter.match_variables[i] = mrb_intern(mrb, name, 2);
  }
  interpreter.match_parts[0] = mrb_intern_lit(mrb, "$&");
  interpreter.match_parts[1] = mrb_intern_lit(mrb, "$`");
  interpreter.match_parts[2] = mrb_intern_lit(mrb, "$'");
  RClass* owner = interpreter.classes.match_data = mrb_define_class(mrb, "MatchData", mrb->object_class);
  MRB_SET_INSTANCE_TT(owner, MRB_TT_DATA);
  mrb_undef_class_method(mrb, owner, "new");
  method<match_to_a>(mrb, owner, "to_a");
  method<match_at>(mrb, owner, "[]");
  method<pre_match>(mrb, owner, "pre_match");
  method<post_match>(mrb, owner, "post_match");
  method<match_place<true>>(mrb, owner, "begin");
  method<match_place<false>>(mrb, owner, "end");
  method<match_size>(mrb, owner, "size");
  method<match_size>(mrb, owner, "length");
  method<match_text>(mrb, owner, "to_s");
  method<match_string>(mrb, owner, "string");
  method<match_regexp>(mrb, owner, "regexp");
}

}  // namespace sluice::ruby
