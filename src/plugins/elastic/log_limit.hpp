// Log lines that cannot flood: of one kind, the first is written at once, then one every ten seconds with a
// count.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/log.hpp"
#include "base/time.hpp"

namespace sluice::elastic {

/// Not thread-safe: belongs to the loop's thread.
class LogLimit {
 public:
  explicit LogLimit(std::string_view logger) : logger_(logger) {}

  /// Writes the line, or counts it when one of this `kind` was written lately.
  void write(log::Level level, const std::string& kind, std::string_view message, log::Params params) {
    if (!log::enabled(level, logger_)) return;
    const int64_t now = steady_nanos();
    if (kinds_.size() > kKinds) kinds_.clear();
    auto& state = kinds_[kind];
    if (state.written != 0 && now - state.written < kPause) {
      ++state.held_back;
      return;
    }
    if (state.held_back != 0) params.emplace_back("and_more_since_the_last_line", state.held_back);
    state = {now, 0};
    log::write(level, logger_, message, params);
  }

 private:
  static constexpr int64_t kPause = int64_t{10} * 1000000000;
  static constexpr size_t kKinds = 500;
  struct State {
    int64_t written = 0;
    uint64_t held_back = 0;
  };
  std::string logger_;
  std::unordered_map<std::string, State> kinds_;
};

}  // namespace sluice::elastic
