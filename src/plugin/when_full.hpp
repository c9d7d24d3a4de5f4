// What becomes of events for an output that cannot take more: the option `when_full` of every output.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::plugin {

class Setup;

/// What is done with an event that finds the output full.
enum class FullPolicy : uint8_t { block, drop_newest, drop_oldest, sample, dead_letter };

struct WhenFull {
  FullPolicy policy = FullPolicy::block;
  size_t backlog = size_t{16} << 20;  // bytes that may wait for the output
  int64_t wait_millis = 10'000;       // the longest that sources wait for it; 0: for ever
  double sample = 0.01;               // the share that `sample` keeps
};

/// Reads the options of an output; problems are reported to `setup`.
WhenFull read_when_full(Setup& setup);

}  // namespace sluice::plugin
