#include "plugins/aggregate/aggregator.hpp"

#include <mruby/array.h>
#include <mruby/class.h>
#include <mruby/hash.h>
#include <mruby/string.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/time.hpp"
#include "match/civil.hpp"
#include "plugins/filters/ruby_code.hpp"
#include "ruby/event_class.hpp"
#include "ruby/value.hpp"

namespace sluice::plugins::aggregate {
namespace {

constexpr std::string_view kLogger = "logstash.filters.aggregate";
constexpr int64_t kWarningsPerThreshold = 5;

int64_t nanos_of(double seconds) {
  constexpr double kLongest = 9e9;
  return static_cast<int64_t>(std::min(seconds, kLongest) * match::kNanosPerSecond);
}

// The fields of a new event from a map. May raise: a map can hold what an event cannot.
struct Making {
  mrb_value map;
  Event* event;
};
mrb_value fill(mrb_state* mrb, void* data) {
  const auto& making = *static_cast<Making*>(data);
  auto& event = *making.event;
  const Value fields = ruby::from_ruby(mrb, making.map, event.arena());
  if (fields.is_object())
    for (const auto& m : fields.as_object()->all()) event.fields().set(event.arena(), m.key, m.value);
  return mrb_nil_value();
}

}  // namespace

Status Aggregator::start(ruby::Interpreter& interpreter, plugin::PluginMetrics& metrics) {
  counters_ = {&metrics.counter("aggregate_maps"), &metrics.counter("pushed_events"),
               &metrics.counter("task_timeouts"), &metrics.counter("code_errors"),
               &metrics.counter("timeout_code_errors")};
  program_ = std::make_unique<ruby::Program>(interpreter, ruby::Program::Kind::aggregate, config_.id);
  ruby::Raised raised;
  bool ok =
      program_->define("code", "event, map, map_meta, &new_event_block", {config_.code, "code", 1}, raised);
  if (ok && !config_.timeout_code.empty())
    ok = program_->define("timeout_code", "event", {config_.timeout_code, "timeout_code", 1}, raised);
  if (!ok) return Status::config("filter aggregate " + config_.id + ": " + describe(raised));
  code_ = program_->intern("code");
  timeout_code_ = program_->intern("timeout_code");
  const int arena = mrb_gc_arena_save(mrb());
  program_->keep(block_ = ruby::new_event_block(mrb()));
  mrb_gc_arena_restore(mrb(), arena);
  RClass* own = mrb_obj_class(mrb(), program_->self());
  element_class_ = mrb_obj_value(mrb_class_get_under(mrb(), own, "Element"));
  pipeline_ = Pipeline::of(config_.pipeline_id, interpreter);
  tasks_ = &pipeline_->tasks(config_.task_id);
  if (config_.has_timeout_options) {
    tasks_->owner = this;
    tasks_->timeouts = config_.timeouts;
  }
  if (config_.maps_path.empty()) return {};
  if (Status loaded = pipeline_->load(config_.maps_path); !loaded.ok()) return loaded;
  return {};
}

void Aggregator::stop() {
  if (pipeline_ && !config_.maps_path.empty()) {
    const Status stored = pipeline_->store(config_.maps_path);
    if (stored.ok())
      log::info(kLogger, "Aggregate maps stored to : " + config_.maps_path);
    else
      log::error(kLogger, stored.message());
  }
  if (tasks_ && tasks_->owner == this) tasks_->owner = nullptr;
  pipeline_.reset();
  tasks_ = nullptr;
  if (program_) program_->release();
  program_.reset();
}

void Aggregator::filter(plugin::FilterRun& run, Event& event) {
  task_id_.clear();
  config_.task.fill(event, task_id_);
  if (task_id_ == config_.task_id) return;  // the field is missing
  const int arena = mrb_gc_arena_save(mrb());
  auto& interpreter = program_->interpreter();
  interpreter.begin(&run.batch(), &event);
  work(run, event, task_id_);
  interpreter.end(config_.keeps_events);
  mrb_gc_arena_restore(mrb(), arena);
}

void Aggregator::work(plugin::FilterRun& run, Event& event, const std::string& task_id) {
  warn_about_count();
  int64_t reference = wall_nanos();
  if (config_.has_timestamp_field && !reference_time(event, reference)) {
    log_ruby_exception(limiter_, kLogger, "Aggregate exception occurred",
                       {"TypeError", "the field of timeout_timestamp_field holds no timestamp", {}});
    event.tag("_aggregateexception");
    return;
  }
  Event* finished = config_.has_timestamp_field ? expire_by_event(task_id, reference) : nullptr;
  Element element = find(task_id);
  if (!element.exists()) {
    if (!config_.creates) return;
    if (config_.push_previous && count() > 0) finished = extract_previous();
    element = begin_task(task_id, reference);
    if (!element.exists()) return;
  } else if (!config_.updates) {
    return;
  }
  element.set_last_event(reference, wall_nanos());
  const bool ok = run_code(event, element);
  for (auto* fresh : program_->interpreter().work().emitted) run.emit(*fresh, event);
  if (config_.end_of_task) forget(task_id);
  if (element.timeout(-1) >= 0 || element.inactivity_timeout(-1) >= 0) {
    Event* done = finish_custom_timeout(element, task_id);
    finished = done ? done : nullptr;
  }
  if (ok)
    if (const Status status = run.matched(event); !status.ok()) event.tag("_aggregateexception");
  if (finished) run.emit(*finished, event);
}

bool Aggregator::run_code(Event& event, const Element& element) {
  const mrb_value object = ruby::new_event(mrb(), event);
  mrb_value result;
  ruby::Raised raised;
  if (program_->call(program_->self(), code_, {object, element.map(), element.object()}, block_, result,
                     raised))
    return true;
  log_ruby_exception(limiter_, kLogger, "Aggregate exception occurred: " + raised.message, raised);
  event.tag("_aggregateexception");
  counters_.code_errors->add();
  return false;
}

mrb_value Aggregator::key(const std::string& task_id) const {
  return mrb_str_new(mrb(), task_id.data(), task_id.size());
}

Element Aggregator::find(const std::string& task_id) {
  return {mrb(), mrb_hash_get(mrb(), tasks_->elements, key(task_id))};
}

void Aggregator::forget(const std::string& task_id) {
  mrb_hash_delete_key(mrb(), tasks_->elements, key(task_id));
  counters_.maps->set(static_cast<uint64_t>(count()));
}

mrb_int Aggregator::count() const { return mrb_hash_size(mrb(), tasks_->elements); }

Element Aggregator::begin_task(const std::string& task_id, int64_t reference) {
  const mrb_value id = key(task_id);
  mrb_value object;
  ruby::Raised raised;
  if (!program_->call(element_class_, "new", {id}, mrb_nil_value(), object, raised)) {
    log_ruby_exception(limiter_, kLogger, "Aggregate exception occurred: " + raised.message, raised);
    return {mrb(), mrb_nil_value()};
  }
  Element element(mrb(), object);
  element.set_created(reference, wall_nanos());
  mrb_hash_set(mrb(), tasks_->elements, id, object);
  counters_.maps->set(static_cast<uint64_t>(count()));
  return element;
}

void Aggregator::warn_about_count() {
  if (config_.warn_from == 0) return;
  const int64_t maps = count();
  if (maps < config_.warn_from) {
    events_since_warning_ = 0;
    return;
  }
  if (events_since_warning_ == 0)
    log::warn(kLogger, "Aggregate filter memory warning: task_id pattern '" + config_.task_id + "' has " +
                           std::to_string(maps) +
                           " maps in memory (threshold: " + std::to_string(config_.warn_from) + ").");
  events_since_warning_ =
      (events_since_warning_ + 1) % std::max<int64_t>(config_.warn_from / kWarningsPerThreshold, 1);
}

// Whoever comes first looks after the timeouts of a pattern for which no filter has set any.
void Aggregator::take_timeouts() {
  if (!tasks_->owner) {
    tasks_->owner = this;
    tasks_->timeouts = config_.timeouts;
  }
  if (tasks_->timeouts.timeout < 0) tasks_->timeouts.timeout = kDefaultTimeout;
  if (tasks_->timeouts.inactivity_timeout < 0) tasks_->timeouts.inactivity_timeout = tasks_->timeouts.timeout;
}

bool Aggregator::reference_time(const Event& event, int64_t& nanos) const {
  const Value* value = event.get(config_.timestamp_field);
  if (!value || value->kind() != Value::Kind::timestamp) return false;
  nanos = value->as_nanos();
  return true;
}

// `by_clock`: `now` is the clock's time, so that times of old events are moved by how far they lay behind it.
bool Aggregator::expired(const Element& element, int64_t now, bool by_clock) const {
  const int64_t created = element.created() + (by_clock ? element.created_lag() * match::kNanosPerSecond : 0);
  const int64_t last =
      element.last_event() + (by_clock ? element.last_event_lag() * match::kNanosPerSecond : 0);
  return created < now - nanos_of(element.timeout(tasks_->timeouts.timeout)) ||
         last < now - nanos_of(element.inactivity_timeout(tasks_->timeouts.inactivity_timeout));
}

Event* Aggregator::expire_by_event(const std::string& task_id, int64_t reference) {
  const Element element = find(task_id);
  if (!element.exists()) return nullptr;
  take_timeouts();
  if (!expired(element, reference, false)) return nullptr;
  Event* event = nullptr;
  if (config_.push_previous || config_.timeouts.push_on_timeout)
    event = timeout_event(element.map(), key(task_id));
  forget(task_id);
  counters_.timeouts->add();
  return event;
}

// A timeout that the code has set through map_meta: 0 ends the task at once.
Event* Aggregator::finish_custom_timeout(const Element& element, const std::string& task_id) {
  take_timeouts();
  if (element.timeout(-1) != 0 && element.inactivity_timeout(-1) != 0) {
    tasks_->check_every_flush = true;
    return nullptr;
  }
  forget(task_id);
  counters_.timeouts->add();
  return tasks_->timeouts.push_on_timeout ? timeout_event(element.map(), key(task_id)) : nullptr;
}

Event* Aggregator::extract_previous() {
  const mrb_value keys = mrb_hash_keys(mrb(), tasks_->elements);
  const mrb_value first = mrb_ary_entry(keys, 0);
  const Element element(mrb(), mrb_hash_delete_key(mrb(), tasks_->elements, first));
  counters_.maps->set(static_cast<uint64_t>(count()));
  return timeout_event(element.map(), first);
}

Event* Aggregator::timeout_event(mrb_value map, mrb_value task_id) {
  auto& interpreter = program_->interpreter();
  Event& event = interpreter.work().batch->make();
  Making making{map, &event};
  mrb_value result;
  ruby::Raised raised;
  if (!interpreter.protect(fill, &making, result, raised)) {
    log_ruby_exception(limiter_, kLogger, "A map cannot become an event: " + raised.message, raised);
    return nullptr;
  }
  normalize(event);
  if (config_.has_task_id_field)
    (void)event.set(config_.task_id_field,
                    event.text({RSTRING_PTR(task_id), static_cast<size_t>(RSTRING_LEN(task_id))}));
  std::string text;
  for (const auto& tag : config_.tags) {
    text.clear();
    tag.fill(event, text);
    event.tag(text);
  }
  if (!config_.timeout_code.empty() && !run_timeout_code(event)) {
    event.tag("_aggregateexception");
    counters_.timeout_code_errors->add();
  }
  counters_.pushed->add();
  return &event;
}

bool Aggregator::run_timeout_code(Event& event) {
  const mrb_value object = ruby::new_event(mrb(), event);
  mrb_value result;
  ruby::Raised raised;
  if (program_->call(program_->self(), timeout_code_, {object}, mrb_nil_value(), result, raised)) return true;
  log_ruby_exception(limiter_, kLogger, "Aggregate exception occurred: " + raised.message, raised);
  return false;
}

void Aggregator::expire_all(std::vector<Event*>& out) {
  const int64_t now = wall_nanos();
  const mrb_value keys = mrb_hash_keys(mrb(), tasks_->elements);
  const int arena = mrb_gc_arena_save(mrb());
  for (mrb_int i = 0; i < RARRAY_LEN(keys); ++i) {
    const mrb_value id = mrb_ary_entry(keys, i);
    const Element element(mrb(), mrb_hash_get(mrb(), tasks_->elements, id));
    if (!element.exists() || !expired(element, now, true)) continue;
    if (config_.push_previous || config_.timeouts.push_on_timeout)
      if (auto* event = timeout_event(element.map(), id)) out.push_back(event);
    mrb_hash_delete_key(mrb(), tasks_->elements, id);
    counters_.timeouts->add();
    mrb_gc_arena_restore(mrb(), arena);
  }
  if (count() == 0) tasks_->check_every_flush = false;
}

void Aggregator::flush(plugin::FilterRun& run, bool final) {
  take_timeouts();
  if (tasks_->owner != this) return;
  const int64_t now = wall_nanos();
  const int64_t every = nanos_of(tasks_->timeouts.inactivity_timeout) / 2;
  if (tasks_->last_flush != 0 && now <= tasks_->last_flush + every && !final && !tasks_->check_every_flush)
    return;
  auto& interpreter = program_->interpreter();
  const int arena = mrb_gc_arena_save(mrb());
  interpreter.begin(&run.batch(), nullptr);
  std::vector<Event*> out;
  expire_all(out);
  if (final && config_.push_previous && count() > 0)
    if (auto* event = extract_previous()) out.push_back(event);
  counters_.maps->set(static_cast<uint64_t>(count()));
  for (auto* event : out) {
    if (final) event->tag("_aggregatefinalflush");
    run.emit(*event);
  }
  tasks_->last_flush = wall_nanos();
  interpreter.end(config_.keeps_events);
  mrb_gc_arena_restore(mrb(), arena);
}

}  // namespace sluice::plugins::aggregate
