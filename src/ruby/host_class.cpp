// What Ruby code may ask of the machine: the log, variables, the clock's pause.
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/string.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/log.hpp"
#include "ruby/interpreter.hpp"
#include "ruby/method.hpp"

namespace sluice::ruby {
namespace {

constexpr double kLongestSleep = 60;  // seconds; a longer pause would hold up the pipeline's stop

log::Level level_of(mrb_int number) {
  return static_cast<log::Level>(number < 0 ? 0 : number > 5 ? 5 : number);
}

// LogStash.__log(level, logger, message, [[name, text], ...])
mrb_value write_log(mrb_state* mrb, mrb_value) {
  mrb_int level = 0;
  mrb_value logger, message, pairs;
  mrb_get_args(mrb, "iSSA", &level, &logger, &message, &pairs);
  for (mrb_int i = 0; i < RARRAY_LEN(pairs); ++i) {
    const mrb_value pair = mrb_ary_entry(pairs, i);
    if (!mrb_array_p(pair) || RARRAY_LEN(pair) != 2 || !mrb_string_p(mrb_ary_entry(pair, 0)) ||
        !mrb_string_p(mrb_ary_entry(pair, 1)))
      return mrb_nil_value();
  }
  log::Params params;
  for (mrb_int i = 0; i < RARRAY_LEN(pairs); ++i) {
    const mrb_value pair = mrb_ary_entry(pairs, i);
    const mrb_value name = mrb_ary_entry(pair, 0), text = mrb_ary_entry(pair, 1);
    params.emplace_back(text_of(name), text_of(text));
  }
  log::write(level_of(level), text_of(logger), text_of(message), params);
  return mrb_nil_value();
}

mrb_value log_enabled(mrb_state* mrb, mrb_value) {
  mrb_int level = 0;
  mrb_value logger;
  mrb_get_args(mrb, "iS", &level, &logger);
  return mrb_bool_value(log::enabled(level_of(level), text_of(logger)));
}

mrb_value pause(mrb_state* mrb, mrb_value) {
  mrb_float seconds = 0;
  mrb_get_args(mrb, "f", &seconds);
  if (!(seconds >= 0)) raise(mrb, "ArgumentError", "time interval must not be negative");
  std::this_thread::sleep_for(
      std::chrono::duration<double>(seconds < kLongestSleep ? seconds : kLongestSleep));
  return mrb_nil_value();
}

mrb_value variable(mrb_state* mrb, mrb_value) {
  const char* name = nullptr;
  mrb_get_args(mrb, "z", &name);
  const char* value = std::getenv(name);
  return value ? mrb_str_new_cstr(mrb, value) : mrb_nil_value();
}

mrb_value process_id(mrb_state* mrb, mrb_value) { return mrb_int_value(mrb, getpid()); }

mrb_value hostname(mrb_state* mrb, mrb_value) {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return mrb_str_new_cstr(mrb, name);
}

}  // namespace

void define_host(mrb_state* mrb) {
  RClass* owner = mrb_define_module(mrb, "LogStash");
  class_method<write_log>(mrb, owner, "__log");
  class_method<log_enabled>(mrb, owner, "__log_enabled");
  class_method<pause>(mrb, owner, "__sleep");
  class_method<variable>(mrb, owner, "__env");
  class_method<process_id>(mrb, owner, "__pid");
  class_method<hostname>(mrb, owner, "__hostname");
}

}  // namespace sluice::ruby
