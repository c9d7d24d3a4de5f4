// Filters: they change the events of a batch.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "event/batch.hpp"
#include "plugin/decoration.hpp"
#include "plugin/flow.hpp"
#include "plugin/setup.hpp"

namespace sluice::plugin {

class Searches;

/// One call of a filter: the events to work on, and what happens to them.
class FilterRun {
 public:
  /// `refuser` may be null: refused events are only dropped.
  FilterRun(std::vector<Event*>& events, Batch& batch, const Decoration& decoration, PluginMetrics& metrics,
            Refuser* refuser = nullptr)
      : selection_(events), batch_(batch), decoration_(decoration), metrics_(metrics), refuser_(refuser) {}

  /// The events of the batch that reach this filter, none of them cancelled. Stable during the call.
  [[nodiscard]] std::span<Event* const> events() const { return selection_; }
  [[nodiscard]] Batch& batch() const { return batch_; }
  [[nodiscard]] PluginMetrics& metrics() const { return metrics_; }

  /// The filter has succeeded on `event`: runs add_field, remove_field, add_tag, remove_tag.
  Status matched(Event& event) const { return decoration_.empty() ? Status{} : decoration_.apply(event); }

  /// Drops `event` for good, to the dead letter queue when there is one. True when that keeps it.
  bool refuse(Event& event, std::string_view reason) const {
    const bool kept = refuser_ && refuser_->refuse(event, reason);
    event.cancel();
    return kept;
  }

  /// A new event (made by batch().make() or clone()) that goes on behind `parent` in the order of events.
  void emit(Event& event, Event& parent);
  /// A new event without a parent (from flush).
  void emit(Event& event);

  struct Emitted {
    const Event* parent;
    Event* event;
  };
  [[nodiscard]] const std::vector<Emitted>& emitted() const { return emitted_; }

 private:
  std::vector<Event*>& selection_;
  Batch& batch_;
  const Decoration& decoration_;
  PluginMetrics& metrics_;
  Refuser* refuser_;
  std::vector<Emitted> emitted_;
};

/// A filter's state on one worker. Used by that worker only.
class FilterWorker {
 public:
  virtual ~FilterWorker() = default;
  /// Changes the events of the run; cancel() drops one.
  virtual void filter(FilterRun& run) = 0;
  /// Called every 5 s when the filter wants_flush(), and with `final` at the end.
  virtual void flush(FilterRun& run, bool final) { (void)run, (void) final; }
};

/// A configured filter: immutable after start(), shared by the workers.
class Filter {
 public:
  virtual ~Filter() = default;
  /// Opens databases and the like; an error stops the pipeline's start.
  virtual Status start(Start& start) {
    (void)start;
    return {};
  }
  /// The pipeline was asked to stop: waits for other servers have to end soon. On the main thread, while
  /// workers may be in filter().
  virtual void interrupt() {}
  virtual void stop() {}
  virtual std::unique_ptr<FilterWorker> worker() = 0;
  [[nodiscard]] virtual bool wants_flush() const { return false; }
  /// Which fields it reads and can produce, for `pipeline --test`. The common options are added by the
  /// caller.
  virtual void flow(Flow& flow) const { flow.writes_anything(); }
  /// Names the regular expressions that it searches with, for `pipeline explain --cost`.
  virtual void searches(Searches& searches) const { (void)searches; }
};

}  // namespace sluice::plugin
