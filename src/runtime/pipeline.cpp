#include "runtime/pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/log.hpp"
#include "base/time.hpp"

namespace sluice::runtime {
namespace {

constexpr int64_t kShortDrain = 5'000;  // milliseconds
constexpr std::string_view kConditionFailed = "the condition cannot be evaluated on this event";

}  // namespace

Pipeline::Pipeline(PipelineSettings settings, std::unique_ptr<plan::Plan> plan, lang::SourceSet sources,
                   plugin::Engine& engine, std::shared_ptr<plugin::DeadLetters> letters)
    : settings_(std::move(settings)),
      engine_(engine, settings_.id),
      letters_(std::move(letters)),
      queue_(settings_.in_flight_bytes),
      current_(make_generation(std::move(plan), std::move(sources))) {}

Pipeline::~Pipeline() = default;

std::shared_ptr<Generation> Pipeline::generation() const {
  const std::scoped_lock lock(mutex_);
  return current_;
}

std::shared_ptr<Generation> Pipeline::make_generation(std::unique_ptr<plan::Plan> plan,
                                                      lang::SourceSet sources) {
  return std::make_shared<Generation>(std::move(plan), std::move(sources), [this](size_t credit) {
    if (persistence_)
      persistence_->settled(credit);
    else
      queue_.settle(credit);
  });
}

size_t Pipeline::batches_in_flight() const {
  const std::scoped_lock lock(mutex_);
  size_t all = current_->pool.in_flight();
  for (const auto& former : former_) all += former->pool.in_flight();
  return all;
}

bool Pipeline::names_events() const {
  const auto& outputs = current_->plan->outputs;
  return std::any_of(outputs.begin(), outputs.end(),
                     [](const auto& stage) { return stage->built.plugin->names_events(); });
}

Status Pipeline::open_disk_queue() {
  if (!settings_.persistent_queue) return {};
  auto opened = queue::PersistentQueue::open(Env::system(), *settings_.persistent_queue);
  if (!opened.ok()) return opened.status();
  const auto& queue = **opened;
  std::error_code error;
  const auto space = std::filesystem::space(queue.folder(), error);
  const uint64_t used = queue.figures().bytes, most = queue.settings().max_bytes;
  if (!error && most > used && space.available < most - used)
    log::warn(
        "logstash.queue",
        "The disk has less room than queue.max_bytes: when it is full, inputs wait until there is room",
        {{"folder", queue.folder()}, {"free_bytes", space.available}, {"queue_may_grow_by", most - used}});
  persistence_ = std::make_unique<Persistence>(std::move(opened).value(), queue_, names_events());
  disk_queue_ = &persistence_->queue();
  return {};
}

template <class T, class Begin>
Status Pipeline::start_stage(plan::Stage<T>& stage, const Generation& generation, Begin begin) {
  stage.place = generation.place(stage.span);
  stage.refuser.emplace(std::string(stage.built.spec->name), stage.built.id, stage.place, letters_, refused,
                        stage.metrics);
  plugin::Start context{engine_, stage.metrics, stage.built.id, *stage.refuser, names_events_};
  const Status status = begin(context);
  if (status.ok()) stage.phase = plan::Stage<T>::Phase::running;
  if (status.ok()) return {};
  return Status::error(status.fault(),
                       fmt::format("{}: {} {}: {}", stage.place, plugin::kind_name(stage.built.spec->kind),
                                   stage.built.spec->name, status.message()));
}

template <class T>
Status Pipeline::start_stages(plan::Stages<T>& stages, const Generation& generation) {
  for (auto& stage : stages) {
    if (stage->phase != plan::Stage<T>::Phase::built) continue;
    const auto begin = [&](plugin::Start& start) { return stage->built.plugin->start(start); };
    if (auto status = start_stage(*stage, generation, begin); !status.ok()) return status;
  }
  return {};
}

Status Pipeline::start_outputs_and_filters(const Generation& generation) {
  if (auto status = start_stages(generation.plan->outputs, generation); !status.ok()) return status;
  return start_stages(generation.plan->filters, generation);
}

// All entrances are there before the first input starts: it may end at once.
Status Pipeline::start_inputs(const Generation& generation) {
  auto& inputs = generation.plan->inputs;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& stage : inputs)
      if (auto& entrance = entrances_[stage.get()]; !entrance)
        entrance = std::make_unique<Entrance>(queue_, [this] { input_ended(); });
  }
  for (auto& stage : inputs) {
    if (stage->phase != plan::Stage<plugin::Input>::Phase::built) continue;
    auto& entrance = *entrances_[stage.get()];
    const auto begin = [&](plugin::Start& start) { return stage->built.plugin->start(start, entrance); };
    if (auto status = start_stage(*stage, generation, begin); !status.ok()) return status;
  }
  return {};
}

void Pipeline::input_ended() {
  std::function<void()> callback;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& stage : current_->plan->inputs)
      if (const auto& entrance = entrances_[stage.get()]; !entrance || !entrance->has_ended()) return;
    callback = std::move(on_finished_);
  }
  if (!callback) return;
  inputs_ended_ = true;
  callback();
}

Status Pipeline::start_plugins() {
  names_events_ = names_events();
  auto& generation = *current_;
  if (auto status = start_outputs_and_filters(generation); !status.ok()) return status;
  context_ = std::make_unique<WorkerContext>(WorkerContext{
      queue_, &generation, [this](const Event& event, const Span& where) { condition_failed(event, where); },
      settings_.id, settings_.batch_size, settings_.batch_delay_millis, events_in, events_out, busy_nanos,
      persistence_.get()});
  {
    const std::scoped_lock lock(mutex_);
    for (size_t i = 0; i < settings_.workers; ++i) workers_.push_back(std::make_unique<Worker>(*context_));
  }
  if (auto status = start_inputs(generation); !status.ok()) return status;
  start_workers();
  return {};
}

void Pipeline::start_workers() {
  for (size_t i = 0; i < workers_.size(); ++i) workers_[i]->start(i);
}

Status Pipeline::start() {
  log::info("logstash.javapipeline", "Starting pipeline",
            {{"pipeline_id", settings_.id},
             {"pipeline.workers", settings_.workers},
             {"pipeline.batch.size", settings_.batch_size},
             {"pipeline.batch.delay", settings_.batch_delay_millis},
             {"pipeline.max_inflight", settings_.in_flight_bytes}});
  if (auto status = open_disk_queue(); !status.ok()) {
    state_ = State::terminated;
    return status;
  }
  if (Status status = start_plugins(); !status.ok()) {
    stop_reading(current_->plan->inputs);
    queue_.close();
    stop_plugins();
    state_ = State::terminated;
    return status;
  }
  state_ = State::running;
  log::info("logstash.javapipeline", "Pipeline started", {{"pipeline.id", settings_.id}});
  return {};
}

void Pipeline::on_finished(std::function<void()> callback) {
  const std::scoped_lock lock(mutex_);
  on_finished_ = std::move(callback);
}

bool Pipeline::stop() {
  state_ = State::draining;
  stop_reading(current_->plan->inputs);
  end_workers();
  for (auto& stage : current_->plan->outputs) stage->built.plugin->flush();
  const bool delivered = wait_delivered();
  if (!delivered)
    log::warn("logstash.javapipeline",
              persistence_
                  ? "Not everything could be delivered in time; it is in the queue for the next start"
                  : "Not everything could be delivered in time; what has a source that can will be "
                    "sent again",
              {{"pipeline.id", settings_.id}, {"batches", batches_in_flight()}});
  // Before the inputs close: their last acknowledgements come with it.
  if (persistence_) (void)persistence_->queue().commit();
  stop_plugins();
  if (persistence_) (void)persistence_->queue().close();
  state_ = delivered ? State::finished : State::terminated;
  log::info("logstash.javapipeline", "Pipeline terminated", {{"pipeline.id", settings_.id}});
  return delivered;
}

void Pipeline::end_workers() {
  if (persistence_) {
    // An end of the inputs by themselves is the end of the work, and that includes what waits on disk.
    const int64_t some_time = inputs_ended_ ? steady_nanos() + settings_.drain_millis * 1'000'000 : 0;
    persistence_->end(settings_.drain_queue ? INT64_MAX : some_time);
  }
  queue_.close();
  // When the inputs ended by themselves nobody is in a hurry, and filters may take their time.
  if (!inputs_ended_)
    for (auto& stage : current_->plan->filters)
      if (stage->phase != plan::Stage<plugin::Filter>::Phase::built) stage->built.plugin->interrupt();
  for (auto& worker : workers_) worker->join();
}

bool Pipeline::wait_delivered() {
  if (!persistence_) return wait_idle(settings_.drain_millis);
  while (settings_.drain_queue)
    if (wait_idle(kShortDrain)) return true;
  // What is not delivered is on disk: a stop need not wait for an output that is down.
  return wait_idle(inputs_ended_ ? settings_.drain_millis : std::min(settings_.drain_millis, kShortDrain));
}

bool Pipeline::wait_idle(int64_t millis) {
  const int64_t until = steady_nanos() + millis * 1'000'000;
  const auto left = [&] { return std::max<int64_t>(0, (until - steady_nanos()) / 1'000'000); };
  bool idle = current_->pool.wait_idle(millis);
  for (const auto& former : former_) idle = former->pool.wait_idle(left()) && idle;
  return idle;
}

void Pipeline::stop_plugins() {
  auto& plan = *current_->plan;
  stop_stages(plan.outputs);
  stop_stages(plan.filters);
  if (letters_) letters_->close();
  close_inputs(plan.inputs);
  const std::scoped_lock lock(mutex_);
  workers_.clear();
}

void Pipeline::condition_failed(const Event& event, const Span& where) {
  condition_failures.add();
  refused.add();
  const std::string at = generation()->place(where);
  constexpr std::string_view kStatement = "if-statement";  // plugin and id, as in Logstash
  const bool kept = letters_ && letters_->keep(event, {kStatement, kStatement, at, kConditionFailed});
  // One line a second at most: a stream of such events must not drown the log.
  static std::atomic<int64_t> last{0};
  const int64_t now = steady_nanos();
  int64_t before = last.load(std::memory_order_relaxed);
  if (now - before > 1'000'000'000 && last.compare_exchange_strong(before, now))
    log::warn("logstash.javapipeline",
              kept ? "An event went to the dead letter queue" : "An event was dropped",
              {{"reason", fmt::format("{}: {}", at, kConditionFailed)},
               {"events_so_far", condition_failures.get()}});
}

}  // namespace sluice::runtime
