// Event loops: one thread that waits for sockets, timers and posted work. Everything else in net lives on
// one.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <type_traits>

#include "base/slab.hpp"
#include "base/status.hpp"

struct uv_loop_s;

namespace sluice::net {

/// An event loop. Either start() gives it a thread of its own, or run() uses the caller's. Callbacks of
/// everything made on a loop run on its thread. Destroy (or unset) timers, listeners and sockets before their
/// loop.
class Loop {
 public:
  Loop();
  /// Stops and joins.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Starts a thread that runs the loop; `thread_name` is cut to the system's 15 characters.
  Status start(const std::string& thread_name = "net");
  /// Runs the loop on this thread until stop().
  void run();
  /// Asks the loop to end; returns at once, from any thread. Connections that are still open are closed
  /// (their handlers hear of it on the loop's thread) and work posted before is still done.
  void stop();
  /// Waits for the loop's own thread to end. Must not be called on it.
  void join();

  /// Queues `work` for the loop's thread, from any thread; posted work runs in order, a wake-up does all that
  /// is waiting. False (and `work` is dropped) when the loop has ended.
  bool post(std::function<void()> work);

  /// Runs `work` on the loop's thread and returns its result. Runs it at once when called on the loop's
  /// thread or while the loop does not run; waits otherwise.
  template <class F>
  auto call(F&& work) -> std::invoke_result_t<F> {
    using R = std::invoke_result_t<F>;
    if (may_touch()) return work();
    auto task = std::make_shared<std::packaged_task<R()>>(std::forward<F>(work));
    auto result = task->get_future();
    if (!post([task] { (*task)(); })) (*task)();  // ended meanwhile: nobody else touches it any more
    return result.get();
  }

  /// True on the thread that runs the loop.
  [[nodiscard]] bool in_loop() const;
  /// True while some thread runs the loop.
  [[nodiscard]] bool running() const;
  /// True when the caller may use the loop's objects directly: on its thread, or while nobody runs it.
  [[nodiscard]] bool may_touch() const { return in_loop() || !running(); }

  /// Milliseconds of the loop's clock (steady; read once an iteration). Loop thread.
  [[nodiscard]] uint64_t now_millis() const;

  struct Impl;
  /// For the classes of net only.
  [[nodiscard]] uv_loop_s* uv() const;
  [[nodiscard]] Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// A timer of a loop; destroying it cancels it. All calls on the loop's thread (or while the loop does not
/// run).
class Timer {
 public:
  explicit Timer(Loop& loop);
  ~Timer();
  Timer(Timer&& other) noexcept;
  Timer& operator=(Timer&& other) noexcept;

  /// Calls `on_fire` after `delay_millis`, and every `repeat_millis` after that unless it is 0. A running
  /// timer starts anew. `on_fire` may restart, stop or destroy the timer.
  void start(uint64_t delay_millis, std::function<void()> on_fire, uint64_t repeat_millis = 0);
  void stop();
  [[nodiscard]] bool active() const;

 private:
  struct Impl;
  Impl* impl_;
};

}  // namespace sluice::net
