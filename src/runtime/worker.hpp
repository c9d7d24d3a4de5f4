// A worker: takes input, decodes it, runs the plan, batch after batch.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "event/batch.hpp"
#include "plan/execution.hpp"
#include "plugin/lane.hpp"
#include "runtime/charge.hpp"
#include "runtime/generation.hpp"
#include "runtime/persistence.hpp"

namespace sluice::runtime {

/// What all workers of a pipeline share.
struct WorkerContext {
  StreamQueue& queue;
  Generation* generation;  // changed while the workers are paused
  plan::Execution::Refused refused;
  std::string pipeline_id;
  size_t batch_size;
  int64_t batch_delay_millis;
  plugin::Counter& events_in;
  plugin::Counter& events_out;
  plugin::Counter& busy_nanos;
  Persistence* persistence;  // null with the queue in memory
};

/// One thread. start(), then join() after the queue was closed: it ends when the queue is drained. It ends as
/// well, between two batches, while the queue pauses workers; start() lets it go on.
class Worker {
 public:
  explicit Worker(WorkerContext& context)
      : context_(context),
        execution_(std::make_unique<plan::Execution>(*context.generation->plan, context.refused)) {}
  void start(size_t number);
  /// The final flush of the filters that `next` has not, through the plan that runs. While it is paused.
  void flush_before(const plan::Plan& next);
  /// Goes over to the generation of the context, with the state of the plugins that stay. While it is paused.
  /// Returns the execution before, with the state of the others.
  std::unique_ptr<plan::Execution> renew();
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  /// Ends without draining (a forced stop).
  void abort() { abort_ = true; }

  /// Since when it has been at work on one batch (steady nanoseconds); 0: it waits. Any thread.
  [[nodiscard]] int64_t working_since() const { return working_since_.load(std::memory_order_relaxed); }
  /// Which plugin has that batch. Any thread.
  [[nodiscard]] plan::Execution::Doing doing() const { return execution_->doing(); }

 private:
  void run(bool trims);
  bool through_memory(Turn& turn);
  bool through_disk(Turn& turn);
  bool work_backlog();
  void store(BatchRef batch);
  void give_up();
  void work(const BatchRef& batch, int64_t started);
  BatchRef gather(Turn& turn);
  void charge(const LanePtr& lane, size_t credit, Batch& batch);
  void decode(Turn& turn, Batch& batch);
  void flush_filters(bool final);
  void trim();

  WorkerContext& context_;
  std::unique_ptr<plan::Execution> execution_;
  std::thread thread_;
  std::atomic<bool> abort_{false};
  std::atomic<int64_t> working_since_{0};
  queue::RecordWriter writer_;
  BatchRef unstored_;  // waits for the disk
  plugin::Senders unstored_senders_;
  // Of the batch that is gathered and run:
  plugin::Senders senders_;
  std::vector<Charge*> charges_;  // the batch holds them
  int64_t next_flush_ = 0;
  int64_t next_trim_ = 0;
};

}  // namespace sluice::runtime
