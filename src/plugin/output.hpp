// Outputs: they take events of a batch and let the batch go when the far side has confirmed.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "event/batch.hpp"
#include "plugin/setup.hpp"

namespace sluice::plugin {

/// An output's state on one worker.
class OutputWorker {
 public:
  virtual ~OutputWorker() = default;
  /// Takes the events. Keep a copy of `batch` for as long as delivery is not confirmed; letting the last copy
  /// go confirms it. Must not wait for the network: encode, hand over to the output's loop, return. What is
  /// in flight is bounded by the inputs' flow control.
  virtual void write(std::span<Event* const> events, const BatchRef& batch) = 0;
};

/// A configured output.
class Output {
 public:
  virtual ~Output() = default;
  virtual Status start(Start& start) {
    (void)start;
    return {};
  }
  virtual std::unique_ptr<OutputWorker> worker() = 0;
  /// True: inputs that can shall fill Event::digest, since this output tells by it which event it has had.
  [[nodiscard]] virtual bool names_events() const { return false; }
  /// The pipeline is draining: send what is being gathered now, linger no more. Main thread.
  virtual void flush() {}
  /// Ends it. What is still not delivered is abandoned (Batch::abandon) so that its sources send again. Main
  /// thread.
  virtual void stop() {}
  /// Templates of index names and the like that must not stay unresolved, for the flow check: option and
  /// text.
  [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> must_resolve() const { return {}; }
};

}  // namespace sluice::plugin
