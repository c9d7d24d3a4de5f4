// Buffers that were written out, for the workers to fill again.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "base/buffer.hpp"

namespace sluice::plugins {

/// Keeps empty buffers with their memory, up to a bound. Thread-safe; a lock per buffer.
class SpareBuffers {
 public:
  /// An empty buffer, with room from an earlier use when there is one.
  Buffer take() {
    const std::scoped_lock lock(mutex_);
    if (spare_.empty()) return {};
    Buffer buffer = std::move(spare_.back());
    spare_.pop_back();
    kept_ -= buffer.capacity();
    return buffer;
  }

  void give_back(Buffer buffer) {
    buffer.clear();
    const std::scoped_lock lock(mutex_);
    if (kept_ + buffer.capacity() > kMostBytes) return;
    kept_ += buffer.capacity();
    spare_.push_back(std::move(buffer));
  }

 private:
  static constexpr size_t kMostBytes = 8 << 20;
  std::mutex mutex_;
  std::vector<Buffer> spare_;
  size_t kept_ = 0;
};

}  // namespace sluice::plugins
