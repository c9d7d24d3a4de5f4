// One running pipeline: from a compiled plan to started plugins and workers, and back.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lang/source.hpp"
#include "plan/plan.hpp"
#include "runtime/health.hpp"
#include "runtime/stream_queue.hpp"
#include "runtime/worker.hpp"

namespace sluice::runtime {

/// Settings of one pipeline, resolved.
struct PipelineSettings {
  std::string id = "main";
  size_t workers = 1;
  size_t batch_size = 125;
  int64_t batch_delay_millis = 0;
  bool show_metrics = true;            // metric.collect: whether the API shows the plugins' figures
  size_t in_flight_bytes = 16u << 20;  // input bytes between reading and confirmed delivery
  int64_t drain_millis = 30'000;       // the longest that stop() waits for deliveries
  std::optional<queue::PersistentQueueSettings> persistent_queue;  // none: the queue is in memory
  int64_t stall_millis = 30'000;  // after which what does not move is a problem; 0: never
  bool drain_queue = false;       // stop() waits until all of the persistent queue is delivered
};

/// Life: construct, start(), (runs), stop(). start and stop on the main thread.
class Pipeline {
 public:
  enum class State : uint8_t { loading, running, draining, finished, terminated };

  /// `sources` is for the places in log lines. `engine` outlives the pipeline. `letters` keeps the events
  /// that are refused; null: they are lost.
  Pipeline(PipelineSettings settings, std::unique_ptr<plan::Plan> plan, lang::SourceSet sources,
           plugin::Engine& engine, std::shared_ptr<plugin::DeadLetters> letters = nullptr);
  ~Pipeline();

  /// Starts outputs, filters, workers, inputs, in this order. After an error everything is stopped again; the
  /// text names the plugin's place in the config.
  Status start();
  /// Stops inputs, drains workers and outputs within drain_millis, then ends. True when everything was
  /// delivered.
  bool stop();
  /// Called once, on some other thread, when all inputs have ended by themselves.
  void on_finished(std::function<void()> callback);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const PipelineSettings& settings() const { return settings_; }
  [[nodiscard]] const plan::Plan& plan() const { return *plan_; }
  /// Null when none is enabled.
  [[nodiscard]] const plugin::DeadLetters* dead_letters() const { return letters_.get(); }
  [[nodiscard]] const StreamQueue& queue() const { return queue_; }
  /// The persistent queue; null without one, and before start().
  [[nodiscard]] const queue::PersistentQueue* disk_queue() const { return disk_queue_; }
  [[nodiscard]] size_t batches_in_flight() const { return pool_.in_flight(); }

  /// What stands still, the worst first; empty while all is well. Any thread.
  [[nodiscard]] std::vector<Problem> problems() const;

  /// Counted since the start.
  plugin::Counter events_in, events_out, busy_nanos;
  plugin::Counter condition_failures;  // events that a condition could not be evaluated on
  plugin::Counter refused;             // these, and the events that plugins gave up for good

 private:
  [[nodiscard]] bool names_events() const;
  Status open_disk_queue();
  Status start_plugins();
  void end_workers();
  bool wait_delivered();
  void stop_plugins();
  void condition_failed(const Event& event, const Span& where);
  std::string place(const Span& span) const;
  template <class Stage>
  std::string component(std::string_view kind, const Stage& stage) const {
    return std::string(kind) + " " + std::string(stage.built.spec->name) + " at " + place(stage.span);
  }
  void find_stalled(int64_t now, int64_t limit, std::vector<Problem>& found) const;

  PipelineSettings settings_;
  std::unique_ptr<plan::Plan> plan_;
  lang::SourceSet sources_;
  plugin::Engine& engine_;
  const std::shared_ptr<plugin::DeadLetters> letters_;
  StreamQueue queue_;
  std::unique_ptr<Persistence> persistence_;
  std::atomic<const queue::PersistentQueue*> disk_queue_{nullptr};  // the same, for other threads
  BatchPool pool_;
  std::unique_ptr<WorkerContext> context_;
  mutable std::mutex workers_mutex_;  // of the list, for other threads
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<State> state_{State::loading};
  std::atomic<bool> inputs_ended_{false};  // by themselves
  size_t started_inputs_ = 0, started_filters_ = 0, started_outputs_ = 0;
};

}  // namespace sluice::runtime
