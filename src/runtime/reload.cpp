#include <chrono>
#include <thread>

#include "base/log.hpp"
#include "base/time.hpp"
#include "runtime/pipeline.hpp"

namespace sluice::runtime {
namespace {

constexpr std::string_view kLogger = "logstash.agent";
constexpr auto kLook = std::chrono::milliseconds(1);

int64_t millis_until(int64_t steady) { return std::max<int64_t>(0, (steady - steady_nanos()) / 1'000'000); }

}  // namespace

/// What a reload changes: the stages that the next plan has not, and those that only it has.
struct Pipeline::Change {
  std::shared_ptr<Generation> next;
  plan::Stages<plugin::Input> dropped_inputs;
  plan::Stages<plugin::Filter> dropped_filters, new_filters;
  plan::Stages<plugin::Output> dropped_outputs, new_outputs;
  std::vector<std::function<void()>> moves;
  std::vector<std::unique_ptr<plan::Execution>> executions;  // that hold the state of dropped plugins

  /// Filters alone can be exchanged while events are under way.
  [[nodiscard]] bool needs_quiet() const { return !dropped_inputs.empty() || !dropped_outputs.empty(); }
};

Pipeline::Change Pipeline::compare(std::unique_ptr<plan::Plan> plan, lang::SourceSet sources) {
  Change change;
  change.next = make_generation(std::move(plan), std::move(sources));
  auto& next = *change.next->plan;
  const auto& running = *current_->plan;
  const bool names = std::any_of(next.outputs.begin(), next.outputs.end(),
                                 [](const auto& stage) { return stage->built.plugin->names_events(); });
  // Inputs are told at their start whether to name events.
  if (names == names_events_) adopt(next.inputs, running.inputs, *change.next, change.moves);
  names_events_ = names;
  adopt(next.filters, running.filters, *change.next, change.moves);
  adopt(next.outputs, running.outputs, *change.next, change.moves);
  change.dropped_inputs = difference(running.inputs, next.inputs);
  change.dropped_filters = difference(running.filters, next.filters);
  change.dropped_outputs = difference(running.outputs, next.outputs);
  change.new_filters = difference(next.filters, running.filters);
  change.new_outputs = difference(next.outputs, running.outputs);
  return change;
}

SwapResult Pipeline::reload(std::unique_ptr<plan::Plan> plan, lang::SourceSet sources) {
  forget_former();
  const bool named_events = names_events_;
  auto change = compare(std::move(plan), std::move(sources));
  const auto give_up = [&](Swap swap, Status status) {
    stop_stages(change.new_outputs);
    stop_stages(change.new_filters);
    names_events_ = named_events;
    return SwapResult{swap, std::move(status)};
  };
  if (auto status = start_outputs_and_filters(*change.next); !status.ok())
    return give_up(Swap::refused, std::move(status));
  const bool quiet = change.needs_quiet();
  if (quiet) queue_.hold();
  const bool finished = !quiet || let_dropped_finish(change);
  if (!finished) {
    start_workers_again();
    queue_.let_go();
    return give_up(Swap::stuck, Status::config("events of an output that changes could not be delivered in "
                                               "pipeline.drain_timeout"));
  }
  if (!quiet) pause_workers();
  swap_in(change);
  end_dropped(change);
  Status status = start_inputs(*current_);
  start_workers_again();
  if (quiet) queue_.let_go();
  if (!status.ok()) return {Swap::broken, std::move(status)};
  input_ended();  // those that are left may have ended already
  return {};
}

// Inputs wait. The dropped ones read nothing more; what is under way goes through the plan that runs, to its
// end. Then the workers pause.
bool Pipeline::let_dropped_finish(Change& change) {
  const int64_t until = steady_nanos() + settings_.drain_millis * 1'000'000;
  stop_reading(change.dropped_inputs);
  for (auto& stage : change.dropped_outputs) stage->built.plugin->flush();
  const bool settled = wait_settled(until);
  pause_workers();
  return settled && wait_idle(millis_until(until));
}

// Until everything that was read is delivered, or in the queue on disk.
bool Pipeline::wait_settled(int64_t until) const {
  while (queue_.in_flight_bytes() > 0) {
    if (steady_nanos() > until) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

void Pipeline::pause_workers() {
  queue_.pause_workers(true);
  for (auto& worker : workers_) worker->join();
}

void Pipeline::start_workers_again() {
  queue_.pause_workers(false);
  start_workers();
}

// The dropped filters give what they hold to the plan that runs, then every worker goes over to the next one.
void Pipeline::swap_in(Change& change) {
  for (auto& worker : workers_) worker->flush_before(*change.next->plan);
  const std::scoped_lock lock(mutex_);
  context_->generation = change.next.get();
  for (auto& worker : workers_) change.executions.push_back(worker->renew());
  for (const auto& move : change.moves) move();
  former_.push_back(std::exchange(current_, change.next));
}

void Pipeline::end_dropped(Change& change) {
  // What the final flush made.
  for (auto& stage : change.dropped_outputs) stage->built.plugin->flush();
  if (!change.dropped_outputs.empty()) former_.back()->pool.wait_idle(settings_.drain_millis);
  stop_stages(change.dropped_outputs);
  stop_stages(change.dropped_filters);
  change.executions.clear();
  close_inputs(change.dropped_inputs);
  settle(engine_);  // nobody is in one of their entrances
  const std::scoped_lock lock(mutex_);
  for (auto& stage : change.dropped_inputs) entrances_.erase(stage.get());
}

bool Pipeline::forget_former() {
  std::vector<std::shared_ptr<Generation>> delivered;  // destroyed without the lock
  const std::scoped_lock lock(mutex_);
  for (auto it = former_.begin(); it != former_.end();) {
    if ((*it)->pool.wait_idle(0)) {
      delivered.push_back(std::move(*it));
      it = former_.erase(it);
    } else {
      ++it;
    }
  }
  return !former_.empty();
}

}  // namespace sluice::runtime
