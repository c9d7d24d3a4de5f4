// A hand-over from many workers to one writing thread: a lock per batch, none per event.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::plugins {

/// Jobs in the order in which they were pushed. push() and wake() from any thread, take() from one.
template <class Job>
class JobQueue {
 public:
  using Clock = std::chrono::steady_clock;

  void push(Job job) {
    {
      std::scoped_lock lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
  }

  /// Makes take() return even without jobs, now or at its next call.
  void wake() {
    {
      std::scoped_lock lock(mutex_);
      woken_ = true;
    }
    changed_.notify_one();
  }

  /// From now on take() never waits: it gives what is there.
  void close() {
    {
      std::scoped_lock lock(mutex_);
      closed_ = true;
    }
    changed_.notify_one();
  }

  /// Moves all jobs to `out` (which comes empty); waits for one, for wake(), or until `deadline`. False when
  /// the queue is closed and this was the last of it.
  bool take(std::vector<Job>& out, std::optional<Clock::time_point> deadline = std::nullopt) {
    std::unique_lock lock(mutex_);
    const auto something = [this] { return woken_ || closed_ || !jobs_.empty(); };
    if (deadline)
      changed_.wait_until(lock, *deadline, something);
    else
      changed_.wait(lock, something);
    jobs_.swap(out);
    woken_ = false;
    return !(closed_ && out.empty());
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Job> jobs_;
  bool woken_ = false;
  bool closed_ = false;
};

}  // namespace sluice::plugins
