#include "ruby/interpreter.hpp"

#include <mruby.h>
#include <mruby/array.h>
#include <mruby/dump.h>
#include <mruby/error.h>
#include <mruby/irep.h>
#include <mruby/variable.h>

#include <algorithm>
#include <cstdlib>

#include "base/log.hpp"
#include "ruby/event_class.hpp"
#include "ruby/method.hpp"
#include "ruby/prelude.hpp"

namespace sluice::ruby {
namespace {

constexpr std::string_view kLogger = "logstash.filters.ruby";
constexpr size_t kMaxFields = 4096;

// The text of a message: to_s of the exception may itself raise, or answer no string.
mrb_value message_body(mrb_state* mrb, void* data) {
  return mrb_obj_as_string(mrb, mrb_funcall(mrb, *static_cast<mrb_value*>(data), "message", 0));
}
mrb_value backtrace_body(mrb_state* mrb, void* data) {
  return mrb_exc_backtrace(mrb, *static_cast<mrb_value*>(data));
}

void describe(mrb_state* mrb, mrb_value exception, Raised& raised) {
  raised = {};
  raised.class_name = mrb_obj_classname(mrb, exception);
  mrb_bool failed = FALSE;
  const mrb_value message = mrb_protect_error(mrb, message_body, &exception, &failed);
  mrb->exc = nullptr;
  if (!failed && mrb_string_p(message)) raised.message = text_of(message);
  const mrb_value lines = mrb_protect_error(mrb, backtrace_body, &exception, &failed);
  mrb->exc = nullptr;
  if (failed || !mrb_array_p(lines)) return;
  for (mrb_int i = 0; i < RARRAY_LEN(lines); ++i)
    if (mrb_string_p(mrb_ary_entry(lines, i)))
      raised.backtrace.emplace_back(text_of(mrb_ary_entry(lines, i)));
}

// Memory for mruby. One object beyond the limit is refused, which Ruby code sees as a NoMemoryError: data
// must not make the process grow without bound (`" " * event.get('n')`).
void* allocate(mrb_state*, void* old, size_t size, void*) {
  constexpr size_t kLargest = size_t{256} << 20;
  if (size == 0) {
    std::free(old);
    return nullptr;
  }
  return size > kLargest ? nullptr : std::realloc(old, size);
}

bool all_interned(const FieldRef& ref) {
  return std::all_of(ref.steps().begin(), ref.steps().end(),
                     [](const FieldRef::Step& step) { return step.key.interned(); });
}

}  // namespace

Interpreter::Interpreter() : mrb_(mrb_open_allocf(allocate, nullptr)) {
  if (!mrb_) throw std::bad_alloc();
  mrb_->ud = this;
  const int arena = mrb_gc_arena_save(mrb_);
  load_prelude();
  mrb_gc_arena_restore(mrb_, arena);
}

Interpreter::~Interpreter() { mrb_close(mrb_); }

void Interpreter::load_prelude() {
  mrb_value nothing;
  Raised raised;
  const auto natives = [](mrb_state* mrb, void*) {
    define_numbers(mrb);
    define_text(mrb);
    define_text_sets(mrb);
    define_match_data(mrb);
    define_regexp(mrb);
    define_text_regexp(mrb);
    define_time(mrb);
    define_time_text(mrb);
    define_json(mrb);
    define_yaml(mrb);
    define_digests(mrb);
    define_host(mrb);
    define_timestamp(mrb);
    define_event(mrb);
    const mrb_value result = mrb_load_irep_buf(mrb, kPrelude, kPreludeSize);
    if (mrb->exc) mrb_exc_raise(mrb, mrb_obj_value(mrb->exc));
    return result;
  };
  if (!protect(natives, nullptr, nothing, raised))
    log::error(kLogger, "The Ruby library could not be loaded",
               {{"exception", raised.message},
                {"place", raised.backtrace.empty() ? std::string() : raised.backtrace.front()}});
}

Interpreter& Interpreter::of_thread() {
  thread_local std::unique_ptr<Interpreter> own;
  if (!own) own = std::make_unique<Interpreter>();
  return *own;
}

bool Interpreter::protect(mrb_value (*body)(mrb_state*, void*), void* data, mrb_value& result,
                          Raised& raised) {
  mrb_bool failed = FALSE;
  result = mrb_protect_error(mrb_, body, data, &failed);
  if (!failed && !mrb_->exc) return true;
  const mrb_value exception = failed ? result : mrb_obj_value(mrb_->exc);
  mrb_->exc = nullptr;
  result = mrb_nil_value();
  describe(mrb_, exception, raised);
  return false;
}

void Interpreter::begin(Batch* batch, Event* current) {
  work_.batch = batch;
  work_.current = current;
  work_.emitted.clear();
}

void Interpreter::end(bool keep) {
  constexpr size_t kManyDetached = 2000;
  for (auto* box : boxes_) {
    if (keep)
      detach(*box);
    else
      box->event = nullptr;
  }
  if (keep) detached_ += boxes_.size();
  boxes_.clear();
  work_.batch = nullptr;
  work_.current = nullptr;
  if (detached_ < kManyDetached) return;
  // The collector counts objects and does not see how much memory an event of its own takes.
  detached_ = 0;
  mrb_full_gc(mrb_);
}

void Interpreter::forget(EventBox& box) {
  const auto at = std::find(boxes_.rbegin(), boxes_.rend(), &box);
  if (at == boxes_.rend()) return;
  *at = boxes_.back();
  boxes_.pop_back();
}

const FieldRef& Interpreter::field(std::string_view text, Arena& arena) {
  const auto at = fields_.find(text);
  if (at != fields_.end()) return at->second;
  char message[200];
  {
    auto parsed = FieldRef::parse(text, arena);
    if (parsed.ok()) {
      if (!all_interned(*parsed)) return uncached_ = std::move(parsed).value();
      if (fields_.size() >= kMaxFields) fields_.clear();
      return fields_.emplace(text, std::move(parsed).value()).first->second;
    }
    std::snprintf(message, sizeof message, "%s", parsed.message().c_str());
  }
  raise(mrb_, "RuntimeError", message);
}

Interpreter& SharedInterpreter::get() {
  if (!interpreter) interpreter = std::make_unique<Interpreter>();
  return *interpreter;
}

SharedInterpreter& SharedInterpreter::instance() {
  // Never destroyed: a worker whose code does not end may still be in it when the process goes.
  static auto& shared = *new SharedInterpreter;
  return shared;
}

}  // namespace sluice::ruby
