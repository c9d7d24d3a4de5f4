// What stands still in a pipeline, and who is to blame.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::runtime {

enum class Trouble : uint8_t {
  not_running,  ///< the pipeline has not started, or has ended
  stalled,      ///< a worker has been in one plugin for too long
  undelivered,  ///< an output has not confirmed events for too long
  blocked,      ///< inputs have waited for room for too long
  circuit       ///< a destination has failed and is left alone: events may move all the same
};
/// Whether events do not move for it.
bool stops_events(Trouble kind);
std::string_view trouble_name(Trouble kind);

struct Problem {
  Trouble kind;
  std::string component;  ///< "output elasticsearch at main.conf:50:3"
  std::string text;       ///< a sentence that names the component
};

}  // namespace sluice::runtime
