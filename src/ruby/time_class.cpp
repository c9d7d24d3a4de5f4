// Ruby's Time.
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/hash.h>
#include <mruby/istruct.h>
#include <mruby/variable.h>

#include <cmath>

#include "base/time.hpp"
#include "match/civil.hpp"
#include "match/iso8601.hpp"
#include "ruby/interpreter.hpp"
#include "ruby/method.hpp"
#include "ruby/time_fields.hpp"
#include "ruby/value.hpp"

namespace sluice::ruby {
namespace {

constexpr int64_t kNanos = match::kNanosPerSecond;
constexpr double kLongest = 9.2e9;  // seconds that fit 64 bits of nanoseconds

Moment& self_moment(mrb_state* mrb, mrb_value self) {
  Moment* moment = moment_of(mrb, self);
  if (!moment) raise(mrb, "TypeError", "not a Time");
  return *moment;
}

[[noreturn]] void out_of_range(mrb_state* mrb) {
  raise(mrb, "ArgumentError", "argument out of range (times reach from 1678 to 2261 here)");
}

// A number of `unit` nanoseconds. Floats count to the microsecond: they hold no more beside today's seconds.
int64_t nanos_of(mrb_state* mrb, mrb_value value, int64_t unit) {
  if (mrb_integer_p(value)) {
    int64_t nanos = 0;
    if (__builtin_mul_overflow(mrb_integer(value), unit, &nanos)) out_of_range(mrb);
    return nanos;
  }
  if (!mrb_float_p(value))
    raise(mrb, "TypeError", "can't convert %s into an exact number",
          mrb_nil_p(value) ? "nil" : mrb_obj_classname(mrb, value));
  const double number = repaired(mrb_float(value));
  const double seconds = number * (static_cast<double>(unit) / kNanos);
  if (!(std::fabs(seconds) < kLongest)) out_of_range(mrb);
  if (unit == kNanos && std::fabs(number) > 1e6) {
    const double whole = std::floor(number);
    return static_cast<int64_t>(whole) * kNanos + std::llround((number - whole) * 1e6) * 1000;
  }
  return std::llround(number * static_cast<double>(unit));
}

Zone zone_of(mrb_state* mrb, mrb_value value, Zone otherwise) {
  if (mrb_integer_p(value)) return {Zone::Kind::fixed, static_cast<int32_t>(mrb_integer(value))};
  if (!mrb_string_p(value)) return otherwise;
  const auto zone = read_zone(text_of(value));
  if (!zone) raise(mrb, "ArgumentError", "\"+HH:MM\", \"-HH:MM\" or \"UTC\" expected for utc_offset");
  return *zone;
}

Zone zone_like(const Moment& moment) {
  if (moment.utc) return {Zone::Kind::utc, 0};
  const Moment local = in_zone(moment.nanos, {});
  return local.offset == moment.offset ? Zone{} : Zone{Zone::Kind::fixed, moment.offset};
}

mrb_value now(mrb_state* mrb, mrb_value) { return new_time(mrb, in_zone(wall_nanos(), {})); }

// Time.at(seconds), Time.at(seconds, part, unit), Time.at(time)
mrb_value at(mrb_state* mrb, mrb_value) {
  mrb_value seconds, part = mrb_nil_value(), unit = mrb_nil_value();
  mrb_get_args(mrb, "o|oo", &seconds, &part, &unit);
  if (const Moment* other = moment_of(mrb, seconds))
    return new_time(mrb, in_zone(other->nanos, zone_like(*other)));
  int64_t nanos = nanos_of(mrb, seconds, kNanos);
  Zone zone;
  if (mrb_hash_p(part)) {
    zone = zone_of(mrb, mrb_hash_get(mrb, part, mrb_symbol_value(mrb_intern_lit(mrb, "in"))), zone);
  } else if (!mrb_nil_p(part)) {
    int64_t factor = 1000;
    if (mrb_symbol_p(unit)) {
      const mrb_value name = mrb_sym_str(mrb, mrb_symbol(unit));
      factor = text_of(name) == "millisecond" ? 1'000'000 : text_of(name).starts_with("n") ? 1 : 1000;
    }
    nanos += nanos_of(mrb, part, factor);
  }
  return new_time(mrb, in_zone(nanos, zone));
}

int field_of(mrb_state* mrb, mrb_value value) {
  if (mrb_string_p(value)) {
    size_t length = 0;
    if (const int month = month_at(text_of(value), length)) return month;
  }
  const mrb_value number = mrb_string_p(value) ? mrb_str_to_inum(mrb, value, 10, TRUE) : value;
  const mrb_int n = mrb_as_int(mrb, number);
  return n < -1 || n > 100 ? 100 : static_cast<int>(n);
}

// Time.__civil(zone, year, month, day, hour, minute, second): nil stands for the first.
mrb_value civil(mrb_state* mrb, mrb_value) {
  const mrb_value* a = nullptr;
  mrb_int n = 0;
  mrb_get_args(mrb, "*", &a, &n);
  TimeFields f;
  Zone zone;
  if (n > 0 && mrb_symbol_p(a[0]))
    zone.kind = Zone::Kind::utc;
  else if (n > 0)
    zone = zone_of(mrb, a[0], zone);
  if (n > 1) f.year = mrb_as_int(mrb, mrb_string_p(a[1]) ? mrb_str_to_inum(mrb, a[1], 10, TRUE) : a[1]);
  if (n > 2 && !mrb_nil_p(a[2])) f.month = field_of(mrb, a[2]);
  if (n > 3 && !mrb_nil_p(a[3])) f.day = field_of(mrb, a[3]);
  if (n > 4 && !mrb_nil_p(a[4])) f.hour = field_of(mrb, a[4]);
  if (n > 5 && !mrb_nil_p(a[5])) f.minute = field_of(mrb, a[5]);
  if (n > 6 && mrb_float_p(a[6])) {
    const double second = repaired(mrb_float(a[6]));
    if (!(second >= 0 && second < 61)) out_of_range(mrb);
    f.second = static_cast<int>(second);
    f.nanos = static_cast<int32_t>(std::llround((second - f.second) * 1e6)) * 1000;
  } else if (n > 6 && !mrb_nil_p(a[6])) {
    f.second = field_of(mrb, a[6]);
  }
  const auto moment = moment_from(f, zone);
  if (!moment) out_of_range(mrb);
  return new_time(mrb, *moment);
}

// Time.__parse(text, utc), Time.__strptime(text, format, utc), Time.__iso8601(text): nil when it is no time.
mrb_value parse(mrb_state* mrb, mrb_value) {
  mrb_value text;
  mrb_bool utc = FALSE;
  mrb_get_args(mrb, "S|b", &text, &utc);
  const auto moment = guess_time(text_of(text), {utc ? Zone::Kind::utc : Zone::Kind::local, 0}, wall_nanos());
  return moment ? new_time(mrb, *moment) : mrb_nil_value();
}
mrb_value strptime(mrb_state* mrb, mrb_value) {
  mrb_value text, format;
  mrb_bool utc = FALSE;
  mrb_get_args(mrb, "SS|b", &text, &format, &utc);
  const auto moment =
      read_time(text_of(text), text_of(format), {utc ? Zone::Kind::utc : Zone::Kind::local, 0}, wall_nanos());
  return moment ? new_time(mrb, *moment) : mrb_nil_value();
}
mrb_value iso8601_of(mrb_state* mrb, mrb_value) {
  mrb_value text;
  mrb_get_args(mrb, "S", &text);
  const auto view = text_of(text);
  const auto nanos = match::parse_event_timestamp(view);
  if (!nanos) return mrb_nil_value();
  const size_t clock = view.find_first_of("Tt");
  const size_t sign = clock == std::string_view::npos ? clock : view.find_first_of("+-", clock);
  Zone zone{view.ends_with('Z') || view.ends_with('z') ? Zone::Kind::utc : Zone::Kind::local, 0};
  if (sign != std::string_view::npos)
    if (const auto read = read_zone(view.substr(sign))) zone = *read;
  return new_time(mrb, in_zone(*nanos, zone));
}

template <auto kMember>
mrb_value field(mrb_state* mrb, mrb_value self) {
  return mrb_int_value(mrb, static_cast<mrb_int>(fields_of(self_moment(mrb, self)).*kMember));
}

mrb_value to_i(mrb_state* mrb, mrb_value self) {
  return mrb_int_value(mrb, match::floor_div(self_moment(mrb, self).nanos, kNanos));
}
mrb_value to_f(mrb_state* mrb, mrb_value self) {
  const int64_t nanos = self_moment(mrb, self).nanos;
  return mrb_float_value(mrb, static_cast<double>(nanos) / kNanos);
}
mrb_value usec(mrb_state* mrb, mrb_value self) {
  return mrb_int_value(mrb, match::floor_mod(self_moment(mrb, self).nanos, kNanos) / 1000);
}
mrb_value total_nanos(mrb_state* mrb, mrb_value self) {
  return mrb_int_value(mrb, self_moment(mrb, self).nanos);
}
mrb_value utc_offset(mrb_state* mrb, mrb_value self) {
  return mrb_int_value(mrb, self_moment(mrb, self).offset);
}
mrb_value is_utc(mrb_state* mrb, mrb_value self) { return mrb_bool_value(self_moment(mrb, self).utc); }

mrb_value zone(mrb_state* mrb, mrb_value self) {
  auto& out = Interpreter::of(mrb).scratch;
  out = zone_name(self_moment(mrb, self));
  return out.empty() ? mrb_nil_value() : string_of(mrb, out);
}

mrb_value to_utc(mrb_state* mrb, mrb_value self) {
  auto& moment = self_moment(mrb, self);
  moment = in_zone(moment.nanos, {Zone::Kind::utc, 0});
  return self;
}
mrb_value getutc(mrb_state* mrb, mrb_value self) {
  return new_time(mrb, in_zone(self_moment(mrb, self).nanos, {Zone::Kind::utc, 0}));
}
mrb_value getlocal(mrb_state* mrb, mrb_value self) {
  mrb_value offset = mrb_nil_value();
  mrb_get_args(mrb, "|o", &offset);
  return new_time(mrb, in_zone(self_moment(mrb, self).nanos, zone_of(mrb, offset, {})));
}
mrb_value localtime(mrb_state* mrb, mrb_value self) {
  mrb_value offset = mrb_nil_value();
  mrb_get_args(mrb, "|o", &offset);
  const Zone zone = zone_of(mrb, offset, {});
  auto& moment = self_moment(mrb, self);
  moment = in_zone(moment.nanos, zone);
  return self;
}

mrb_value moved(mrb_state* mrb, const Moment& moment, int64_t by) {
  int64_t nanos = 0;
  if (__builtin_add_overflow(moment.nanos, by, &nanos)) out_of_range(mrb);
  return new_time(mrb, in_zone(nanos, zone_like(moment)));
}

mrb_value plus(mrb_state* mrb, mrb_value self) {
  const mrb_value other = mrb_get_arg1(mrb);
  if (moment_of(mrb, other)) raise(mrb, "TypeError", "time + time?");
  return moved(mrb, self_moment(mrb, self), nanos_of(mrb, other, kNanos));
}
mrb_value minus(mrb_state* mrb, mrb_value self) {
  const mrb_value other = mrb_get_arg1(mrb);
  const auto& moment = self_moment(mrb, self);
  if (const Moment* earlier = moment_of(mrb, other)) {
    int64_t nanos = 0;
    if (__builtin_sub_overflow(moment.nanos, earlier->nanos, &nanos)) out_of_range(mrb);
    return mrb_float_value(mrb, static_cast<double>(nanos) / kNanos);
  }
  return moved(mrb, moment, -nanos_of(mrb, other, kNanos));
}
mrb_value compare(mrb_state* mrb, mrb_value self) {
  const Moment* other = moment_of(mrb, mrb_get_arg1(mrb));
  if (!other) return mrb_nil_value();
  const int64_t a = self_moment(mrb, self).nanos, b = other->nanos;
  return mrb_fixnum_value(a < b ? -1 : a > b ? 1 : 0);
}
mrb_value equal(mrb_state* mrb, mrb_value self) {
  const Moment* other = moment_of(mrb, mrb_get_arg1(mrb));
  return mrb_bool_value(other && other->nanos == self_moment(mrb, self).nanos);
}
mrb_value round(mrb_state* mrb, mrb_value self) {
  mrb_int digits = 0;
  mrb_get_args(mrb, "|i", &digits);
  int64_t step = kNanos;
  for (mrb_int i = 0; i < digits && step > 1; ++i) step /= 10;
  const auto& moment = self_moment(mrb, self);
  return new_time(mrb, in_zone(match::floor_div(moment.nanos + step / 2, step) * step, zone_like(moment)));
}

mrb_value strftime(mrb_state* mrb, mrb_value self) {
  mrb_value format;
  mrb_get_args(mrb, "S", &format);
  auto& out = Interpreter::of(mrb).scratch;
  out.clear();
  append_time(self_moment(mrb, self), text_of(format), out);
  return string_of(mrb, out);
}

mrb_value iso8601(mrb_state* mrb, mrb_value self) {
  mrb_int digits = 0;
  mrb_get_args(mrb, "|i", &digits);
  const auto& moment = self_moment(mrb, self);
  auto& out = Interpreter::of(mrb).scratch;
  out.clear();
  append_time(moment, "%Y-%m-%dT%H:%M:%S", out);
  if (digits > 0) {
    const char format[] = {'.', '%', static_cast<char>('0' + (digits > 9 ? 9 : digits)), 'N'};
    append_time(moment, {format, sizeof format}, out);
  }
  if (moment.utc)
    out += 'Z';
  else
    append_offset(moment.offset, 1, out);
  return string_of(mrb, out);
}

template <bool kFraction>
mrb_value to_s(mrb_state* mrb, mrb_value self) {
  const auto& moment = self_moment(mrb, self);
  auto& out = Interpreter::of(mrb).scratch;
  out.clear();
  append_time(moment, "%Y-%m-%d %H:%M:%S", out);
  if (kFraction && match::floor_mod(moment.nanos, kNanos)) {
    append_time(moment, ".%N", out);
    while (out.back() == '0') out.pop_back();
  }
  append_time(moment, moment.utc ? " UTC" : " %z", out);
  return string_of(mrb, out);
}

void define_fields(mrb_state* mrb, RClass* owner) {
  method<field<&TimeFields::year>>(mrb, owner, "year");
  for (const char* name : {"month", "mon"}) method<field<&TimeFields::month>>(mrb, owner, name);
  for (const char* name : {"day", "mday"}) method<field<&TimeFields::day>>(mrb, owner, name);
  method<field<&TimeFields::hour>>(mrb, owner, "hour");
  for (const char* name : {"min", "minute"}) method<field<&TimeFields::minute>>(mrb, owner, name);
  for (const char* name : {"sec", "second"}) method<field<&TimeFields::second>>(mrb, owner, name);
  for (const char* name : {"nsec", "tv_nsec"}) method<field<&TimeFields::nanos>>(mrb, owner, name);
  method<field<&TimeFields::weekday>>(mrb, owner, "wday");
  method<field<&TimeFields::year_day>>(mrb, owner, "yday");
}

}  // namespace

void define_time(mrb_state* mrb) {
  // mruby's own Time knows neither fractions of a microsecond nor formats.
  mrb_const_remove(mrb, mrb_obj_value(mrb->object_class), mrb_intern_lit(mrb, "Time"));
  RClass* owner = Interpreter::of(mrb).classes.time = mrb_define_class(mrb, "Time", mrb->object_class);
  MRB_SET_INSTANCE_TT(owner, MRB_TT_ISTRUCT);
  mrb_include_module(mrb, owner, mrb_module_get(mrb, "Comparable"));
  class_method<now>(mrb, owner, "now");
  class_method<at>(mrb, owner, "at");
  class_method<civil>(mrb, owner, "__civil");
  define_fields(mrb, owner);
  for (const char* name : {"to_i", "tv_sec"}) method<to_i>(mrb, owner, name);
  method<to_f>(mrb, owner, "to_f");
  for (const char* name : {"usec", "tv_usec"}) method<usec>(mrb, owner, name);
  method<total_nanos>(mrb, owner, "__nanos");
  for (const char* name : {"utc_offset", "gmt_offset", "gmtoff"}) method<utc_offset>(mrb, owner, name);
  for (const char* name : {"utc?", "gmt?"}) method<is_utc>(mrb, owner, name);
  method<zone>(mrb, owner, "zone");
  for (const char* name : {"utc", "gmtime"}) method<to_utc>(mrb, owner, name);
  for (const char* name : {"getutc", "getgm"}) method<getutc>(mrb, owner, name);
  method<getlocal>(mrb, owner, "getlocal");
  method<localtime>(mrb, owner, "localtime");
  method<plus>(mrb, owner, "+");
  method<minus>(mrb, owner, "-");
  method<compare>(mrb, owner, "<=>");
  for (const char* name : {"==", "eql?"}) method<equal>(mrb, owner, name);
  method<round>(mrb, owner, "round");
}

void define_time_text(mrb_state* mrb) {
  RClass* owner = Interpreter::of(mrb).classes.time;
  class_method<parse>(mrb, owner, "__parse");
  class_method<strptime>(mrb, owner, "__strptime");
  class_method<iso8601_of>(mrb, owner, "__iso8601");
  method<strftime>(mrb, owner, "strftime");
  for (const char* name : {"iso8601", "xmlschema"}) method<iso8601>(mrb, owner, name);
  method<to_s<false>>(mrb, owner, "to_s");
  method<to_s<true>>(mrb, owner, "inspect");
}

}  // namespace sluice::ruby
