// What the queue remembers beside its records: which of them have been delivered.
#pragma once

#include <optional>
#include <string>

#include "base/env.hpp"
#include "queue/acknowledged.hpp"

namespace sluice::queue {

struct Checkpoint {
  Acknowledged acknowledged;
  uint64_t next = 1;  ///< no event has this sequence number or a higher one yet
};

/// Replaces the checkpoint of `folder` in one step that survives a loss of power. Of very many ranges the
/// highest are left out: their events will come once more.
Status save(Env& env, const std::string& folder, const Checkpoint& checkpoint);

struct LoadedCheckpoint {
  std::optional<Checkpoint> checkpoint;
  bool damaged = false;  ///< there is one, and it cannot be read
};
LoadedCheckpoint load_checkpoint(Env& env, const std::string& folder);

}  // namespace sluice::queue
