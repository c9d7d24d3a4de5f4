#include "runtime/health.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.hpp"
#include "queue/letter_writer.hpp"
#include "runtime/pipeline.hpp"

namespace sluice::runtime {
namespace {

constexpr int64_t kSecond = 1'000'000'000;  // nanoseconds

template <class Stage>
std::string component(std::string_view kind, const Stage& stage) {
  return fmt::format("{} {} at {}", kind, stage.built.spec->name, stage.place);
}

std::string_view state_text(Pipeline::State state) {
  switch (state) {
    case Pipeline::State::loading:
      return "is being loaded";
    case Pipeline::State::terminated:
      return "has been terminated";
    default:
      return "";
  }
}

template <class T>
void find_circuits(std::string_view kind, const plan::Stages<T>& stages, std::vector<Problem>& found) {
  for (const auto& stage : stages)
    for (const auto& [destination, state] : stage->metrics.circuits()) {
      if (state == plugin::CircuitState::closed) continue;
      auto who = component(kind, *stage);
      auto text = fmt::format("{} leaves {} alone, which has failed: its circuit is {}", who, destination,
                              state == plugin::CircuitState::open ? "open" : "half open");
      found.push_back({Trouble::circuit, std::move(who), std::move(text)});
    }
}

}  // namespace

std::string_view trouble_name(Trouble kind) {
  switch (kind) {
    case Trouble::not_running:
      return "not_running";
    case Trouble::stalled:
      return "stalled_worker";
    case Trouble::undelivered:
      return "undelivered_events";
    case Trouble::blocked:
      return "blocked_inputs";
    case Trouble::circuit:
      return "open_circuits";
  }
  return "";
}

bool stops_events(Trouble kind) { return kind != Trouble::circuit; }

std::vector<Problem> Pipeline::problems() const {
  std::vector<Problem> found;
  if (const auto text = state_text(state_); !text.empty()) {
    found.push_back({Trouble::not_running, settings_.id, fmt::format("pipeline {} {}", settings_.id, text)});
    return found;
  }
  const int64_t limit = settings_.stall_millis * 1'000'000;
  const int64_t now = steady_nanos();
  const std::scoped_lock lock(mutex_);
  if (limit != 0) {
    find_stalled(now, limit, found);
    for (const auto& former : former_) find_undelivered(*former, now, limit, found);
    find_undelivered(*current_, now, limit, found);
    find_unwritten_letters(now, limit, found);
    if (const int64_t since = queue_.blocked_since(); since != 0 && now - since >= limit)
      found.push_back({Trouble::blocked, "queue",
                       fmt::format("inputs of pipeline {} have waited for {} s: the {} is full", settings_.id,
                                   (now - since) / kSecond, disk_queue_ ? "queue on disk" : "queue")});
  }
  find_circuits("output", current_->plan->outputs, found);
  find_circuits("filter", current_->plan->filters, found);
  return found;
}

void Pipeline::find_undelivered(const Generation& generation, int64_t now, int64_t limit,
                                std::vector<Problem>& found) {
  const auto oldest = generation.pool.oldest();
  const auto& outputs = generation.plan->outputs;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const int64_t since = oldest[1 + i];
    if (since == 0 || now - since < limit) continue;
    auto who = component("output", *outputs[i]);
    if (std::any_of(found.begin(), found.end(), [&](const auto& other) { return other.component == who; }))
      continue;  // of the plan before, and older than this
    auto text = fmt::format("{} has not confirmed events that came {} s ago", who, (now - since) / kSecond);
    found.push_back({Trouble::undelivered, std::move(who), std::move(text)});
  }
}

void Pipeline::find_unwritten_letters(int64_t now, int64_t limit, std::vector<Problem>& found) const {
  // Only letters that go to a disk can wait for one.
  const auto* writer = dynamic_cast<const queue::LetterWriter*>(letters_.get());
  const int64_t since = writer ? writer->failing_since() : 0;
  if (since == 0 || now - since < limit) return;
  found.push_back({Trouble::undelivered, "dead letter queue",
                   fmt::format("the dead letter queue of pipeline {} has kept letters in memory for {} s: {}",
                               settings_.id, (now - since) / kSecond, writer->figures().last_error)});
}

void Pipeline::find_stalled(int64_t now, int64_t limit, std::vector<Problem>& found) const {
  for (size_t i = 0; i < workers_.size(); ++i) {
    const int64_t since = workers_[i]->working_since();
    if (since == 0 || now - since < limit) continue;
    const auto doing = workers_[i]->doing();
    auto who = doing.filter   ? component("filter", *doing.filter)
               : doing.output ? component("output", *doing.output)
                              : fmt::format("worker {} of pipeline {}", i, settings_.id);
    auto text = fmt::format("worker {} of pipeline {} has been busy with one batch for {} s, in {}", i,
                            settings_.id, (now - since) / kSecond, who);
    found.push_back({Trouble::stalled, std::move(who), std::move(text)});
  }
}

}  // namespace sluice::runtime
