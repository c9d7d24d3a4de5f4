// How C++ functions become Ruby methods.
#pragma once

#include <mruby.h>
#include <mruby/class.h>
#include <mruby/string.h>

#include <cstdio>
#include <exception>
#include <string_view>

namespace sluice::ruby {

/// Raise a Ruby exception. The format's letters are mruby's own: %s a C string, %i an mrb_int, %d an int, %v
/// a value's text. (mruby's functions do not tell a C++ compiler that they never return.)
template <class... Arguments>
[[noreturn]] void raise(mrb_state* mrb, RClass* type, const char* format, Arguments... arguments) {
  if constexpr (sizeof...(Arguments) == 0)
    mrb_raise(mrb, type, format);
  else
    mrb_raisef(mrb, type, format, arguments...);
  __builtin_unreachable();
}
template <class... Arguments>
[[noreturn]] void raise(mrb_state* mrb, const char* type, const char* format, Arguments... arguments) {
  raise(mrb, mrb_class_get(mrb, type), format, arguments...);
}

/// `function` with every C++ exception turned into a Ruby one. The frame holds nothing with a destructor, so
/// that Ruby's longjmp may pass it.
template <mrb_func_t kFunction>
mrb_value guarded(mrb_state* mrb, mrb_value self) {
  char reason[120];
  try {
    return kFunction(mrb, self);
  } catch (const std::exception& e) {
    std::snprintf(reason, sizeof reason, "%s", e.what());
  }
  raise(mrb, mrb->eStandardError_class, reason);
}

template <mrb_func_t kFunction>
void method(mrb_state* mrb, RClass* owner, const char* name, mrb_aspec spec = MRB_ARGS_ANY()) {
  mrb_define_method(mrb, owner, name, guarded<kFunction>, spec);
}

template <mrb_func_t kFunction>
void class_method(mrb_state* mrb, RClass* owner, const char* name, mrb_aspec spec = MRB_ARGS_ANY()) {
  mrb_define_class_method(mrb, owner, name, guarded<kFunction>, spec);
}

// Items of arrays are read with mrb_ary_entry: GCC 12 compiles RARRAY_PTR(list)[...] wrongly where the index
// is an expression of the list itself.

inline std::string_view text_of(mrb_value string) {
  return {RSTRING_PTR(string), static_cast<size_t>(RSTRING_LEN(string))};
}
inline mrb_value string_of(mrb_state* mrb, std::string_view text) {
  return mrb_str_new(mrb, text.data(), text.size());
}

// The parts of the language that are written in C++; each adds its classes and methods.
void define_numbers(mrb_state* mrb);
void define_text(mrb_state* mrb);
void define_text_sets(mrb_state* mrb);
void define_match_data(mrb_state* mrb);
void define_regexp(mrb_state* mrb);
void define_text_regexp(mrb_state* mrb);
void define_time(mrb_state* mrb);
void define_time_text(mrb_state* mrb);
void define_json(mrb_state* mrb);
void define_yaml(mrb_state* mrb);
void define_digests(mrb_state* mrb);
void define_host(mrb_state* mrb);
void define_timestamp(mrb_state* mrb);
void define_event(mrb_state* mrb);

}  // namespace sluice::ruby
