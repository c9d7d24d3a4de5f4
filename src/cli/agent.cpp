#include "cli/agent.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/time.hpp"
#include "cli/commands.hpp"
#include "ir/graph.hpp"

namespace sluice::cli {
namespace {

constexpr std::string_view kLogger = "logstash.agent";

Result<std::shared_ptr<plugin::DeadLetters>> open_letters(const settings::Settings& own) {
  if (!own.boolean("dead_letter_queue.enable")) return std::shared_ptr<plugin::DeadLetters>{};
  auto opened = queue::LetterWriter::open(Env::system(), letter_settings(own));
  if (!opened.ok()) return opened.status();
  return std::shared_ptr<plugin::DeadLetters>(std::move(opened).value());
}

}  // namespace

Status Agent::start(Wanted wanted, bool draining) {
  const auto id = wanted.settings.text("pipeline.id");
  order_.push_back(id);
  auto& entry = entries_[id];
  const uint64_t fingerprint = wanted.fingerprint;
  auto status = launch(entry, std::move(wanted), draining);
  if (status.ok()) return status;
  log::error(kLogger, "Failed to start pipeline", {{"pipeline_id", id}, {"reason", status.message()}});
  entry.failed = fingerprint;
  behind_ = true;
  return status;
}

Status Agent::launch(Entry& entry, Wanted wanted, bool draining) {
  auto resolved = resolve(wanted.settings);
  if (!resolved.ok()) return resolved.status();
  if (draining) {
    if (!resolved->persistent_queue)
      return Status::config(
          fmt::format("pipeline {} has no queue to drain: queue.type is memory", resolved->id));
    resolved->drain_queue = true;
    wanted.config.plan->inputs.clear();
  }
  if (ir::uses_embedded_index(*wanted.config.config))
    if (auto status = services_.start_index(engine_); !status.ok()) return status;
  auto letters = open_letters(wanted.settings);
  if (!letters.ok()) return letters.status();
  auto pipeline = std::make_unique<runtime::Pipeline>(
      *resolved, std::move(wanted.config.plan), wanted.config.sources, engine_, std::move(letters).value());
  entry.finished = std::make_shared<std::atomic<bool>>(false);
  pipeline->on_finished([fd = finished_fd_, finished = entry.finished] {
    *finished = true;
    const uint64_t n = 1;
    (void)!::write(fd, &n, sizeof n);
  });
  services_.add(*pipeline, entry.record);
  entry.pipeline = std::move(pipeline);
  if (auto status = entry.pipeline->start(); !status.ok()) {
    services_.remove(*entry.pipeline);
    runtime::settle(engine_);
    entry.pipeline.reset();
    return status;
  }
  entry.wanted = std::move(wanted);
  return {};
}

void Agent::end(Entry& entry) {
  if (!entry.pipeline) return;
  entry.pipeline->stop();
  services_.remove(*entry.pipeline);
  runtime::settle(engine_);
  entry.pipeline.reset();
}

void Agent::stop() {
  for (auto& [id, entry] : entries_)
    if (entry.pipeline) entry.pipeline->stop();
}

size_t Agent::running() const {
  return static_cast<size_t>(std::count_if(entries_.begin(), entries_.end(),
                                           [](const auto& one) { return one.second.pipeline != nullptr; }));
}

bool Agent::finished() const {
  return std::all_of(entries_.begin(), entries_.end(),
                     [](const auto& one) { return !one.second.pipeline || one.second.finished->load(); });
}

void Agent::log_running() const {
  std::string up, down;
  for (const auto& id : order_) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) continue;
    auto& list = found->second.pipeline ? up : down;
    list += (list.empty() ? ":" : ", :") + id;
  }
  log::info(kLogger, "Pipelines running",
            {{"count", running()},
             {"running_pipelines", "[" + up + "]"},
             {"non_running_pipelines", "[" + down + "]"}});
}

bool Agent::tidy() {
  bool more = false;
  for (auto& [id, entry] : entries_)
    if (entry.pipeline) more = entry.pipeline->forget_former() || more;
  return more;
}

void Agent::reload(bool again) {
  auto all = wanted_settings(args_, settings_);
  if (!all.ok()) {
    log::error(kLogger, "The pipelines cannot be read; what runs goes on", {{"reason", all.message()}});
    behind_ = true;
    return;
  }
  behind_ = false;
  remove_unwanted(*all);
  for (const auto& own : *all) converge(own.text("pipeline.id"), own, again);
  if (!kept_) return;
  kept_.reset();
  log_running();
}

void Agent::remove_unwanted(const std::vector<settings::Settings>& all) {
  for (auto it = entries_.begin(); it != entries_.end();) {
    const auto& id = it->first;
    const bool wanted =
        std::any_of(all.begin(), all.end(), [&](const auto& own) { return own.text("pipeline.id") == id; });
    if (wanted) {
      ++it;
      continue;
    }
    if (!kept_) kept_.emplace();
    log::info(kLogger, "Stopping a pipeline that is not wanted any more", {{"pipeline_id", id}});
    end(it->second);
    std::erase(order_, id);
    it = entries_.erase(it);
  }
}

void Agent::converge(const std::string& id, const settings::Settings& own, bool again) {
  const uint64_t fingerprint = fingerprint_of(own);
  if (std::find(order_.begin(), order_.end(), id) == order_.end()) order_.push_back(id);
  auto& entry = entries_[id];
  if (entry.pipeline && fingerprint == entry.wanted.fingerprint) {
    entry.failed = 0;
    return;
  }
  if (!again && entry.pipeline && fingerprint == entry.failed) {
    behind_ = true;
    return;
  }
  auto wanted = load_wanted(own, index_address(), variables_);
  const Status status = wanted.ok() ? change(entry, std::move(wanted).value()) : wanted.status();
  if (status.ok()) {
    entry.failed = 0;
    entry.record->succeeded(wall_nanos());
    return;
  }
  entry.failed = fingerprint;
  behind_ = true;
  entry.record->failed(wall_nanos(), status.message());
  log::error(
      kLogger,
      entry.pipeline ? "Failed to reload the pipeline: the one before goes on" : "Failed to start pipeline",
      {{"pipeline_id", id}, {"reason", status.message()}});
}

Status Agent::change(Entry& entry, Wanted wanted) {
  if (!kept_) kept_.emplace();
  if (!entry.pipeline) return launch(entry, std::move(wanted), false);
  if (!wanted.settings.boolean("pipeline.reloadable"))
    return Status::config(
        "Unable to reload configuration because it does not support dynamic reloading: "
        "pipeline.reloadable is false");
  log::info(kLogger, "Reloading pipeline", {{"pipeline.id", wanted.settings.text("pipeline.id")}});
  if (wanted.settings.values() != entry.wanted.settings.values()) return restart(entry, std::move(wanted));
  return swap(entry, std::move(wanted));
}

Status Agent::swap(Entry& entry, Wanted wanted) {
  if (ir::uses_embedded_index(*wanted.config.config))
    if (auto status = services_.start_index(engine_); !status.ok()) return status;
  auto result = entry.pipeline->reload(std::move(wanted.config.plan), wanted.config.sources);
  switch (result.swap) {
    case runtime::Swap::done:
      entry.wanted = std::move(wanted);
      return {};
    case runtime::Swap::refused:
      return result.status;
    case runtime::Swap::stuck:
      if (auto status = compile_again(wanted, index_address()); !status.ok()) return status;
      return restart(entry, std::move(wanted));
    case runtime::Swap::broken:
      break;
  }
  return go_back(entry, result.status);
}

// An input of the new config cannot start, and the one it should replace has ended.
Status Agent::go_back(Entry& entry, const Status& why) {
  auto before = std::move(entry.wanted);
  Status status = compile_again(before, index_address());
  if (status.ok()) {
    auto result = entry.pipeline->reload(std::move(before.config.plan), before.config.sources);
    status = std::move(result.status);
  }
  entry.wanted = std::move(before);
  if (status.ok()) return why;
  return Status::error(why.fault(),
                       why.message() + "; and the config before cannot go on either: " + status.message());
}

Status Agent::restart(Entry& entry, Wanted wanted) {
  auto before = std::move(entry.wanted);
  end(entry);
  auto status = launch(entry, std::move(wanted), false);
  if (status.ok()) return status;
  Status back = compile_again(before, index_address());
  if (back.ok()) back = launch(entry, std::move(before), false);
  if (back.ok()) return status;
  return Status::error(status.fault(),
                       status.message() + "; and the config before cannot go on either: " + back.message());
}

}  // namespace sluice::cli
