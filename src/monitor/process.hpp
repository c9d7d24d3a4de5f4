// The process as the operating system sees it.
#pragma once

#include <cstdint>

namespace sluice::monitor {

struct ProcessFigures {
  uint64_t resident_bytes = 0, virtual_bytes = 0;
  uint64_t open_files = 0, max_files = 0;
  uint64_t cpu_millis = 0;
  uint64_t threads = 0;
  double load[3] = {0, 0, 0};
};

/// Reads /proc; takes some microseconds.
ProcessFigures read_process();

}  // namespace sluice::monitor
