#include "runtime/health.hpp"

#include <fmt/format.h>

#include "base/time.hpp"
#include "runtime/pipeline.hpp"

namespace sluice::runtime {
namespace {

constexpr int64_t kSecond = 1'000'000'000;  // nanoseconds

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
  }
  return "";
}

std::vector<Problem> Pipeline::problems() const {
  std::vector<Problem> found;
  if (const auto text = state_text(state_); !text.empty()) {
    found.push_back({Trouble::not_running, settings_.id, fmt::format("pipeline {} {}", settings_.id, text)});
    return found;
  }
  const int64_t limit = settings_.stall_millis * 1'000'000;
  if (limit == 0) return found;
  const int64_t now = steady_nanos();
  find_stalled(now, limit, found);
  const auto oldest = pool_.oldest();
  for (size_t i = 0; i < plan_->outputs.size(); ++i) {
    const int64_t since = oldest[1 + i];
    if (since == 0 || now - since < limit) continue;
    auto who = component("output", plan_->outputs[i]);
    auto text = fmt::format("{} has not confirmed events that came {} s ago", who, (now - since) / kSecond);
    found.push_back({Trouble::undelivered, std::move(who), std::move(text)});
  }
  if (const int64_t since = queue_.blocked_since(); since != 0 && now - since >= limit)
    found.push_back({Trouble::blocked, "queue",
                     fmt::format("inputs of pipeline {} have waited for {} s: the {} is full", settings_.id,
                                 (now - since) / kSecond, disk_queue_ ? "queue on disk" : "queue")});
  return found;
}

void Pipeline::find_stalled(int64_t now, int64_t limit, std::vector<Problem>& found) const {
  const std::scoped_lock lock(workers_mutex_);
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
