// One aggregate filter at work: its code, and the rules by which tasks begin, end and run out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "event/template.hpp"
#include "plugin/filter.hpp"
#include "plugins/aggregate/tasks.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "ruby/program.hpp"

namespace sluice::plugins::aggregate {

/// The options.
struct Config {
  std::string id, pipeline_id;
  std::string task_id;  // the pattern
  Template task;        // the same
  std::string code, timeout_code;
  bool creates = true;  // map_action
  bool updates = true;
  bool end_of_task = false;
  std::string maps_path;
  Timeouts timeouts;
  bool has_timeout_options = false;
  bool push_previous = false;
  FieldRef timestamp_field, task_id_field;
  bool has_timestamp_field = false, has_task_id_field = false;
  std::vector<Template> tags;
  int64_t warn_from = 5000;
  bool keeps_events = false;
};

/// Used with the shared interpreter's lock held, but for the constructor.
class Aggregator {
 public:
  explicit Aggregator(const Config& config) : config_(config) {}

  Status start(ruby::Interpreter& interpreter, plugin::PluginMetrics& metrics);
  /// Stores the maps when this filter has to; a failure is logged.
  void stop();

  void filter(plugin::FilterRun& run, Event& event);
  void flush(plugin::FilterRun& run, bool final);

 private:
  void work(plugin::FilterRun& run, Event& event, const std::string& task_id);
  bool run_code(Event& event, const Element& element);
  Element begin_task(const std::string& task_id, int64_t reference);
  [[nodiscard]] Element find(const std::string& task_id);
  void forget(const std::string& task_id);
  [[nodiscard]] mrb_int count() const;
  void warn_about_count();
  void take_timeouts();
  bool reference_time(const Event& event, int64_t& nanos) const;
  [[nodiscard]] bool expired(const Element& element, int64_t now, bool by_clock) const;
  Event* expire_by_event(const std::string& task_id, int64_t reference);
  Event* finish_custom_timeout(const Element& element, const std::string& task_id);
  Event* extract_previous();
  Event* timeout_event(mrb_value map, mrb_value task_id);
  bool run_timeout_code(Event& event);
  void expire_all(std::vector<Event*>& out);
  [[nodiscard]] mrb_value key(const std::string& task_id) const;
  [[nodiscard]] mrb_state* mrb() const { return program_->state(); }

  const Config& config_;
  std::shared_ptr<Pipeline> pipeline_;
  std::unique_ptr<ruby::Program> program_;
  Tasks* tasks_ = nullptr;
  mrb_value block_{}, element_class_{};
  mrb_sym code_ = 0, timeout_code_ = 0;
  struct {
    plugin::Counter *maps, *pushed, *timeouts, *code_errors, *timeout_code_errors;
  } counters_{};
  int64_t events_since_warning_ = 0;
  WarningLimiter limiter_;
  std::string task_id_;  // of the event in work; kept for its memory
};

}  // namespace sluice::plugins::aggregate
