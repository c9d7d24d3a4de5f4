// How an input's thread is told to end while it waits.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace sluice::plugins {

/// A flag that also wakes poll(). set() may be called from any thread; it stays set.
class StopSignal {
 public:
  StopSignal() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~StopSignal() { ::close(fd_); }
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  void set() {
    flag_.store(true, std::memory_order_release);
    const uint64_t one = 1;
    (void)!::write(fd_, &one, sizeof one);
  }
  [[nodiscard]] bool is_set() const { return flag_.load(std::memory_order_acquire); }
  /// For InputSink::wait_ready().
  [[nodiscard]] const std::atomic<bool>& flag() const { return flag_; }

  /// Waits until `fd` (-1: none) can be read, until set(), or for `millis` (-1: for ever). True when `fd` can
  /// be read and the signal is not set.
  bool wait(int fd, int millis) const {
    pollfd waited[2] = {{fd_, POLLIN, 0}, {fd, POLLIN, 0}};
    const int ready = ::poll(waited, fd < 0 ? 1 : 2, millis);
    return ready > 0 && !is_set() && waited[1].revents != 0;
  }

 private:
  int fd_;
  std::atomic<bool> flag_{false};
};

}  // namespace sluice::plugins
