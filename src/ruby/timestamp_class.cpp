// LogStash::Timestamp.
#include <mruby.h>
#include <mruby/istruct.h>
#include <mruby/string.h>

#include "base/time.hpp"
#include "match/civil.hpp"
#include "match/iso8601.hpp"
#include "ruby/interpreter.hpp"
#include "ruby/method.hpp"
#include "ruby/value.hpp"

namespace sluice::ruby {
namespace {

constexpr int64_t kNanos = match::kNanosPerSecond;

int64_t nanos_of(mrb_state* mrb, mrb_value self) {
  const Moment* moment = moment_of(mrb, self);
  if (!moment) raise(mrb, "TypeError", "not a LogStash::Timestamp");
  return moment->nanos;
}

mrb_value parsed(mrb_state* mrb, mrb_value text) {
  const auto nanos = match::parse_event_timestamp(text_of(text));
  if (!nanos)
    raise(mrb, mrb_class_get_under(mrb, mrb_module_get(mrb, "LogStash"), "TimestampParserError"),
          "invalid timestamp string %v", text);
  return new_timestamp(mrb, *nanos);
}

mrb_value now(mrb_state* mrb, mrb_value) { return new_timestamp(mrb, wall_nanos()); }

mrb_value make(mrb_state* mrb, mrb_value) {
  mrb_value value = mrb_nil_value();
  mrb_get_args(mrb, "|o", &value);
  if (mrb_nil_p(value)) return new_timestamp(mrb, wall_nanos());
  if (const Moment* moment = moment_of(mrb, value)) return new_timestamp(mrb, moment->nanos);
  if (mrb_string_p(value)) return parsed(mrb, value);
  raise(mrb, "TypeError", "wrong argument type %s (expected Time)", mrb_obj_classname(mrb, value));
}

mrb_value at(mrb_state* mrb, mrb_value) {
  mrb_value seconds, micros;
  const mrb_int n = mrb_get_args(mrb, "o|o", &seconds, &micros);
  const mrb_value arguments[] = {seconds, n == 2 ? micros : mrb_fixnum_value(0)};
  const mrb_value time = mrb_funcall_argv(mrb, mrb_obj_value(Interpreter::of(mrb).classes.time),
                                          mrb_intern_lit(mrb, "at"), n, arguments);
  return new_timestamp(mrb, nanos_of(mrb, time));
}

mrb_value coerce(mrb_state* mrb, mrb_value) {
  const mrb_value value = mrb_get_arg1(mrb);
  if (const Moment* moment = moment_of(mrb, value)) return new_timestamp(mrb, moment->nanos);
  return mrb_string_p(value) ? parsed(mrb, value) : mrb_nil_value();
}

mrb_value parse_iso8601(mrb_state* mrb, mrb_value) {
  mrb_value text;
  mrb_get_args(mrb, "S", &text);
  return parsed(mrb, text);
}

mrb_value time(mrb_state* mrb, mrb_value self) { return new_time(mrb, {nanos_of(mrb, self), 0, true}); }
mrb_value to_i(mrb_state* mrb, mrb_value self) {
  return mrb_int_value(mrb, match::floor_div(nanos_of(mrb, self), kNanos));
}
mrb_value to_f(mrb_state* mrb, mrb_value self) {
  return mrb_float_value(mrb, static_cast<double>(nanos_of(mrb, self)) / kNanos);
}
mrb_value usec(mrb_state* mrb, mrb_value self) {
  return mrb_int_value(mrb, match::floor_mod(nanos_of(mrb, self), kNanos) / 1000);
}
mrb_value nsec(mrb_state* mrb, mrb_value self) {
  return mrb_int_value(mrb, match::floor_mod(nanos_of(mrb, self), kNanos));
}
mrb_value whole(mrb_state* mrb, mrb_value self) { return mrb_int_value(mrb, nanos_of(mrb, self)); }

mrb_value to_iso8601(mrb_state* mrb, mrb_value self) {
  char text[match::kIso8601Size];
  return mrb_str_new(mrb, text, match::format_iso8601(nanos_of(mrb, self), text));
}
mrb_value to_json(mrb_state* mrb, mrb_value self) {
  char text[match::kIso8601Size + 2];
  const size_t size = match::format_iso8601(nanos_of(mrb, self), text + 1);
  text[0] = text[size + 1] = '"';
  return mrb_str_new(mrb, text, size + 2);
}

mrb_value compare(mrb_state* mrb, mrb_value self) {
  const Moment* other = moment_of(mrb, mrb_get_arg1(mrb));
  if (!other) return mrb_nil_value();
  const int64_t a = nanos_of(mrb, self);
  return mrb_fixnum_value(a < other->nanos ? -1 : a > other->nanos ? 1 : 0);
}
mrb_value equal(mrb_state* mrb, mrb_value self) {
  const Moment* other = moment_of(mrb, mrb_get_arg1(mrb));
  return mrb_bool_value(other && other->nanos == nanos_of(mrb, self));
}

}  // namespace

void define_timestamp(mrb_state* mrb) {
  RClass* logstash = mrb_define_module(mrb, "LogStash");
  mrb_define_class_under(mrb, logstash, "Error", mrb->eStandardError_class);
  mrb_define_class_under(mrb, logstash, "TimestampParserError", mrb->eStandardError_class);
  RClass* owner = mrb_define_class_under(mrb, logstash, "Timestamp", mrb->object_class);
  Interpreter::of(mrb).classes.timestamp = owner;
  MRB_SET_INSTANCE_TT(owner, MRB_TT_ISTRUCT);
  mrb_include_module(mrb, owner, mrb_module_get(mrb, "Comparable"));
  class_method<make>(mrb, owner, "new");
  class_method<now>(mrb, owner, "now");
  class_method<at>(mrb, owner, "at");
  class_method<coerce>(mrb, owner, "coerce");
  class_method<parse_iso8601>(mrb, owner, "parse_iso8601");
  for (const char* name : {"time", "utc", "gmtime", "to_time"}) method<time>(mrb, owner, name);
  for (const char* name : {"to_i", "tv_sec"}) method<to_i>(mrb, owner, name);
  method<to_f>(mrb, owner, "to_f");
  for (const char* name : {"usec", "tv_usec"}) method<usec>(mrb, owner, name);
  for (const char* name : {"nsec", "tv_nsec"}) method<nsec>(mrb, owner, name);
  method<whole>(mrb, owner, "hash");
  for (const char* name : {"to_iso8601", "to_s", "inspect"}) method<to_iso8601>(mrb, owner, name);
  method<to_json>(mrb, owner, "to_json");
  method<compare>(mrb, owner, "<=>");
  for (const char* name : {"==", "eql?"}) method<equal>(mrb, owner, name);
}

}  // namespace sluice::ruby
