// Floats: their text, and rounding that does not show mruby's missing bits.
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/numeric.h>
#include <mruby/string.h>

#include <cmath>

#include "match/numbers.hpp"
#include "ruby/method.hpp"
#include "ruby/value.hpp"

namespace sluice::ruby {
namespace {

mrb_value float_text(mrb_state* mrb, mrb_value self) {
  char text[match::kDoubleTextSize];
  return mrb_str_new(mrb, text, match::ruby_double_text(repaired(mrb_float(self)), text));
}

// Half away from zero, decided on the decimal text that the number has, not on its bits.
double round_to(double value, mrb_int digits) {
  if (!std::isfinite(value) || digits > 15) return value;
  if (digits < -300) return 0;
  const double scale = std::pow(10.0, static_cast<double>(digits < 0 ? -digits : digits));
  const double scaled = digits < 0 ? value / scale : value * scale;
  if (!std::isfinite(scaled)) return value;
  double rounded = std::round(scaled);
  // 1.005 * 100 is 100.49999999999999: what Ruby does is to take the step back only when it was half a step
  // too far.
  if (digits > 0 && std::fabs((rounded - 0.5 * (scaled < 0 ? -1 : 1)) / scale) > std::fabs(value))
    rounded -= scaled < 0 ? -1 : 1;
  return digits < 0 ? rounded * scale : rounded / scale;
}

mrb_value whole(mrb_state* mrb, double value) {
  if (std::isnan(value) || std::isinf(value))
    raise(mrb, "FloatDomainError", std::isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity");
  if (value >= 9223372036854775808.0 || value < -9223372036854775808.0) return mrb_float_value(mrb, value);
  return mrb_int_value(mrb, static_cast<int64_t>(value));
}

mrb_value float_round(mrb_state* mrb, mrb_value self) {
  mrb_int digits = 0;
  mrb_value options = mrb_nil_value();
  mrb_get_args(mrb, "|io", &digits, &options);
  const double value = repaired(mrb_float(self));
  if (digits > 0) return mrb_float_value(mrb, round_to(value, digits));
  return whole(mrb, round_to(value, digits));
}

template <double (*kFunction)(double)>
mrb_value float_step(mrb_state* mrb, mrb_value self) {
  mrb_int digits = 0;
  mrb_get_args(mrb, "|i", &digits);
  const double value = repaired(mrb_float(self));
  if (digits <= 0) return whole(mrb, kFunction(value));
  if (digits > 15) return self;
  const double scale = std::pow(10.0, static_cast<double>(digits));
  const double nearest = std::round(value * scale) / scale;
  if (nearest == value) return self;
  return mrb_float_value(mrb, kFunction(value * scale) / scale);
}

double floor_of(double value) { return std::floor(value); }
double ceil_of(double value) { return std::ceil(value); }
double trunc_of(double value) { return std::trunc(value); }

mrb_value float_to_i(mrb_state* mrb, mrb_value self) {
  return whole(mrb, std::trunc(repaired(mrb_float(self))));
}

mrb_value text_to_f(mrb_state* mrb, mrb_value self) {
  return mrb_float_value(mrb, match::ruby_to_f(text_of(self)));
}

}  // namespace

void define_numbers(mrb_state* mrb) {
  RClass* real = mrb->float_class;
  method<float_text>(mrb, real, "to_s");
  method<float_text>(mrb, real, "inspect");
  method<float_round>(mrb, real, "round");
  method<float_step<floor_of>>(mrb, real, "floor");
  method<float_step<ceil_of>>(mrb, real, "ceil");
  method<float_step<trunc_of>>(mrb, real, "truncate");
  method<float_to_i>(mrb, real, "to_i");
  method<float_to_i>(mrb, real, "to_int");
  method<text_to_f>(mrb, mrb->string_class, "to_f");
}

}  // namespace sluice::ruby
