#include "ruby/code_check.hpp"

#include <mruby.h>
#include <mruby/class.h>
#include <mruby/debug.h>
#include <mruby/irep.h>
#include <mruby/proc.h>
#include <mruby/string.h>
#include <mruby/variable.h>

#include <algorithm>
#include <array>
#include <set>

#include "ruby/instructions.hpp"
#include "ruby/method.hpp"
#include "ruby/program.hpp"

namespace sluice::ruby {
namespace {

struct Remedy {
  std::string_view word;
  std::string_view help;
};
// What people reach for that only JRuby has, and what to do instead.
constexpr Remedy kRemedies[] = {
    {"Java", "Java classes do not exist here: write it in Ruby"},
    {"java", "Java classes do not exist here: write it in Ruby"},
    {"java_import", "Java classes do not exist here: write it in Ruby"},
    {"include_package", "Java classes do not exist here: write it in Ruby"},
    {"net", "use the filter http for requests"},
    {"Net", "use the filter http for requests"},
    {"HTTP", "use the filter http for requests"},
    {"RestClient", "use the filter http for requests"},
    {"Faraday", "use the filter http for requests"},
    {"open-uri", "use the filter http for requests"},
    {"nokogiri", "use the filter xml"},
    {"Nokogiri", "use the filter xml"},
    {"rexml", "use the filter xml"},
    {"REXML", "use the filter xml"},
    {"resolv", "use the filter dns"},
    {"Resolv", "use the filter dns"},
    {"bigdecimal", "use Float or Integer"},
    {"BigDecimal", "use Float or Integer"},
    {"redis", "use the filter memcached or translate for look-ups"},
    {"Redis", "use the filter memcached or translate for look-ups"},
    {"pg", "use the filter jdbc_streaming or translate for look-ups"},
    {"mysql2", "use the filter jdbc_streaming or translate for look-ups"},
    {"Sequel", "use the filter jdbc_streaming or translate for look-ups"},
    {"elasticsearch", "use the filter elasticsearch or translate for look-ups"},
    {"Elasticsearch", "use the filter elasticsearch or translate for look-ups"},
    {"OpenStruct", "use a Hash"},
    {"ostruct", "use a Hash"},
    {"StringIO", "use a String"},
    {"stringio", "use a String"},
    {"refine", "define the method in the class itself"},
    {"using", "define the method in the class itself"},
};

std::string_view remedy(std::string_view word) {
  const std::string_view first = word.substr(0, word.find('/'));
  for (const auto& r : kRemedies)
    if (r.word == word || r.word == first) return r.help;
  return {};
}

// Globals that belong to the last match or the process: they carry nothing from event to event.
bool passing_global(std::string_view name) {
  constexpr std::array<std::string_view, 14> kNames{"$`", "$'",      "$~",      "$&",           "$!",
                                                    "$@", "$_",      "$0",      "$,",           "$;",
                                                    "$/", "$stdout", "$stderr", "$PROGRAM_NAME"};
  if (name.size() == 2 && name[1] >= '1' && name[1] <= '9') return true;
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// Methods that reach state by other ways than the language's own.
bool reflective(std::string_view name) {
  constexpr std::array<std::string_view, 16> kNames{"instance_variable_set",
                                                    "instance_variable_get",
                                                    "class_variable_set",
                                                    "class_variable_get",
                                                    "const_set",
                                                    "define_method",
                                                    "class_eval",
                                                    "module_eval",
                                                    "instance_eval",
                                                    "instance_exec",
                                                    "class_exec",
                                                    "eval",
                                                    "define_singleton_method",
                                                    "alias_method",
                                                    "singleton_class",
                                                    "extend"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// Methods of an event after which nothing holds the event, or one like it.
bool leaves_event(std::string_view name) {
  constexpr std::array<std::string_view, 18> kNames{"get",        "set",       "remove",
                                                    "cancel",     "uncancel",  "cancelled?",
                                                    "tag",        "to_hash",   "to_hash_with_metadata",
                                                    "to_h",       "include?",  "timestamp",
                                                    "timestamp=", "to_json",   "sprintf",
                                                    "to_s",       "overwrite", "append"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// Methods by which a container, or a variable, comes to hold a value.
bool storing(std::string_view name) {
  constexpr std::array<std::string_view, 16> kNames{
      "<<",       "push",    "[]=",     "append", "add",
      "store",    "unshift", "prepend", "concat", "insert",
      "merge!",   "update",  "replace", "fill",   "instance_variable_set",
      "const_set"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

/// What the code of all filters of this process has defined: other filters may use it.
struct Defined {
  std::set<std::string> constants;
  std::set<std::string> methods;
};
Defined& defined_before() {
  thread_local Defined defined;
  return defined;
}

/// Looks through the bytecode of all pieces.
class Inspector {
 public:
  explicit Inspector(mrb_state* mrb) : mrb_(mrb) {}

  void piece(size_t number, const Piece& piece) {
    number_ = number;
    script_ = piece.script;
    text_ = piece.code.text;
  }
  /// First round: which constants, methods and classes the code makes itself.
  void collect(const mrb_irep& irep) {
    for (const auto& step : decode(irep)) {
      if (step.op == OP_SETCONST || step.op == OP_SETMCNST || step.op == OP_CLASS || step.op == OP_MODULE)
        constants_.insert(std::string(symbol(irep, step.b)));
      if (step.op == OP_DEF) methods_.insert(std::string(symbol(irep, step.b)));
    }
    for (int i = 0; i < irep.rlen; ++i) collect(*irep.reps[i]);
  }
  /// Second round. `level`: how many blocks or methods the code is in. `starting`: in a script's register(),
  /// where no event is near.
  void examine(const mrb_irep& irep, uint32_t level = 0, bool starting = false) {
    const auto steps = decode(irep);
    std::set<uint32_t> registers;  // numbers of the bodies of methods named register
    for (size_t i = 0; i < steps.size(); ++i) {
      state_of(irep, steps[i]);
      if (!starting) stores_ = stores_ || stores(irep, steps[i]);
      if (steps[i].op == OP_METHOD && i + 1 < steps.size() && steps[i + 1].op == OP_DEF &&
          symbol(irep, steps[i + 1].b) == "register")
        registers.insert(steps[i].b);
      event_use(irep, steps, i, level);
      if (steps[i].op == OP_GETCONST) constant(irep, steps, i);
      // LogStash::Event: new ones can be kept as well.
      if (steps[i].op == OP_GETMCNST && symbol(irep, steps[i].b) == "Event") out.escapes = true;
      if (steps[i].op == OP_SSEND || steps[i].op == OP_SSENDB) self_call(irep, steps, i);
    }
    for (int i = 0; i < irep.rlen; ++i)
      examine(*irep.reps[i], level + 1, starting || registers.count(static_cast<uint32_t>(i)) != 0);
  }
  /// Third: what follows from both.
  void conclude() {
    out.keeps_events = out.escapes && stores_ && out.stateful;
    defined_before().constants.insert(constants_.begin(), constants_.end());
    defined_before().methods.insert(methods_.begin(), methods_.end());
  }
  void syntax(const SyntaxError& error) {
    Finding f{number_, std::max(error.line, 1), 0, 1, error.message, {}};
    if (error.message.find("unexpected 'in'") != std::string::npos)
      f.help = "pattern matching (case ... in) does not exist here: use case ... when or if";
    out.findings.push_back(std::move(f));
  }

  Inspection out;

 private:
  [[nodiscard]] std::string_view symbol(const mrb_irep& irep, uint32_t index) const {
    if (index >= irep.slen) return {};
    mrb_int length = 0;
    const char* name = mrb_sym_name_len(mrb_, irep.syms[index], &length);
    return {name, static_cast<size_t>(length)};
  }

  void find(const mrb_irep& irep, const Step& step, std::string_view word, std::string message,
            std::string_view help) {
    const int line = std::max(1, mrb_debug_get_line(mrb_, &irep, step.at));
    Finding f{number_, line, 0, static_cast<int>(word.size()), std::move(message), std::string(help)};
    size_t begin = 0;
    for (int i = 1; i < line && begin != std::string_view::npos; ++i) {
      begin = text_.find('\n', begin);
      if (begin != std::string_view::npos) ++begin;
    }
    if (begin != std::string_view::npos) {
      const auto rest = text_.substr(begin, text_.find('\n', begin) - begin);
      const size_t column = rest.find(word);
      if (column != std::string_view::npos) f.column = static_cast<int>(column) + 1;
    }
    for (const auto& known : out.findings)
      if (known.piece == f.piece && known.line == f.line && known.message == f.message) return;
    out.findings.push_back(std::move(f));
  }

  void state_of(const mrb_irep& irep, const Step& step) {
    switch (step.op) {
      case OP_GETIV:
        if (symbol(irep, step.b) != "@logger") out.stateful = true;
        break;
      case OP_GETGV:
      case OP_SETGV:
        if (!passing_global(symbol(irep, step.b))) out.stateful = true;
        break;
      case OP_SETIV:
      case OP_GETCV:
      case OP_SETCV:
      case OP_SETCONST:
      case OP_SETMCNST:
      case OP_CLASS:
      case OP_MODULE:
      case OP_DEF:
      case OP_SCLASS:
      case OP_ALIAS:
      case OP_UNDEF:
        out.stateful = true;
        break;
      case OP_SEND:
      case OP_SENDB:
      case OP_SSEND:
      case OP_SSENDB:
        if (reflective(symbol(irep, step.b))) out.stateful = true;
        break;
      default:
        break;
    }
  }

  [[nodiscard]] bool stores(const mrb_irep& irep, const Step& step) const {
    switch (step.op) {
      case OP_SETIV:
      case OP_SETGV:
      case OP_SETCV:
      case OP_SETCONST:
      case OP_SETMCNST:
      case OP_SETIDX:
      case OP_ASET:
        return true;
      case OP_SEND:
      case OP_SENDB:
      case OP_SSEND:
      case OP_SSENDB:
        return storing(symbol(irep, step.b));
      default:
        return false;
    }
  }

  // The event is the first local variable of its method (of which one in a script is not known). It stays
  // inside when all that is done with it is to call methods on it; moved anywhere else it may be kept.
  void event_use(const mrb_irep& irep, const std::vector<Step>& steps, size_t at, uint32_t level) {
    const auto& step = steps[at];
    const bool own = step.op == OP_MOVE && step.b == 1 && (level == 1 || script_);
    const bool outer = step.op == OP_GETUPVAR && step.b == 1 && (step.c + 2 == level || script_);
    if (!own && !outer) return;
    for (size_t i = at + 1; i < steps.size(); ++i) {
      if (steps[i].a != step.a) continue;
      const bool call = steps[i].op == OP_SEND || steps[i].op == OP_SENDB;
      if (call && leaves_event(symbol(irep, steps[i].b))) return;
      break;
    }
    out.escapes = true;
  }

  // A::B::C from the constant at steps[at] on.
  void constant(const mrb_irep& irep, const std::vector<Step>& steps, size_t at) {
    const auto& step = steps[at];
    const auto first = symbol(irep, step.b);
    if (constants_.count(std::string(first))) return;
    if (defined_before().constants.count(std::string(first))) {
      out.stateful = true;
      return;
    }
    mrb_value scope = mrb_obj_value(mrb_->object_class);
    std::string path;
    for (size_t i = at; i < steps.size(); ++i) {
      if (i > at && (steps[i].op != OP_GETMCNST || steps[i].a != step.a)) return;
      const auto name = symbol(irep, steps[i].b);
      path += path.empty() ? std::string(name) : "::" + std::string(name);
      const mrb_sym id = mrb_intern(mrb_, name.data(), name.size());
      if (constants_.count(std::string(name))) return;
      if (!mrb_const_defined(mrb_, scope, id)) {
        find(irep, steps[i], first, "the constant " + path + " is not defined", help_for(first, name));
        return;
      }
      scope = mrb_const_get(mrb_, scope, id);
      if (mrb_type(scope) != MRB_TT_CLASS && mrb_type(scope) != MRB_TT_MODULE) return;
    }
  }

  static std::string_view help_for(std::string_view first, std::string_view name) {
    const auto help = remedy(first);
    if (!help.empty()) return help;
    const auto other = remedy(name);
    return other.empty() ? "what the ruby filter has is listed in docs/ruby.md" : other;
  }

  // The text that a string instruction right before the call gives to it.
  static std::string_view argument(const mrb_irep& irep, const std::vector<Step>& steps, size_t at) {
    if (at == 0 || steps[at - 1].op != OP_STRING || steps[at - 1].b >= irep.plen) return {};
    const auto& pool = irep.pool[steps[at - 1].b];
    if (pool.tt & IREP_TT_NFLAG) return {};
    return {pool.u.str, pool.tt >> 2};
  }

  void self_call(const mrb_irep& irep, const std::vector<Step>& steps, size_t at) {
    const auto name = symbol(irep, steps[at].b);
    if (methods_.count(std::string(name))) return;
    if (defined_before().methods.count(std::string(name))) out.stateful = true;
    if (name == "require") {
      const auto library = argument(irep, steps, at);
      if (!library.empty() && !known_library(library))
        find(irep, steps[at], library, "the library " + std::string(library) + " does not exist here",
             help_for(library, library));
    } else if (name == "java_import" || name == "include_package" || name == "using" || name == "refine" ||
               (name == "java" && steps[at].c == 0)) {
      find(irep, steps[at], name, std::string(name) + " does not exist here", remedy(name));
    }
  }

  [[nodiscard]] bool known_library(std::string_view name) const {
    const mrb_value arguments[] = {string_of(mrb_, name)};
    const mrb_value kernel = mrb_obj_value(mrb_module_get(mrb_, "Kernel"));
    const mrb_value known = mrb_funcall_argv(mrb_, kernel, mrb_intern_lit(mrb_, "__library?"), 1, arguments);
    mrb_->exc = nullptr;
    return mrb_test(known);
  }

  mrb_state* mrb_;
  std::set<std::string> constants_;
  std::set<std::string> methods_;
  bool stores_ = false;  // something is put where it outlives the call
  size_t number_ = 0;
  bool script_ = false;
  std::string_view text_;
};

}  // namespace

Inspection inspect(const std::vector<Piece>& pieces) {
  mrb_state* mrb = Interpreter::of_thread().state();
  const int arena = mrb_gc_arena_save(mrb);
  Inspector inspector(mrb);
  std::vector<RProc*> compiled;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const auto& piece = pieces[i];
    inspector.piece(i, piece);
    SyntaxError error;
    const std::string prefix = piece.script ? "" : "lambda do |" + std::string(piece.parameters) + "| ";
    RProc* proc = compile(mrb, piece.code, prefix, piece.script ? "\n" : "\nend", error);
    compiled.push_back(proc);
    if (proc)
      inspector.collect(*proc->body.irep);
    else
      inspector.syntax(error);
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    inspector.piece(i, pieces[i]);
    if (compiled[i]) inspector.examine(*compiled[i]->body.irep);
  }
  mrb_gc_arena_restore(mrb, arena);
  inspector.conclude();
  return std::move(inspector.out);
}

}  // namespace sluice::ruby
