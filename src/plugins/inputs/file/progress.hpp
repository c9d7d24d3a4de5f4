// How far into a file everything has been delivered: what may be saved.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include "event/source.hpp"

namespace sluice::plugins::file {

/// An eventfd that acknowledgements ring, so that the watcher does not have to look.
class Bell {
 public:
  Bell();
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  void ring();
  void quiet();
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

/// The stretches of one file that are on their way, in order. Thread-safe.
class Progress : public std::enable_shared_from_this<Progress> {
 public:
  Progress(std::shared_ptr<Bell> bell, int64_t position);

  /// A stretch that ends at `end` goes out; the token tells when it has arrived.
  AckRef send(int64_t end);
  /// A stretch of which nothing goes out.
  void skip(int64_t end);

  /// Everything before this byte has been delivered.
  [[nodiscard]] int64_t delivered() const;
  /// Wall time of the last change.
  [[nodiscard]] int64_t last_active() const { return last_active_.load(std::memory_order_relaxed); }
  /// Nothing is on its way.
  [[nodiscard]] bool idle() const;
  /// Something was given up: delivered() moves no further.
  [[nodiscard]] bool lost() const;

 private:
  friend class StretchAck;
  struct Stretch {
    int64_t end;
    bool settled;
  };
  void settle(uint64_t number, bool delivered);
  void advance();  // with the mutex held

  std::shared_ptr<Bell> bell_;
  mutable std::mutex mutex_;
  std::deque<Stretch> stretches_;
  uint64_t first_ = 0;
  int64_t delivered_;
  bool lost_ = false;
  std::atomic<int64_t> last_active_;
};

}  // namespace sluice::plugins::file
