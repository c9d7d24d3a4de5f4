// One running pipeline: from a compiled plan to started plugins and workers, and back.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lang/source.hpp"
#include "plan/plan.hpp"
#include "runtime/entrance.hpp"
#include "runtime/generation.hpp"
#include "runtime/health.hpp"
#include "runtime/pipeline_engine.hpp"
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

/// What came of a reload.
enum class Swap : uint8_t {
  done,     ///< the new plan runs
  refused,  ///< a plugin of it could not start; the former plan runs on, untouched
  stuck,    ///< an output that it drops cannot deliver: the pipeline must be stopped and started
  broken    ///< an input of it could not start, when the former one had ended: reload the former plan
};
struct SwapResult {
  Swap swap = Swap::done;
  Status status{};
};

/// Life: construct, start(), (runs, reload()), stop(). These on the main thread.
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
  /// Puts `plan` in the place of the plan that runs, between two batches. Plugins of which both plans say the
  /// same go on with their connections and all their state; the others are stopped once what they have is
  /// delivered, for drain_millis at most, while inputs wait. Nothing is lost and nothing done twice.
  SwapResult reload(std::unique_ptr<plan::Plan> plan, lang::SourceSet sources);
  /// Lets go of former plans whose last event has been delivered. True while there are others.
  bool forget_former();
  /// Stops inputs, drains workers and outputs within drain_millis, then ends. True when everything was
  /// delivered.
  bool stop();
  /// Called once, on some other thread, when all inputs have ended by themselves.
  void on_finished(std::function<void()> callback);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const PipelineSettings& settings() const { return settings_; }
  /// The plan that runs; any thread.
  [[nodiscard]] std::shared_ptr<const plan::Plan> plan() const { return generation()->plan; }
  /// Null when none is enabled.
  [[nodiscard]] const plugin::DeadLetters* dead_letters() const { return letters_.get(); }
  [[nodiscard]] const StreamQueue& queue() const { return queue_; }
  /// The persistent queue; null without one, and before start().
  [[nodiscard]] const queue::PersistentQueue* disk_queue() const { return disk_queue_; }
  [[nodiscard]] size_t batches_in_flight() const;

  /// What stands still, the worst first; empty while all is well. Any thread.
  [[nodiscard]] std::vector<Problem> problems() const;

  /// Counted since the start.
  plugin::Counter events_in, events_out, busy_nanos;
  plugin::Counter condition_failures;  // events that a condition could not be evaluated on
  plugin::Counter refused;             // these, and the events that plugins gave up for good

 private:
  [[nodiscard]] std::shared_ptr<Generation> generation() const;
  std::shared_ptr<Generation> make_generation(std::unique_ptr<plan::Plan> plan, lang::SourceSet sources);
  [[nodiscard]] bool names_events() const;
  Status open_disk_queue();
  template <class T, class Begin>
  Status start_stage(plan::Stage<T>& stage, const Generation& generation, Begin begin);
  template <class T>
  Status start_stages(plan::Stages<T>& stages, const Generation& generation);
  Status start_outputs_and_filters(const Generation& generation);
  Status start_inputs(const Generation& generation);
  Status start_plugins();
  void input_ended();
  void start_workers();
  void end_workers();
  bool wait_delivered();
  bool wait_idle(int64_t millis);
  void stop_plugins();
  void condition_failed(const Event& event, const Span& where);

  struct Change;
  Change compare(std::unique_ptr<plan::Plan> plan, lang::SourceSet sources);
  bool let_dropped_finish(Change& change);
  bool wait_settled(int64_t until) const;
  void pause_workers();
  void start_workers_again();
  void swap_in(Change& change);
  void end_dropped(Change& change);

  void find_stalled(int64_t now, int64_t limit, std::vector<Problem>& found) const;
  static void find_undelivered(const Generation& generation, int64_t now, int64_t limit,
                               std::vector<Problem>& found);
  void find_unwritten_letters(int64_t now, int64_t limit, std::vector<Problem>& found) const;

  PipelineSettings settings_;
  PipelineEngine engine_;
  const std::shared_ptr<plugin::DeadLetters> letters_;
  StreamQueue queue_;
  std::unique_ptr<Persistence> persistence_;
  std::atomic<const queue::PersistentQueue*> disk_queue_{nullptr};  // the same, for other threads
  std::unique_ptr<WorkerContext> context_;
  bool names_events_ = false;
  mutable std::mutex mutex_;  // of what follows, for other threads; written by the main thread
  std::shared_ptr<Generation> current_;
  std::vector<std::shared_ptr<Generation>> former_;  // with batches that are not delivered
  std::vector<std::unique_ptr<Worker>> workers_;
  std::map<const plan::Stage<plugin::Input>*, std::unique_ptr<Entrance>> entrances_;
  std::function<void()> on_finished_;
  std::atomic<State> state_{State::loading};
  std::atomic<bool> inputs_ended_{false};  // by themselves
};

}  // namespace sluice::runtime
