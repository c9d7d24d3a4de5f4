#include "ruby/program.hpp"

#include <mruby.h>
#include <mruby/array.h>
#include <mruby/compile.h>
#include <mruby/error.h>
#include <mruby/hash.h>
#include <mruby/irep.h>
#include <mruby/proc.h>
#include <mruby/variable.h>

#include <algorithm>
#include <vector>

#include "ruby/method.hpp"
#include "ruby/value.hpp"

namespace sluice::ruby {
namespace {

struct Call {
  mrb_value receiver;
  mrb_sym method;
  mrb_int count;
  const mrb_value* arguments;
  mrb_value block;
};

mrb_value call_body(mrb_state* mrb, void* data) {
  const auto& call = *static_cast<Call*>(data);
  return mrb_funcall_with_block(mrb, call.receiver, call.method, call.count, call.arguments, call.block);
}

struct Evaluation {
  RProc* proc;
  mrb_value self;
};

mrb_value evaluate(mrb_state* mrb, void* data) {
  const auto& e = *static_cast<Evaluation*>(data);
  return mrb_yield_with_class(mrb, mrb_obj_value(e.proc), 0, nullptr, e.self, mrb_obj_class(mrb, e.self));
}

struct Construction {
  Program::Kind kind;
  std::string_view id;
};

mrb_value construct(mrb_state* mrb, void* data) {
  const auto& c = *static_cast<Construction*>(data);
  RClass* filters = mrb_module_get_under(mrb, mrb_module_get(mrb, "LogStash"), "Filters");
  RClass* owner = mrb_class_get_under(mrb, filters, c.kind == Program::Kind::ruby ? "Ruby" : "Aggregate");
  const mrb_value id = string_of(mrb, c.id);
  return mrb_obj_new(mrb, owner, 1, &id);
}

// The parser's names of what it has met and what it waited for, as the author would write them.
std::string in_words(std::string_view message) {
  std::string out;
  for (size_t at = 0; at < message.size();) {
    constexpr std::string_view kKeyword = "keyword_", kEnd = "$end";
    if (message.substr(at).starts_with(kEnd)) {
      out += "the end of the code";
      at += kEnd.size();
    } else if (message.substr(at).starts_with(kKeyword)) {
      at += kKeyword.size();
      const size_t end =
          std::min(message.find_first_not_of("abcdefghijklmnopqrstuvwxyz", at), message.size());
      out += '\'' + std::string(message.substr(at, end - at)) + '\'';
      at = end;
    } else {
      out += message[at++];
    }
  }
  return out;
}

// The parser's columns do not count blanks at the start of a line, so only the line is taken.
void note(const mrb_parser_state& parser, const Code& code, SyntaxError& error) {
  const auto& first = parser.error_buffer[0];
  error.line = first.lineno - code.first_line + 1;
  error.message = in_words(first.message ? first.message : "syntax error");
}

// mruby reads float literals some units in the last place wrong: of the neighbours the one with the shortest
// text is what was written. And who names $& wants it set.
void prepare(Interpreter& interpreter, const mrb_irep& irep) {
  for (int i = 0; i < irep.plen; ++i)
    if (irep.pool[i].tt == IREP_TT_FLOAT)
      const_cast<mrb_pool_value&>(irep.pool[i]).u.f = nearest_short(irep.pool[i].u.f);
  for (int i = 0; i < irep.slen; ++i)
    for (const mrb_sym name : interpreter.match_parts)
      if (irep.syms[i] == name) interpreter.sets_match_parts = true;
  for (int i = 0; i < irep.rlen; ++i) prepare(interpreter, *irep.reps[i]);
}

void fail(Raised& raised, const Code& code, const SyntaxError& error) {
  raised = {};
  raised.class_name = "SyntaxError";
  raised.message = std::string(code.name) + ":" + std::to_string(error.line) + ": " + error.message;
}

}  // namespace

RProc* compile(mrb_state* mrb, const Code& code, std::string_view prefix, std::string_view suffix,
               SyntaxError& error) {
  std::string text(prefix);
  text += code.text;
  text += suffix;
  mrbc_context* context = mrbc_context_new(mrb);
  // Without the optimizer `s[0]` calls String#[], which counts characters.
  context->no_optimize = 1;
  context->capture_errors = 1;
  context->lineno = static_cast<uint16_t>(code.first_line);
  mrbc_filename(mrb, context, std::string(code.name).c_str());
  mrb_parser_state* parser = mrb_parse_nstring(mrb, text.data(), text.size(), context);
  RProc* proc = nullptr;
  if (parser && parser->nerr == 0 && parser->tree) {
    proc = mrb_generate_code(mrb, parser);
    if (proc)
      prepare(Interpreter::of(mrb), *proc->body.irep);
    else
      error.message = "the code is too deep or too long to be compiled";
  } else if (parser) {
    note(*parser, code, error);
  }
  if (parser) mrb_parser_free(parser);
  mrbc_context_free(mrb, context);
  mrb->exc = nullptr;
  return proc;
}

Program::Program(Interpreter& interpreter, Kind kind, std::string_view id) : interpreter_(interpreter) {
  Construction construction{kind, id};
  Raised raised;
  interpreter_.protect(construct, &construction, self_, raised);
  keep(self_);
}

void Program::keep(mrb_value value) {
  if (mrb_immediate_p(value)) return;
  mrb_gc_register(state(), value);
  kept_.push_back(value);
}

void Program::release() {
  for (const mrb_value value : kept_) mrb_gc_unregister(state(), value);
  kept_.clear();
}

bool Program::run(const Code& code, Raised& raised) {
  if (!define("__init", "", code, raised)) return false;
  mrb_value result;
  return call("__init", {}, mrb_nil_value(), result, raised);
}

bool Program::define(std::string_view method, std::string_view parameters, const Code& code, Raised& raised) {
  mrb_state* mrb = state();
  const int arena = mrb_gc_arena_save(mrb);
  SyntaxError error;
  const std::string prefix = "lambda do |" + std::string(parameters) + "| ";
  RProc* proc = compile(mrb, code, prefix, "\nend", error);
  if (!proc) {
    fail(raised, code, error);
    return false;
  }
  MRB_PROC_SET_TARGET_CLASS(proc, mrb->object_class);
  Evaluation evaluation{proc, self_};
  mrb_value body, ignored;
  bool ok = interpreter_.protect(evaluate, &evaluation, body, raised);
  const mrb_value name = mrb_symbol_value(intern(method));
  if (ok) ok = call("define_singleton_method", {name}, body, ignored, raised);
  mrb_gc_arena_restore(mrb, arena);
  return ok;
}

bool Program::call(mrb_value receiver, std::string_view method, std::initializer_list<mrb_value> arguments,
                   mrb_value block, mrb_value& result, Raised& raised) {
  return call(receiver, intern(method), arguments, block, result, raised);
}

bool Program::call(mrb_value receiver, mrb_sym method, std::initializer_list<mrb_value> arguments,
                   mrb_value block, mrb_value& result, Raised& raised) {
  Call call{receiver, method, static_cast<mrb_int>(arguments.size()), arguments.begin(), block};
  return interpreter_.protect(call_body, &call, result, raised);
}

namespace {

// The block `load` of a script: evaluates the file in the object that it is given. Its proc is in the block's
// environment.
mrb_value load_into(mrb_state* mrb, mrb_value) {
  const mrb_value context = mrb_get_arg1(mrb);
  const mrb_value proc = mrb_proc_cfunc_env_get(mrb, 0);
  RClass* own = mrb_class_ptr(mrb_singleton_class(mrb, context));
  MRB_PROC_SET_TARGET_CLASS(mrb_proc_ptr(proc), own);
  return mrb_yield_with_class(mrb, proc, 0, nullptr, context, own);
}

struct Loading {
  mrb_value proc;
  std::string_view name;
  mrb_value params;
};

mrb_value make_script(mrb_state* mrb, void* data) {
  const auto& loading = *static_cast<Loading*>(data);
  RClass* filters = mrb_module_get_under(mrb, mrb_module_get(mrb, "LogStash"), "Filters");
  RClass* owner = mrb_class_get_under(mrb, mrb_class_get_under(mrb, filters, "Ruby"), "Script");
  const mrb_value load = mrb_obj_value(mrb_proc_new_cfunc_with_env(mrb, load_into, 1, &loading.proc));
  const mrb_value arguments[] = {string_of(mrb, loading.name), loading.params, load};
  return mrb_obj_new(mrb, owner, 3, arguments);
}

}  // namespace

bool Program::load_script(const Code& code, mrb_value params, mrb_value& script, Raised& raised) {
  mrb_state* mrb = state();
  const int arena = mrb_gc_arena_save(mrb);
  SyntaxError error;
  RProc* proc = compile(mrb, code, "", "\n", error);
  if (!proc) {
    fail(raised, code, error);
    return false;
  }
  Loading loading{mrb_obj_value(proc), code.name, params};
  keep(loading.proc);
  const bool ok = interpreter_.protect(make_script, &loading, script, raised);
  if (ok) keep(script);
  mrb_gc_arena_restore(mrb, arena);
  return ok;
}

}  // namespace sluice::ruby
