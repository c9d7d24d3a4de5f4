#include "plan/execution.hpp"

#include <algorithm>

#include "base/time.hpp"
#include "plugin/event_source.hpp"

namespace sluice::plan {
namespace {

// The rank of events that no event of the batch was the parent of: behind all others.
constexpr uint32_t kLastRank = UINT32_MAX;

// The state of `stage` out of the execution before, or a new one.
template <class T, class State>
State take_over(Stage<T>& stage, const Stages<T>& former, std::vector<State>& states) {
  for (size_t i = 0; i < former.size(); ++i)
    if (former[i].get() == &stage && states[i]) return std::move(states[i]);
  return stage.built.plugin->worker();
}

bool has_filter(const Plan& plan, const Stage<plugin::Filter>& stage) {
  return std::any_of(plan.filters.begin(), plan.filters.end(),
                     [&](const auto& other) { return other.get() == &stage; });
}

}  // namespace

Execution::Execution(Plan& plan, Refused refused, Execution* former)
    : plan_(plan), refused_(std::move(refused)) {
  for (const auto& stage : plan.filters) {
    filters_.push_back(former ? take_over(*stage, former->plan_.filters, former->filters_)
                              : stage->built.plugin->worker());
    wants_flush_ = wants_flush_ || stage->built.plugin->wants_flush();
  }
  for (const auto& stage : plan.outputs)
    outputs_.push_back(former ? take_over(*stage, former->plan_.outputs, former->outputs_)
                              : stage->built.plugin->worker());
}

Execution::Doing Execution::doing() const {
  const size_t number = doing_.load(std::memory_order_relaxed);
  if (number == 0) return {};
  if (number <= plan_.filters.size()) return {plan_.filters[number - 1].get(), nullptr};
  return {nullptr, plan_.outputs[number - 1 - plan_.filters.size()].get()};
}

std::unique_ptr<Execution::Selection> Execution::borrow() {
  if (spare_.empty()) return std::make_unique<Selection>();
  auto selection = std::move(spare_.back());
  spare_.pop_back();
  selection->clear();
  return selection;
}

void Execution::give_back(std::unique_ptr<Selection> selection) { spare_.push_back(std::move(selection)); }

size_t Execution::run(const BatchRef& batch) { return run(batch, Mode::run); }

size_t Execution::flush(const BatchRef& batch, bool final) {
  return run(batch, final ? Mode::final_flush : Mode::flush);
}

size_t Execution::flush_before(const BatchRef& batch, const Plan& next) {
  next_ = &next;
  const size_t flushed = run(batch, Mode::final_flush);
  next_ = nullptr;
  return flushed;
}

size_t Execution::run(const BatchRef& batch, Mode mode) {
  const plugin::BatchScope scope(*batch);
  auto selection = borrow();
  emitted_ = false;
  const auto events = batch->events();
  selection->assign(events.begin(), events.end());
  filter_block(plan_.filter_block, *selection, *batch, mode);
  const size_t left = selection->size();
  if (left) output_block(plan_.output_block, *selection, batch);
  doing_.store(0, std::memory_order_relaxed);
  give_back(std::move(selection));
  return left;
}

void Execution::filter_block(const Block& block, Selection& selection, Batch& batch, Mode mode) {
  for (const auto& step : block.steps) {
    if (selection.empty() && mode == Mode::run) return;
    if (!step.condition) {
      filter(step.stage, selection, batch, mode);
      continue;
    }
    auto yes = borrow(), no = borrow();
    split(step, selection, *yes, *no);
    if (mode == Mode::run && (yes->size() == selection.size() || no->size() == selection.size())) {
      // Nothing to bring back in order. Most conditions say the same of all events of a batch.
      const auto& all = no->empty() ? step.yes : step.no;
      give_back(std::move(yes));
      give_back(std::move(no));
      if (all) filter_block(*all, selection, batch, mode);
      continue;
    }
    const auto ranks = renew_ranks(selection);
    if (step.yes) filter_block(*step.yes, *yes, batch, mode);
    if (step.no) filter_block(*step.no, *no, batch, mode);
    merge(selection, *yes, *no);
    restore_ranks(selection, ranks);
    give_back(std::move(yes));
    give_back(std::move(no));
  }
}

void Execution::filter(size_t index, Selection& selection, Batch& batch, Mode mode) {
  auto& stage = *plan_.filters[index];
  plugin::FilterRun run(selection, batch, stage.built.decoration, stage.metrics,
                        stage.refuser ? &*stage.refuser : nullptr);
  const size_t before = selection.size();
  const int64_t started = steady_nanos();
  doing_.store(1 + index, std::memory_order_relaxed);
  if (before) filters_[index]->filter(run);
  if (mode != Mode::run && stage.built.plugin->wants_flush())
    filters_[index]->flush(run, mode == Mode::final_flush && !(next_ && has_filter(*next_, stage)));
  const auto cancelled = [](const Event* event) { return event->cancelled(); };
  if (run.emitted().empty()) {
    std::erase_if(selection, cancelled);
  } else {
    // New events stand behind the event they came from, and those without a parent at the end. Filters emit
    // in the order of their events, so one walk over both lists is enough.
    emitted_ = true;
    auto next = borrow();
    auto emitted = run.emitted().begin();
    const auto take = [&] {
      if (!emitted->parent) emitted->event->origin = kLastRank;
      if (!emitted->event->cancelled()) next->push_back(emitted->event);
      ++emitted;
    };
    for (auto* event : selection) {
      if (!event->cancelled()) next->push_back(event);
      while (emitted != run.emitted().end() && emitted->parent == event) take();
    }
    while (emitted != run.emitted().end()) take();
    std::swap(selection, *next);
    give_back(std::move(next));
  }
  stage.metrics.in.add(before);
  stage.metrics.out.add(selection.size());
  stage.metrics.nanos.add(static_cast<uint64_t>(steady_nanos() - started));
}

void Execution::split(const Block::Step& step, Selection& selection, Selection& yes, Selection& no) {
  for (auto* event : selection) {
    switch (step.condition->test(*event)) {
      case Truth::yes:
        yes.push_back(event);
        break;
      case Truth::no:
        no.push_back(event);
        break;
      case Truth::error:
        refused_(*event, step.span);
        event->cancel();
        break;
    }
  }
}

// Both sides back in the order in which they stood before the branch.
void Execution::merge(Selection& selection, Selection& yes, Selection& no) {
  selection.resize(yes.size() + no.size());
  std::merge(yes.begin(), yes.end(), no.begin(), no.end(), selection.begin(),
             [](const Event* a, const Event* b) { return a->origin < b->origin; });
}

// Events made of one share its rank, and a branch that parts them could not bring them back in order: so they
// are counted anew in front of it. What is made inside the branch takes the rank of its parent again. The old
// ranks are for restore_ranks(), since a branch further out still merges by them. Empty (and nothing to do)
// while every event of the batch is as it arrived.
std::vector<uint32_t> Execution::renew_ranks(Selection& selection) const {
  std::vector<uint32_t> ranks;
  if (!emitted_) return ranks;
  ranks.reserve(selection.size());
  for (auto* event : selection) {
    const auto rank = static_cast<uint32_t>(ranks.size());
    ranks.push_back(event->origin);
    event->origin = rank;
  }
  return ranks;
}

void Execution::restore_ranks(Selection& selection, const std::vector<uint32_t>& ranks) {
  if (ranks.empty()) return;
  for (auto* event : selection)
    event->origin = event->origin < ranks.size() ? ranks[event->origin] : kLastRank;
}

void Execution::output_block(const Block& block, Selection& selection, const BatchRef& batch) {
  for (const auto& step : block.steps) {
    if (selection.empty()) return;
    if (!step.condition) {
      auto& stage = *plan_.outputs[step.stage];
      const int64_t started = steady_nanos();
      doing_.store(1 + filters_.size() + step.stage, std::memory_order_relaxed);
      outputs_[step.stage]->write(selection, batch.for_holder(static_cast<uint32_t>(1 + step.stage)));
      stage.metrics.in.add(selection.size());
      stage.metrics.out.add(selection.size());
      stage.metrics.nanos.add(static_cast<uint64_t>(steady_nanos() - started));
      continue;
    }
    auto yes = borrow(), no = borrow();
    const auto ranks = renew_ranks(selection);
    split(step, selection, *yes, *no);
    if (step.yes) output_block(*step.yes, *yes, batch);
    if (step.no) output_block(*step.no, *no, batch);
    // An event whose condition failed is gone for the outputs that follow, too.
    merge(selection, *yes, *no);
    restore_ranks(selection, ranks);
    give_back(std::move(yes));
    give_back(std::move(no));
  }
}

}  // namespace sluice::plan
