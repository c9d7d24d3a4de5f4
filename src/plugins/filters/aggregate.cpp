// filter aggregate: events of one task are gathered in a map by Ruby code.
#include <algorithm>
#include <atomic>
#include <mutex>

#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/aggregate/aggregator.hpp"
#include "plugins/filters/ruby_code.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr std::string_view kLogger = "logstash.filters.aggregate";

constexpr plugin::Option kOptions[] = {
    {"task_id", Type::string, {}, "What names a task: a text with a %{field} in it.", plugin::kRequired},
    {"code", Type::string, {}, "Ruby code that works with `event`, `map` and `map_meta`.", plugin::kRequired},
    {"map_action", Type::string, "\"create_or_update\"",
     "Whether an event may begin a task, belong to one, or both.", 0, "create|update|create_or_update"},
    {"end_of_task", Type::boolean, "false", "The event ends its task: the map goes."},
    {"aggregate_maps_path",
     Type::string,
     {},
     "A file that keeps the maps over a restart, in a form of this engine's own."},
    {"timeout", Type::number, {}, "Seconds after which a task is given up; 1800 when no filter says."},
    {"inactivity_timeout", Type::number, {}, "Seconds without an event after which a task is given up."},
    {"timeout_code", Type::string, {}, "Ruby code that works on the `event` that a map becomes."},
    {"push_map_as_event_on_timeout", Type::boolean, "false",
     "Let the map of a task that is given up become an event."},
    {"push_previous_map_as_event", Type::boolean, "false",
     "Let the oldest map become an event when a new task begins, and at the end."},
    {"timeout_timestamp_field",
     Type::string,
     {},
     "The field whose time counts for timeouts instead of the clock."},
    {"timeout_task_id_field", Type::string, {}, "The field of the new event that gets the task's id."},
    {"timeout_tags", Type::array, "[]", "Tags for events that maps become."},
    {"map_count_warning_threshold", Type::number, "5000",
     "From how many maps on a warning is logged; 0 for never."},
};

/// The aggregate filters that exist, to tell what one task_id pattern may have only once. `diagnostics` is
/// that of the config they are built from, until they start.
struct Living {
  const void* filter;
  const void* diagnostics;
  std::string pipeline_id, task_id;
  bool timeouts, maps_path;
};
std::mutex living_mutex;
std::vector<Living> living;

class AggregateWorker : public plugin::FilterWorker {
 public:
  AggregateWorker(aggregate::Aggregator& aggregator, std::atomic<int>& unfinished)
      : aggregator_(aggregator), unfinished_(unfinished) {}

  void filter(plugin::FilterRun& run) override {
    std::scoped_lock lock(ruby::SharedInterpreter::instance().mutex);
    for (auto* event : run.events()) aggregator_.filter(run, *event);
  }

  // The final flush is that of the last worker: before it the others may still have events.
  void flush(plugin::FilterRun& run, bool final) override {
    if (final && unfinished_.fetch_sub(1) != 1) return;
    std::scoped_lock lock(ruby::SharedInterpreter::instance().mutex);
    aggregator_.flush(run, final);
  }

 private:
  aggregate::Aggregator& aggregator_;
  std::atomic<int>& unfinished_;
};

class AggregateFilter : public plugin::Filter {
 public:
  AggregateFilter(aggregate::Config config, const plugin::Environment& environment, const void* diagnostics)
      : config_(std::move(config)), workers_(environment.workers), aggregator_(config_) {
    std::scoped_lock lock(living_mutex);
    living.push_back({this, diagnostics, config_.pipeline_id, config_.task_id, config_.has_timeout_options,
                      !config_.maps_path.empty()});
  }
  ~AggregateFilter() override {
    stop();
    std::scoped_lock lock(living_mutex);
    std::erase_if(living, [this](const Living& l) { return l.filter == this; });
  }

  Status start(plugin::Start& start) override {
    {
      std::scoped_lock lock(living_mutex);
      for (auto& l : living)
        if (l.filter == this) l.diagnostics = nullptr;
    }
    if (workers_ > 1)
      log::warn(kLogger, "The aggregate filter sees the events of different streams in no fixed order with " +
                             std::to_string(workers_) +
                             " workers; set pipeline.workers: 1 (-w 1) when tasks span streams");
    auto& shared = ruby::SharedInterpreter::instance();
    std::scoped_lock lock(shared.mutex);
    started_ = true;
    return aggregator_.start(shared.get(), start.metrics);
  }

  // Code that never ends holds the lock for ever.
  void stop() override {
    if (!started_) return;
    std::unique_lock lock(ruby::SharedInterpreter::instance().mutex, std::try_to_lock);
    if (!lock.owns_lock()) return;
    started_ = false;
    aggregator_.stop();
  }

  std::unique_ptr<plugin::FilterWorker> worker() override {
    unfinished_.fetch_add(1);
    return std::make_unique<AggregateWorker>(aggregator_, unfinished_);
  }
  [[nodiscard]] bool wants_flush() const override { return true; }

 private:
  aggregate::Config config_;
  size_t workers_;
  aggregate::Aggregator aggregator_;
  std::atomic<int> unfinished_{0};
  bool started_ = false;
};

void check_task_id(plugin::Setup& setup, const std::string& task_id) {
  const size_t at = task_id.find("%{");
  const size_t end = at == std::string::npos ? at : task_id.find('}', at + 3);
  if (end != std::string::npos) return;
  setup.error("task_id", "E0306",
              "The task_id '" + task_id + "' names no field, so all events would be one task",
              "Write the field that names the task: task_id => \"%{transaction}\".");
}

void check_timeouts(plugin::Setup& setup, const aggregate::Config& config) {
  const auto& t = config.timeouts;
  const double limit = t.timeout < 0 ? aggregate::kDefaultTimeout : t.timeout;
  if (t.inactivity_timeout > limit)
    setup.error(
        "inactivity_timeout", "E0306",
        "inactivity_timeout must be lower than timeout (" + std::to_string(static_cast<int64_t>(limit)) + ")",
        "Make it lower, or give a longer timeout.");
}

// What several filters of one pipeline exclude.
void check_others(plugin::Setup& setup, const aggregate::Config& config) {
  std::scoped_lock lock(living_mutex);
  for (const auto& l : living) {
    if (l.diagnostics != &setup.diagnostics || l.pipeline_id != config.pipeline_id) continue;
    if (l.timeouts && config.has_timeout_options && l.task_id == config.task_id)
      setup.error(
          "task_id", "E0307",
          "Another aggregate filter with the task_id '" + config.task_id + "' has timeout options as well",
          "Give timeout, inactivity_timeout, timeout_code, push_map_as_event_on_timeout, "
          "push_previous_map_as_event, timeout_timestamp_field, timeout_task_id_field and timeout_tags in "
          "one filter of a task_id.");
    if (l.maps_path && !config.maps_path.empty())
      setup.error("aggregate_maps_path", "E0307",
                  "Another aggregate filter has an aggregate_maps_path as well",
                  "Give it in one filter: the file holds the maps of all.");
  }
}

double seconds(const plugin::Options& options, std::string_view name) {
  return options.given(name) ? std::max(options.number(name), 0.0) : -1;
}

aggregate::Config read(plugin::Setup& setup) {
  const auto& o = setup.options;
  aggregate::Config c;
  c.id = setup.id;
  c.pipeline_id = setup.environment.pipeline_id;
  c.task_id = o.string("task_id");
  c.task = Template(c.task_id);
  c.code = o.string("code");
  c.timeout_code = o.string("timeout_code");
  c.creates = o.string("map_action") != "update";
  c.updates = o.string("map_action") != "create";
  c.end_of_task = o.boolean("end_of_task");
  c.maps_path = o.string("aggregate_maps_path");
  c.timeouts = {seconds(o, "timeout"), seconds(o, "inactivity_timeout"),
                o.boolean("push_map_as_event_on_timeout")};
  c.push_previous = o.boolean("push_previous_map_as_event");
  c.has_timestamp_field = o.given("timeout_timestamp_field");
  if (c.has_timestamp_field) c.timestamp_field = setup.field("timeout_timestamp_field");
  c.has_task_id_field = o.given("timeout_task_id_field");
  if (c.has_task_id_field) c.task_id_field = setup.field("timeout_task_id_field");
  for (const auto& tag : o.strings("timeout_tags")) c.tags.emplace_back(tag);
  c.warn_from = o.integer("map_count_warning_threshold");
  c.has_timeout_options = c.timeouts.timeout >= 0 || c.timeouts.inactivity_timeout >= 0 ||
                          !c.timeout_code.empty() || c.timeouts.push_on_timeout || c.push_previous ||
                          c.has_timestamp_field || c.has_task_id_field || !c.tags.empty();
  return c;
}

std::unique_ptr<plugin::Filter> make(plugin::Setup& setup) {
  const size_t errors = setup.diagnostics.error_count();
  auto config = read(setup);
  check_task_id(setup, config.task_id);
  check_timeouts(setup, config);
  check_others(setup, config);
  const auto inspection =
      check_ruby(setup, {{"code", "event, map, map_meta, &new_event_block"}, {"timeout_code", "event"}});
  // A map outlives the event, and the code may put the event into it.
  config.keeps_events = inspection.escapes;
  if (setup.diagnostics.error_count() != errors) return nullptr;
  return std::make_unique<AggregateFilter>(std::move(config), setup.environment, &setup.diagnostics);
}

}  // namespace

extern const plugin::Spec filter_aggregate;
const plugin::Spec filter_aggregate{
    .kind = plugin::Kind::filter,
    .name = "aggregate",
    .summary = "Gathers what several events of one task say, by Ruby code.",
    .options = kOptions,
    .example =
        "filter {\n  aggregate {\n    task_id => \"%{transaction}\"\n    code => \"map['total'] ||= 0; "
        "map['total'] += event.get('amount').to_i\"\n    push_map_as_event_on_timeout => true\n"
        "    timeout => 60\n  }\n}",
    .filter = make,
};

}  // namespace sluice::plugins
