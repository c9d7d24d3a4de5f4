// filter elapsed: the time between a start event and the end event of the same task.
#include <algorithm>
#include <mutex>

#include "base/hash.hpp"
#include "base/log.hpp"
#include "event/json_read.hpp"
#include "event/json_write.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/flush_clock.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/inputs/host_field.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.filters.elapsed";
// What the tasks without an end may take: the timeout bounds their time and not their number.
constexpr size_t kMostBytes = size_t{1} << 30;
constexpr size_t kTaskBytes = 160;  // of one beside its id
constexpr std::string_view kElapsedTag = "elapsed";
constexpr std::string_view kMatchTag = "elapsed_match";
constexpr std::string_view kExpiredTag = "elapsed_expired_error";
constexpr std::string_view kNoStartTag = "elapsed_end_without_start";

constexpr plugin::Option kOptions[] = {
    {"start_tag", plugin::Type::string, {}, "The tag of events that begin a task.", plugin::kRequired},
    {"end_tag", plugin::Type::string, {}, "The tag of events that end a task.", plugin::kRequired},
    {"unique_id_field",
     plugin::Type::field_reference,
     {},
     "The field whose value both events of a task share.",
     plugin::kRequired},
    {"timeout", plugin::Type::number, "1800",
     "Seconds after which a task without an end is given up: an event with the tag elapsed_expired_error "
     "says so."},
    {"new_event_on_match", plugin::Type::boolean, "false",
     "Make a new event for a task that has ended, instead of adding fields to its end event."},
    {"keep_start_event", plugin::Type::string, "\"first\"",
     "Which start event counts when a task has several.", 0, "first|last"},
    {"periodic_flush", plugin::Type::boolean, "true", "Look every five seconds for tasks to be given up."},
};

struct Config {
  std::string start_tag, end_tag, host;
  FieldRef id;
  double timeout = 0;
  bool new_event = false;
  bool keep_last = false;
  bool flush = true;
  Key time = Key::intern("elapsed_time");
  Key started = Key::intern("elapsed_timestamp_start");
};

/// A task that has begun.
struct Task {
  std::string id;       // its value, as TaskId writes it
  int64_t started = 0;  // the start event's timestamp
  int64_t age = 0;      // seconds since the start event came
  uint64_t number = 0;  // in the order of arrival
};

/// The tasks that have no end yet, shared by the workers. Thread-safe.
class Tasks {
 public:
  void begin(const std::string& id, int64_t started, bool keep_last) {
    std::scoped_lock lock(mutex_);
    auto at = tasks_.find(id);
    if (at == tasks_.end()) {
      if (!room_for(id)) return;
      at = tasks_.try_emplace(id).first;
      at->second.number = next_++;
    } else if (!keep_last) {
      return;
    }
    at->second.started = started;
    at->second.age = 0;
  }
  /// Ends a task; nothing when it has not begun.
  std::optional<int64_t> end(const std::string& id) {
    std::scoped_lock lock(mutex_);
    const auto at = tasks_.find(id);
    if (at == tasks_.end()) return std::nullopt;
    const int64_t started = at->second.started;
    bytes_ -= at->first.size() + kTaskBytes;
    tasks_.erase(at);
    return started;
  }
  /// Time passes; gives up what is `timeout` seconds old.
  std::vector<Task> expired(double timeout, bool final) {
    std::vector<Task> old;
    std::scoped_lock lock(mutex_);
    const int64_t steps = clock_.steps(final);
    if (steps == 0) return old;
    for (auto at = tasks_.begin(); at != tasks_.end();) {
      auto& task = at->second;
      task.age += steps * FlushClock::kStepSeconds;
      if (static_cast<double>(task.age) < timeout) {
        ++at;
        continue;
      }
      old.push_back(task);
      old.back().id = at->first;
      bytes_ -= at->first.size() + kTaskBytes;
      at = tasks_.erase(at);
    }
    std::sort(old.begin(), old.end(), [](const Task& a, const Task& b) { return a.number < b.number; });
    return old;
  }

 private:
  bool room_for(const std::string& id) {
    if (id.size() + kTaskBytes <= kMostBytes - bytes_) {
      bytes_ += id.size() + kTaskBytes;
      return true;
    }
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::warn(kLogger, "There are too many tasks without an end: a further one is not measured.",
                {{"tasks", uint64_t{tasks_.size()}}, {"suppressed", suppressed}});
    return false;
  }

  std::mutex mutex_;
  FlushClock clock_;
  TextMap<Task> tasks_;
  WarningLimiter warnings_;
  size_t bytes_ = 0;
  uint64_t next_ = 0;
};

class ElapsedWorker : public plugin::FilterWorker {
 public:
  ElapsedWorker(const Config& config, Tasks& tasks) : config_(config), tasks_(tasks) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      const Value* id = event->get(config_.id);
      if (!id || id->is_null()) continue;
      const bool starts = tagged(*event, config_.start_tag);
      if (!starts && !tagged(*event, config_.end_tag)) continue;
      const Value value = *id;
      write_id(value);
      (void)run.matched(*event);
      if (starts)
        tasks_.begin(id_text(), event->timestamp(), config_.keep_last);
      else
        end(*event, value, run);
    }
  }

  void flush(plugin::FilterRun& run, bool final) override {
    for (const auto& task : tasks_.expired(config_.timeout, final)) {
      Event& event = make(run);
      event.tag(kElapsedTag);
      event.tag(kExpiredTag);
      (void)event.set(config_.id, read_id(task.id, event));
      event.set(config_.time, Value::integer(task.age));
      event.set(config_.started, Value::timestamp(task.started));
      (void)run.matched(event);
      run.emit(event);
    }
  }

 private:
  void end(Event& event, const Value& id, plugin::FilterRun& run) {
    const auto started = tasks_.end(id_text());
    if (!started) return event.tag(kNoStartTag);
    const Value seconds = Value::real(static_cast<double>(event.timestamp() - *started) / 1e9);
    if (!config_.new_event) return add_elapsed(event, seconds, id, *started);
    Event& made = make(run);
    add_elapsed(made, seconds, deep_copy(id, made.arena()), *started);
    (void)run.matched(made);
    run.emit(made, event);
  }

  void add_elapsed(Event& event, const Value& seconds, const Value& id, int64_t started) {
    event.tag(kElapsedTag);
    event.tag(kMatchTag);
    event.set(config_.time, seconds);
    (void)event.set(config_.id, id);
    event.set(config_.started, Value::timestamp(started));
  }

  Event& make(plugin::FilterRun& run) {
    Event& event = run.batch().make();
    normalize(event);
    event.set(Names::get().host, event.text(config_.host));
    return event;
  }

  // A list of tags has the tag, a single one contains it: as Ruby's include? has it.
  static bool tagged(const Event& event, const std::string& tag) {
    const Value* tags = event.get(Names::get().tags);
    if (!tags) return false;
    if (tags->is_string()) return tags->as_text().find(tag) != std::string_view::npos;
    if (!tags->is_array()) return false;
    const auto all = tags->as_array()->all();
    return std::any_of(all.begin(), all.end(),
                       [&](const Value& item) { return item.is_string() && item.as_text() == tag; });
  }

  // The value as a list of one in JSON, which the reader takes back whatever the value is: 1, "1" and 1.0
  // are different tasks.
  void write_id(const Value& id) {
    json_.clear();
    json_.append('[');
    write_json(id, json_);
    json_.append(']');
    id_.assign(json_.view());
  }
  [[nodiscard]] const std::string& id_text() const { return id_; }
  static Value read_id(const std::string& text, Event& event) {
    Value list;
    if (!JsonReader::local().read(text, event.arena(), list) || list.as_array()->size != 1) return {};
    return list.as_array()->items[0];
  }

  const Config& config_;
  Tasks& tasks_;
  Buffer json_;
  std::string id_;
};

class Elapsed : public plugin::Filter {
 public:
  explicit Elapsed(plugin::Setup& setup) {
    const auto& options = setup.options;
    config_.start_tag = options.string("start_tag");
    config_.end_tag = options.string("end_tag");
    config_.host = host_name(setup.environment);
    config_.id = setup.field("unique_id_field");
    config_.timeout = options.number("timeout");
    config_.new_event = options.boolean("new_event_on_match");
    config_.keep_last = options.string("keep_start_event") == "last";
    config_.flush = options.boolean("periodic_flush");
    if (!config_.start_tag.empty() && config_.start_tag == config_.end_tag)
      setup.warning("end_tag", "W0306", "start_tag and end_tag are the same, so no task ever ends",
                    "Give the events that begin a task another tag than those that end it.");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<ElapsedWorker>(config_, tasks_);
  }
  bool wants_flush() const override { return config_.flush; }
  void flow(plugin::Flow& flow) const override {
    flow.reads(config_.id.text(), "unique_id_field");
    for (const auto name : {"elapsed_time", "elapsed_timestamp_start", "tags", "host"}) flow.writes(name);
  }

 private:
  Config config_;
  Tasks tasks_;
};

}  // namespace

extern const plugin::Spec filter_elapsed;
const plugin::Spec filter_elapsed{
    .kind = plugin::Kind::filter,
    .name = "elapsed",
    .summary = "Measures the time between a start event and an end event.",
    .options = kOptions,
    .example =
        "filter { elapsed { start_tag => \"started\" end_tag => \"ended\" unique_id_field => \"task_id\" } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Elapsed>(setup);
    }};

}  // namespace sluice::plugins
