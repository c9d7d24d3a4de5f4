// The Ruby code of one filter, loaded into one interpreter.
#pragma once

#include <mruby.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "ruby/interpreter.hpp"

struct RProc;

namespace sluice::ruby {

/// Why a text is no Ruby, and the line of the text, from 1.
struct SyntaxError {
  int line = 0;
  std::string message;
};

/// Compiles `prefix` + code + `suffix`; lines are those of the code, whose first line the prefix stands
/// before. Null with `error` filled when it is no Ruby. The result has to be protected from the collector.
RProc* compile(mrb_state* mrb, const Code& code, std::string_view prefix, std::string_view suffix,
               SyntaxError& error);

/// A filter's `self` in an interpreter: its instance variables and the methods made from its code. Every call
/// needs the interpreter (its thread, or its lock).
class Program {
 public:
  enum class Kind { ruby, aggregate };
  /// `id` is the filter's.
  Program(Interpreter& interpreter, Kind kind, std::string_view id);

  /// Runs code once, with this program's object as self.
  bool run(const Code& code, Raised& raised);
  /// Makes `code` the body of a method with `parameters` ("event, &new_event_block").
  bool define(std::string_view method, std::string_view parameters, const Code& code, Raised& raised);

  /// Calls a method of the object (or of another one).
  bool call(std::string_view method, std::initializer_list<mrb_value> arguments, mrb_value block,
            mrb_value& result, Raised& raised) {
    return call(self_, method, arguments, block, result, raised);
  }
  bool call(mrb_value receiver, std::string_view method, std::initializer_list<mrb_value> arguments,
            mrb_value block, mrb_value& result, Raised& raised);
  /// The same with a name that was interned before.
  bool call(mrb_value receiver, mrb_sym method, std::initializer_list<mrb_value> arguments, mrb_value block,
            mrb_value& result, Raised& raised);
  [[nodiscard]] mrb_sym intern(std::string_view name) const {
    return mrb_intern(state(), name.data(), name.size());
  }
  [[nodiscard]] mrb_value self() const { return self_; }

  /// A script file: makes the object that holds it (LogStash::Filters::Ruby::Script). `params` is a Ruby
  /// hash.
  bool load_script(const Code& code, mrb_value params, mrb_value& script, Raised& raised);

  /// Keeps `value` from the collector until release().
  void keep(mrb_value value);
  /// Lets everything go that the program keeps in the interpreter. Not for interpreters of other threads.
  void release();

  [[nodiscard]] Interpreter& interpreter() const { return interpreter_; }
  [[nodiscard]] mrb_state* state() const { return interpreter_.state(); }

 private:
  Interpreter& interpreter_;
  mrb_value self_;
  std::vector<mrb_value> kept_;
};

}  // namespace sluice::ruby
