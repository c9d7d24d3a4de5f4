#include "runtime/pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

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
      plan_(std::move(plan)),
      sources_(std::move(sources)),
      engine_(engine),
      letters_(std::move(letters)),
      queue_(settings_.in_flight_bytes),
      pool_([this](size_t credit) {
        if (persistence_)
          persistence_->settled(credit);
        else
          queue_.settle(credit);
      },
            static_cast<uint32_t>(plan_->outputs.size() + 1)) {}

Pipeline::~Pipeline() = default;

std::string Pipeline::place(const Span& span) const {
  return span.known() ? fmt::format("{}:{}:{}", sources_.path(span), span.line, span.column) : "config";
}

bool Pipeline::names_events() const {
  return std::any_of(plan_->outputs.begin(), plan_->outputs.end(),
                     [](const auto& stage) { return stage.built.plugin->names_events(); });
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

Status Pipeline::start_plugins() {
  const bool name_events = names_events();
  const auto start = [&](auto& stage, size_t& count, auto begin) -> Status {
    stage.refuser.emplace(std::string(stage.built.spec->name), stage.built.id, place(stage.span), letters_,
                          refused, stage.metrics);
    plugin::Start context{engine_, stage.metrics, stage.built.id, *stage.refuser, name_events};
    Status status = begin(stage, context);
    if (status.ok()) {
      ++count;
      return {};
    }
    return Status::error(status.fault(), fmt::format("{}: {} {}: {}", place(stage.span),
                                                     plugin::kind_name(stage.built.spec->kind),
                                                     stage.built.spec->name, status.message()));
  };
  for (auto& stage : plan_->outputs)
    if (auto s = start(stage, started_outputs_, [](auto& st, auto& c) { return st.built.plugin->start(c); });
        !s.ok())
      return s;
  for (auto& stage : plan_->filters)
    if (auto s = start(stage, started_filters_, [](auto& st, auto& c) { return st.built.plugin->start(c); });
        !s.ok())
      return s;
  context_ = std::make_unique<WorkerContext>(
      WorkerContext{queue_, pool_, *plan_,
                    [this](const Event& event, const Span& where) { condition_failed(event, where); },
                    settings_.id, settings_.batch_size, settings_.batch_delay_millis, events_in, events_out,
                    busy_nanos, persistence_.get()});
  {
    const std::scoped_lock lock(workers_mutex_);
    for (size_t i = 0; i < settings_.workers; ++i) workers_.push_back(std::make_unique<Worker>(*context_));
  }
  for (auto& stage : plan_->inputs)
    if (auto s = start(stage, started_inputs_,
                       [this](auto& st, auto& c) { return st.built.plugin->start(c, queue_); });
        !s.ok())
      return s;
  for (size_t i = 0; i < workers_.size(); ++i) workers_[i]->start(i);
  return {};
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
    for (size_t i = 0; i < started_inputs_; ++i) plan_->inputs[i].built.plugin->stop();
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
  queue_.on_all_ended(plan_->inputs.size(), [this, callback = std::move(callback)] {
    inputs_ended_ = true;
    callback();
  });
}

bool Pipeline::stop() {
  state_ = State::draining;
  for (size_t i = 0; i < started_inputs_; ++i) plan_->inputs[i].built.plugin->stop();
  end_workers();
  for (auto& stage : plan_->outputs) stage.built.plugin->flush();
  const bool delivered = wait_delivered();
  if (!delivered)
    log::warn("logstash.javapipeline",
              persistence_
                  ? "Not everything could be delivered in time; it is in the queue for the next start"
                  : "Not everything could be delivered in time; what has a source that can will be "
                    "sent again",
              {{"pipeline.id", settings_.id}, {"batches", pool_.in_flight()}});
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
    for (size_t i = 0; i < started_filters_; ++i) plan_->filters[i].built.plugin->interrupt();
  for (auto& worker : workers_) worker->join();
}

bool Pipeline::wait_delivered() {
  if (!persistence_) return pool_.wait_idle(settings_.drain_millis);
  while (settings_.drain_queue)
    if (pool_.wait_idle(kShortDrain)) return true;
  // What is not delivered is on disk: a stop need not wait for an output that is down.
  return pool_.wait_idle(inputs_ended_ ? settings_.drain_millis
                                       : std::min(settings_.drain_millis, kShortDrain));
}

void Pipeline::stop_plugins() {
  for (size_t i = 0; i < started_outputs_; ++i) plan_->outputs[i].built.plugin->stop();
  for (size_t i = 0; i < started_filters_; ++i) plan_->filters[i].built.plugin->stop();
  if (letters_) letters_->close();
  for (size_t i = 0; i < started_inputs_; ++i) plan_->inputs[i].built.plugin->close();
  const std::scoped_lock lock(workers_mutex_);
  workers_.clear();
}

void Pipeline::condition_failed(const Event& event, const Span& where) {
  condition_failures.add();
  refused.add();
  const std::string at = place(where);
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
