// The maps of the aggregate filters of one pipeline, and who looks after their timeouts.
#pragma once

#include <mruby.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.hpp"
#include "ruby/program.hpp"

namespace sluice::plugins::aggregate {

/// Logstash's timeout of a task when no filter sets one.
inline constexpr double kDefaultTimeout = 1800;

/// What the filters of one task_id pattern may set in one place only. Seconds; below zero: not set.
struct Timeouts {
  double timeout = -1;
  double inactivity_timeout = -1;
  bool push_on_timeout = false;
};

/// All tasks of one task_id pattern: a Ruby hash of LogStash::Filters::Aggregate::Element by task id, in the
/// order in which the tasks began.
struct Tasks {
  mrb_value elements{};
  const void* owner = nullptr;  // the filter that handles the timeouts
  Timeouts timeouts;            // the owner's
  int64_t last_flush = 0;       // wall clock, nanoseconds; 0: never
  bool check_every_flush = false;
};

/// What the aggregate filters of one pipeline share. Used with the shared interpreter's lock held.
class Pipeline {
 public:
  explicit Pipeline(ruby::Interpreter& interpreter)
      : program_(interpreter, ruby::Program::Kind::aggregate, "maps") {}
  ~Pipeline() { program_.release(); }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// The one of a pipeline id, made for the first filter that asks; it goes with the last.
  static std::shared_ptr<Pipeline> of(const std::string& id, ruby::Interpreter& interpreter);

  /// The tasks of a pattern, made when there are none.
  Tasks& tasks(const std::string& pattern);

  /// Reads the maps that store() wrote, and removes the file. Nothing happens when there is none.
  Status load(const std::string& path);
  /// Writes all maps; no file when there are none.
  Status store(const std::string& path);

 private:
  mrb_value aggregate_class();
  std::map<std::string, Tasks> tasks_;
  ruby::Program program_;
};

/// One task's element. Valid while its hash holds it.
class Element {
 public:
  Element(mrb_state* mrb, mrb_value object) : mrb_(mrb), object_(object) {}
  [[nodiscard]] bool exists() const { return !mrb_nil_p(object_); }
  [[nodiscard]] mrb_value object() const { return object_; }
  [[nodiscard]] mrb_value map() const { return get("@map"); }
  /// Nanoseconds; 0 when the code has put something else there.
  [[nodiscard]] int64_t created() const { return moment("@creation_timestamp"); }
  [[nodiscard]] int64_t last_event() const { return moment("@lastevent_timestamp"); }
  /// Whole seconds between the clock and the times above when they were taken.
  [[nodiscard]] int64_t created_lag() const { return whole("@difference_from_creation_to_now"); }
  [[nodiscard]] int64_t last_event_lag() const { return whole("@difference_from_lastevent_to_now"); }
  /// Set by the code; `otherwise` when it is not.
  [[nodiscard]] double timeout(double otherwise) const { return seconds("@timeout", otherwise); }
  [[nodiscard]] double inactivity_timeout(double otherwise) const {
    return seconds("@inactivity_timeout", otherwise);
  }

  void set_created(int64_t nanos, int64_t now);
  void set_last_event(int64_t nanos, int64_t now);

 private:
  [[nodiscard]] mrb_value get(const char* name) const;
  [[nodiscard]] int64_t moment(const char* name) const;
  [[nodiscard]] int64_t whole(const char* name) const;
  [[nodiscard]] double seconds(const char* name, double otherwise) const;
  mrb_state* mrb_;
  mrb_value object_;
};

}  // namespace sluice::plugins::aggregate
