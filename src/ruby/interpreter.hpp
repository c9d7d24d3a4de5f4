// One Ruby interpreter (mruby) with what Logstash's scripts expect of JRuby: regular expressions, UTF-8 text,
// times, JSON and the event API.
//
// An interpreter belongs to one thread at a time. Code that keeps nothing between events runs in the
// interpreter of its thread (of_thread), so that workers run side by side; code that keeps state runs in the
// one shared interpreter under its lock (SharedInterpreter), where instance variables, globals, constants and
// classes are seen by every worker as in Logstash.
//
// mruby raises by longjmp: a C++ function called from Ruby must hold no object with a destructor while it
// calls something that can raise (what it needs of that kind lives in the interpreter, see scratch), and no
// C++ exception may leave it (see guarded in method.hpp).
#pragma once

#include <mruby.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/buffer.hpp"
#include "event/batch.hpp"
#include "event/field_ref.hpp"
#include "match/regex.hpp"

namespace sluice::ruby {

/// A Ruby exception that nobody rescued.
struct Raised {
  std::string class_name;
  std::string message;
  std::vector<std::string> backtrace;  // "code:3:in filter"
};

/// Text of Ruby. `name` and `first_line` are what backtraces show.
struct Code {
  std::string_view text;
  std::string_view name;
  int first_line = 1;
};

struct EventBox;

/// What code may reach while it works on one event (or on none: batch only, or nothing at start).
struct Work {
  Batch* batch = nullptr;
  Event* current = nullptr;     // where new events belong to
  std::vector<Event*> emitted;  // by new_event_block.call, in order; events of `batch`
};

class Interpreter {
 public:
  Interpreter();
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  static Interpreter& of(mrb_state* mrb) { return *static_cast<Interpreter*>(mrb->ud); }
  /// This thread's own, made when first asked for.
  static Interpreter& of_thread();

  [[nodiscard]] mrb_state* state() const { return mrb_; }

  /// Runs `body` with every Ruby exception caught: false with `raised` filled. `body` must obey the rule
  /// above.
  bool protect(mrb_value (*body)(mrb_state*, void*), void* data, mrb_value& result, Raised& raised);

  /// Begins and ends the work on one event. `keep`: the code may hold on to event objects, so those that are
  /// alive get a copy of their own; else they are dead from here on.
  void begin(Batch* batch, Event* current);
  void end(bool keep);
  [[nodiscard]] Work& work() { return work_; }

  /// The reference for `text`, parsed once per text; raises Ruby's RuntimeError when it is illegal. The
  /// result is valid until the next call.
  const FieldRef& field(std::string_view text, Arena& arena);

  /// Boxes of events that live in the batch of the current work.
  void track(EventBox& box) { boxes_.push_back(&box); }
  void forget(EventBox& box);

  /// Compiled literals, by flags and source: the Regexp objects, protected from the collector.
  struct Classes {
    RClass* event = nullptr;
    RClass* timestamp = nullptr;
    RClass* time = nullptr;
    RClass* regexp = nullptr;
    RClass* match_data = nullptr;
  } classes;
  std::unordered_map<std::string, mrb_value> literals;

  /// Where the last match lies (of searches in C++), and memory for texts under construction: here and not in
  /// the functions, because Ruby's exceptions run no destructors.
  match::Captures captures;
  std::string scratch;
  Buffer buffer;
  Arena arena;                       // for JSON on its way to Ruby
  int match_groups = 0;              // how many of $1 .. $9 are set
  mrb_sym match_variables[10] = {};  // $~ and $1 .. $9
  mrb_sym match_parts[3] = {};       // $& $` $'
  bool sets_match_parts = false;     // some code reads one of them

 private:
  void load_prelude();
  mrb_state* mrb_;
  Work work_;
  std::vector<EventBox*> boxes_;
  size_t detached_ = 0;  // events with memory of their own since the last full collection
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, FieldRef, Hash, std::equal_to<>> fields_;
  FieldRef uncached_;
};

/// The interpreter of all code that keeps state, and the lock that has to be held to use it.
struct SharedInterpreter {
  std::mutex mutex;
  std::unique_ptr<Interpreter> interpreter;
  /// Of the process; its interpreter is made when first asked for. Call with the mutex held.
  Interpreter& get();
  static SharedInterpreter& instance();
};

}  // namespace sluice::ruby
