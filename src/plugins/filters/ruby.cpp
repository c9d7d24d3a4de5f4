// filter ruby: Ruby code works on the event.
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/hash.h>
#include <mruby/numeric.h>
#include <mruby/string.h>

#include <cstdlib>
#include <mutex>

#include "base/file.hpp"
#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/ruby_code.hpp"
#include "ruby/event_class.hpp"
#include "ruby/program.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr std::string_view kLogger = "logstash.filters.ruby";
constexpr std::string_view kParameters = "event, &new_event_block";
constexpr size_t kLargestScript = 16 << 20;

constexpr plugin::Option kOptions[] = {
    {"code", Type::string, {}, "Ruby code that runs for every event; `event` is the event."},
    {"init", Type::string, {}, "Ruby code that runs once at the start."},
    {"path", Type::path, {}, "A Ruby file that defines filter(event) and answers the events that go on."},
    {"script_params", Type::hash, "{}", "What register(params) of the file gets."},
    {"tag_on_exception", Type::string, "\"_rubyexception\"", "The tag for events that raise an exception."},
    {"tag_with_exception_message", Type::boolean, "false",
     "Add a second tag that holds the exception's message."},
};

struct Config {
  std::string id;
  std::string code, init, path, script;
  std::vector<std::pair<std::string, lang::Value>> params;
  std::string tag;
  bool tag_with_message = false;
  bool stateful = false;
  bool keeps_events = false;
};

mrb_value param_value(mrb_state* mrb, const lang::Value& value) {
  switch (value.kind) {
    case lang::Value::Kind::number:
      if (value.text.find('.') != std::string::npos)
        return mrb_float_value(mrb, std::strtod(value.text.c_str(), nullptr));
      return mrb_int_value(mrb, std::strtoll(value.text.c_str(), nullptr, 10));
    case lang::Value::Kind::array: {
      const mrb_value list = mrb_ary_new(mrb);
      for (const auto& item : value.items) mrb_ary_push(mrb, list, param_value(mrb, item));
      return list;
    }
    case lang::Value::Kind::hash: {
      const mrb_value hash = mrb_hash_new(mrb);
      for (const auto& entry : value.entries)
        mrb_hash_set(mrb, hash, param_value(mrb, entry.key), param_value(mrb, entry.value));
      return hash;
    }
    default:
      return mrb_str_new(mrb, value.text.data(), value.text.size());
  }
}

/// The filter's code in one interpreter.
class Code {
 public:
  Code(const Config& config, ruby::Interpreter& interpreter)
      : config_(config), program_(interpreter, ruby::Program::Kind::ruby, config.id) {}

  /// Loads the code, and runs what runs once. `tests`: only loads a file, and fills in what its tests find.
  bool load(ruby::Raised& raised, std::vector<std::string>* tests = nullptr) {
    mrb_state* mrb = program_.state();
    const int arena = mrb_gc_arena_save(mrb);
    const bool ok = config_.path.empty() ? load_inline(raised) : load_file(raised, tests);
    if (ok) {
      program_.keep(place_ = ruby::new_event_place(mrb));
      program_.keep(block_ = ruby::new_event_block(mrb));
    }
    mrb_gc_arena_restore(mrb, arena);
    return ok;
  }

  void filter(plugin::FilterRun& run, WarningLimiter& limiter) {
    for (auto* event : run.events()) one(run, *event, limiter);
  }

  ruby::Program& program() { return program_; }

 private:
  bool load_inline(ruby::Raised& raised) {
    receiver_ = program_.self();
    method_ = program_.intern("filter_method");
    if (!config_.init.empty() && !program_.run({config_.init, "init", 1}, raised)) return false;
    return program_.define("filter_method", kParameters, {config_.code, "code", 1}, raised);
  }

  bool load_file(ruby::Raised& raised, std::vector<std::string>* tests) {
    mrb_state* mrb = program_.state();
    const mrb_value params = mrb_hash_new(mrb);
    for (const auto& [name, value] : config_.params)
      mrb_hash_set(mrb, params, mrb_str_new(mrb, name.data(), name.size()), param_value(mrb, value));
    method_ = program_.intern("filter");
    if (!program_.load_script({config_.script, config_.path, 1}, params, receiver_, raised)) return false;
    mrb_value result;
    if (!tests) return program_.call(receiver_, "register", {}, mrb_nil_value(), result, raised);
    if (!program_.call(receiver_, "failures", {}, mrb_nil_value(), result, raised)) return false;
    for (mrb_int i = 0; i < RARRAY_LEN(result); ++i) {
      const mrb_value text = mrb_ary_entry(result, i);
      tests->emplace_back(RSTRING_PTR(text), static_cast<size_t>(RSTRING_LEN(text)));
    }
    return true;
  }

  void one(plugin::FilterRun& run, Event& event, WarningLimiter& limiter) {
    auto& interpreter = program_.interpreter();
    mrb_state* mrb = program_.state();
    const int arena = mrb_gc_arena_save(mrb);
    interpreter.begin(&run.batch(), &event);
    const mrb_value object = config_.keeps_events ? ruby::new_event(mrb, event) : place_;
    ruby::event_box(object)->event = &event;
    mrb_value result;
    ruby::Raised raised;
    const bool ok = program_.call(receiver_, method_, {object}, block_, result, raised);
    if (ok && !config_.path.empty()) take_results(run, event, result);
    for (auto* fresh : interpreter.work().emitted) run.emit(*fresh, event);
    interpreter.end(config_.keeps_events);
    if (!config_.keeps_events) ruby::event_box(object)->event = nullptr;
    mrb_gc_arena_restore(mrb, arena);
    if (!ok)
      fail(event, limiter, raised);
    else if (const Status status = run.matched(event); !status.ok())
      fail(event, limiter, {"LogStash::Error", status.message(), {}});
  }

  // The events that a file's filter() answered: they replace the event.
  void take_results(plugin::FilterRun& run, Event& event, mrb_value results) {
    bool original = false;
    for (mrb_int i = 0; i < RARRAY_LEN(results); ++i) {
      const mrb_value item = mrb_ary_entry(results, i);
      const auto* box = ruby::event_box(item);
      if (box && box->event == &event)
        original = true;
      else if (auto* fresh = ruby::event_in_batch(program_.state(), item))
        program_.interpreter().work().emitted.push_back(fresh);
    }
    (void)run;
    if (!original) event.cancel();
  }

  void fail(Event& event, WarningLimiter& limiter, const ruby::Raised& raised) const {
    const bool file = !config_.path.empty();
    log_ruby_exception(limiter, kLogger,
                       (file ? "Could not process event: " : "Ruby exception occurred: ") + raised.message,
                       raised);
    if (config_.tag_with_message) event.tag(config_.tag + ": " + raised.message);
    event.tag(config_.tag);
  }

  const Config& config_;
  ruby::Program program_;
  mrb_value receiver_{};
  mrb_sym method_ = 0;
  mrb_value place_{};  // the event object, when the code keeps none
  mrb_value block_{};  // new_event_block
};

/// The code in the interpreter of a worker's own thread: for code without state.
class OwnWorker : public plugin::FilterWorker {
 public:
  explicit OwnWorker(const Config& config) : config_(config) {}

  void filter(plugin::FilterRun& run) override {
    auto& interpreter = ruby::Interpreter::of_thread();
    if (!code_ || &code_->program().interpreter() != &interpreter) {
      code_ = std::make_unique<Code>(config_, interpreter);
      ruby::Raised raised;
      loaded_ = code_->load(raised);
      if (!loaded_) log::error(kLogger, "The code could not be loaded: " + describe(raised));
    }
    if (loaded_) return code_->filter(run, limiter_);
    for (auto* event : run.events()) event->tag(config_.tag);
  }

 private:
  const Config& config_;
  std::unique_ptr<Code> code_;
  bool loaded_ = false;
  WarningLimiter limiter_;
};

/// All workers together in the shared interpreter: for code with state.
class SharedWorker : public plugin::FilterWorker {
 public:
  explicit SharedWorker(Code& code) : code_(code) {}

  void filter(plugin::FilterRun& run) override {
    std::scoped_lock lock(ruby::SharedInterpreter::instance().mutex);
    code_.filter(run, limiter_);
  }

 private:
  Code& code_;
  WarningLimiter limiter_;
};

class RubyFilter : public plugin::Filter {
 public:
  explicit RubyFilter(Config config) : config_(std::move(config)) {}
  ~RubyFilter() override { stop(); }

  Status start(plugin::Start&) override {
    if (!config_.stateful) return {};
    auto& shared = ruby::SharedInterpreter::instance();
    std::scoped_lock lock(shared.mutex);
    code_ = std::make_unique<Code>(config_, shared.get());
    ruby::Raised raised;
    if (code_->load(raised)) return {};
    const std::string what = config_.path.empty() ? "init" : "register of '" + config_.path + "'";
    return Status::config("filter ruby " + config_.id + ": error in " + what + ": " + describe(raised));
  }

  // Code that never ends holds the lock for ever; what it keeps is left to it then.
  void stop() override {
    if (!code_) return;
    std::unique_lock lock(ruby::SharedInterpreter::instance().mutex, std::try_to_lock);
    if (!lock.owns_lock()) return (void)code_.release();
    code_->program().release();
    code_.reset();
  }

  std::unique_ptr<plugin::FilterWorker> worker() override {
    if (code_) return std::make_unique<SharedWorker>(*code_);
    return std::make_unique<OwnWorker>(config_);
  }

 private:
  Config config_;
  std::unique_ptr<Code> code_;
};

bool read_script(plugin::Setup& setup, Config& config) {
  auto script = read_file(config.path, kLargestScript);
  if (script.ok() && script->size() <= kLargestScript) {
    config.script = std::move(*script);
    return true;
  }
  setup.error("path", "E0305", "The Ruby file cannot be read: " + config.path,
              "Give the path of a file that defines filter(event).");
  return false;
}

// Logstash runs the tests of a file whenever it reads it, and does not start when one fails.
void run_tests(plugin::Setup& setup, const Config& config) {
  Code code(config, ruby::Interpreter::of_thread());
  ruby::Raised raised;
  std::vector<std::string> failures;
  if (!code.load(raised, &failures)) {
    setup.error("path", "E0309", "Error during load of '" + config.path + "': " + describe(raised),
                "Mend the file.");
  }
  for (const auto& failure : failures)
    setup.error("path", "E0309", "A test of '" + config.path + "' fails: " + failure,
                "Mend the file, or the test.");
  code.program().release();
}

bool check_options(plugin::Setup& setup) {
  const bool code = setup.options.given("code"), path = setup.options.given("path");
  if (code && path)
    setup.error("path", "E0307", "code and path exclude one another",
                "Use code for code in the config, or path for a file.");
  if (!code && !path)
    setup.error("code", "E0308", "There is neither code nor path", "Add code => \"...\", or path => a file.");
  if (path && setup.options.given("init"))
    setup.warning("init", "W0307", "init has no effect beside path", "Use register(params) of the file.");
  if (!path && setup.options.given("script_params"))
    setup.warning("script_params", "W0308", "script_params has no effect without path", "Remove it.");
  return code != path;
}

std::unique_ptr<plugin::Filter> make(plugin::Setup& setup) {
  if (!check_options(setup)) return nullptr;
  const size_t errors = setup.diagnostics.error_count();
  Config config;
  config.id = setup.id;
  config.code = setup.options.string("code");
  config.init = setup.options.string("init");
  config.path = setup.options.string("path");
  config.params = setup.options.hash("script_params");
  config.tag = setup.options.string("tag_on_exception");
  config.tag_with_message = setup.options.boolean("tag_with_exception_message");
  ruby::Inspection inspection;
  if (config.path.empty()) {
    inspection = check_ruby(setup, {{"init", ""}, {"code", kParameters}});
  } else {
    if (!read_script(setup, config)) return nullptr;
    inspection = check_ruby_file(setup, config.path, config.script);
  }
  if (setup.diagnostics.error_count() != errors) return nullptr;
  config.stateful = inspection.stateful || !config.init.empty() || !config.path.empty();
  config.keeps_events = inspection.keeps_events;
  if (!config.path.empty()) run_tests(setup, config);
  if (setup.diagnostics.error_count() != errors) return nullptr;
  return std::make_unique<RubyFilter>(std::move(config));
}

}  // namespace

extern const plugin::Spec filter_ruby;
const plugin::Spec filter_ruby{
    .kind = plugin::Kind::filter,
    .name = "ruby",
    .summary = "Runs Ruby code on events.",
    .options = kOptions,
    .example = "filter { ruby { code => \"event.set('doubled', event.get('count').to_i * 2)\" } }",
    .filter = make,
};

}  // namespace sluice::plugins
