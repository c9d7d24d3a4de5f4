// Where an event came from, in words, for log lines about single events.
#pragma once

#include <string>

#include "event/batch.hpp"

namespace sluice::plugin {

/// What this thread works on, while it lives. One per thread at a time; made by whoever runs a batch.
class BatchScope {
 public:
  explicit BatchScope(const Batch& batch);
  ~BatchScope();
  BatchScope(const BatchScope&) = delete;
  BatchScope& operator=(const BatchScope&) = delete;
};

/// "input beats_1, position 4711, from 10.0.0.7", as far as it is known. Slow: for the rare line only.
std::string source_of(const Event& event);

}  // namespace sluice::plugin
