// A disk that fails again and again, said in the log now and then.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace sluice::queue {

/// Says a problem when it begins and once a minute while it comes back, and that it is over when it has
/// stayed away for a second. Thread-safe.
class DiskTrouble {
 public:
  /// `what` is wrong, and what to do; `over`: that it is so no longer. `folder` is named in both.
  DiskTrouble(std::string_view what, std::string_view over, std::string folder)
      : what_(what), over_(over), folder_(std::move(folder)) {}

  /// What an operation came to.
  void note(const Status& status);

 private:
  const std::string_view what_, over_;
  const std::string folder_;
  std::mutex mutex_;
  std::atomic<bool> there_{false};
  int64_t last_ = 0, said_ = 0;  // steady nanoseconds
};

}  // namespace sluice::queue
