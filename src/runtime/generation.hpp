// A plan at work, with what its batches belong to. A reload puts a new generation in the place of the one
// that runs; the former one lives until its last batch is delivered.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "event/batch.hpp"
#include "lang/source.hpp"
#include "plan/plan.hpp"

namespace sluice::runtime {

struct Generation {
  Generation(std::unique_ptr<plan::Plan> p, lang::SourceSet s, std::function<void(size_t credit)> settled)
      : plan(std::move(p)),
        sources(std::move(s)),
        pool(std::move(settled), static_cast<uint32_t>(plan->outputs.size() + 1)) {}

  /// FILE:LINE:COLUMN
  [[nodiscard]] std::string place(const Span& span) const {
    if (!span.known()) return "config";
    return std::string(sources.path(span)) + ":" + std::to_string(span.line) + ":" +
           std::to_string(span.column);
  }

  std::shared_ptr<plan::Plan> plan;
  lang::SourceSet sources;  // for the places in log lines
  BatchPool pool;           // outputs are told apart by their index in the plan, behind the worker
};

/// True when `stages` has this very stage.
template <class T>
bool contains(const plan::Stages<T>& stages, const plan::Stage<T>& stage) {
  return std::any_of(stages.begin(), stages.end(), [&](const auto& other) { return other.get() == &stage; });
}

/// The stages of `of` that `without` has not.
template <class T>
plan::Stages<T> difference(const plan::Stages<T>& of, const plan::Stages<T>& without) {
  plan::Stages<T> rest;
  for (const auto& stage : of)
    if (!contains(without, *stage)) rest.push_back(stage);
  return rest;
}

/// Puts stages of `running` in the place of those in `fresh` that say the same, each once. `moves` gets what
/// is to be called when the new plan runs: it tells the stages where in the config they stand now.
template <class T>
void adopt(plan::Stages<T>& fresh, const plan::Stages<T>& running, const Generation& generation,
           std::vector<std::function<void()>>& moves) {
  for (auto& stage : fresh)
    for (const auto& candidate : running) {
      if (candidate->hash != stage->hash || contains(fresh, *candidate)) continue;
      moves.push_back([kept = candidate, span = stage->span, vertex = stage->vertex,
                       place = generation.place(stage->span)] {
        kept->span = span;
        kept->vertex = vertex;
        kept->place = place;
      });
      stage = candidate;
      break;
    }
}

/// Stops those of `stages` (filters or outputs) that run.
template <class T>
void stop_stages(plan::Stages<T>& stages) {
  using Phase = typename plan::Stage<T>::Phase;
  for (auto& stage : stages)
    if (std::exchange(stage->phase, Phase::built) != Phase::built) stage->built.plugin->stop();
}

/// Inputs among `stages` that run read nothing more.
void stop_reading(plan::Stages<plugin::Input>& stages);
/// Closes the inputs among `stages` that have run.
void close_inputs(plan::Stages<plugin::Input>& stages);
/// Waits until nothing that plugins have left to the engine's threads is under way: afterwards they may be
/// destroyed. Main thread.
void settle(plugin::Engine& engine);

}  // namespace sluice::runtime
