#include "net/loop.hpp"

#include <pthread.h>
#include <signal.h>

#include "net/loop_impl.hpp"

namespace sluice::net {

std::string uv_text(int code) {
  switch (code) {
    case UV_ECONNREFUSED:
      return "connection refused";
    case UV_ECONNRESET:
      return "connection reset by peer";
    case UV_EPIPE:
      return "connection closed by peer";
    case UV_ETIMEDOUT:
      return "timed out";
    case UV_EACCES:
      return "permission denied";
    case UV_EADDRNOTAVAIL:
      return "the address is not one of this machine's";
    case UV_EAI_NONAME:
    case UV_EAI_NODATA:
      return "the name is not known";
    case UV_EAI_AGAIN:
      return "the name cannot be resolved now";
    case UV_EMFILE:
      return "too many open files";
    default:
      return uv_strerror(code);
  }
}

Loop::Loop() : impl_(std::make_unique<Impl>(*this)) {
  uv_loop_init(&impl_->uv);
  impl_->uv.data = impl_.get();
  uv_async_init(&impl_->uv, &impl_->wake, [](uv_async_t* handle) {
    auto* impl = static_cast<Impl*>(reinterpret_cast<Impl*>(handle->loop->data));
    impl->do_posted();
    if (impl->stop_requested) uv_stop(&impl->uv);
  });
  impl_->wake.data = static_cast<HandleOwner*>(impl_.get());
}

Loop::~Loop() {
  stop();
  join();
  if (!impl_->ended) impl_->finish();  // never ran: handles still want closing
  uv_loop_close(&impl_->uv);
}

Status Loop::start(const std::string& thread_name) {
  impl_->running = true;
  try {
    impl_->thread = std::thread([this, name = thread_name.substr(0, 15)] {
      pthread_setname_np(pthread_self(), name.c_str());
      impl_->run();
    });
  } catch (const std::system_error& error) {
    impl_->running = false;
    return Status::system("cannot start the thread '" + thread_name + "': " + error.what());
  }
  return {};
}

void Loop::run() {
  impl_->running = true;
  impl_->run();
}

void Loop::stop() {
  const std::lock_guard lock(impl_->mutex);
  impl_->stop_requested = true;
  if (!impl_->ended) uv_async_send(&impl_->wake);
}

void Loop::join() {
  if (impl_->thread.joinable()) impl_->thread.join();
}

bool Loop::post(std::function<void()> work) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->ended) return false;
  impl_->posted.push_back(std::move(work));
  if (impl_->posted.size() == 1) uv_async_send(&impl_->wake);
  return true;
}

bool Loop::in_loop() const { return impl_->thread_id.load() == std::this_thread::get_id(); }
bool Loop::running() const { return impl_->running; }
uint64_t Loop::now_millis() const { return uv_now(&impl_->uv); }
uv_loop_s* Loop::uv() const { return &impl_->uv; }

void Loop::Impl::do_posted() {
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(mutex);
    work.swap(posted);
  }
  for (auto& one : work) {
    one();
    one = nullptr;  // what it holds goes before the next one runs
  }
}

void Loop::Impl::run() {
  thread_id = std::this_thread::get_id();
  // Writing to a peer that has gone must be an error, not the end of the program (libuv sends without
  // MSG_NOSIGNAL).
  sigset_t pipe_signal;
  sigset_t before;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  uv_update_time(&uv);
  if (!stop_requested) uv_run(&uv, UV_RUN_DEFAULT);
  finish();
  reads.release();
  const timespec none{};
  while (sigtimedwait(&pipe_signal, nullptr, &none) > 0) {
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  thread_id = std::thread::id{};
  running = false;
}

// Work posted before the end is done, then everything is closed, and what that posts is done as well.
void Loop::Impl::finish() {
  stopping = true;
  do_posted();
  uv_walk(
      &uv,
      [](uv_handle_t* handle, void*) {
        if (!uv_is_closing(handle) && handle->data != nullptr && handle->type != UV_ASYNC) {
          static_cast<HandleOwner*>(handle->data)->loop_stopped();
        }
      },
      nullptr);
  while (uv_run(&uv, UV_RUN_NOWAIT) != 0) {
    do_posted();
    int open = 0;
    uv_walk(
        &uv, [](uv_handle_t* handle, void* count) { *static_cast<int*>(count) += handle->type != UV_ASYNC; },
        &open);
    if (open == 0 && !uv_loop_alive(&uv)) break;
    if (open == 0) {  // only the wake-up is left
      const std::lock_guard lock(mutex);
      if (posted.empty()) break;
    } else {
      // Something was opened after the walk (posted work that connects): close that too.
      uv_walk(
          &uv,
          [](uv_handle_t* handle, void*) {
            if (!uv_is_closing(handle) && handle->data != nullptr && handle->type != UV_ASYNC) {
              static_cast<HandleOwner*>(handle->data)->loop_stopped();
            }
          },
          nullptr);
    }
  }
  {
    const std::lock_guard lock(mutex);
    ended = true;
  }
  do_posted();
  uv_close(reinterpret_cast<uv_handle_t*>(&wake), nullptr);
  while (uv_run(&uv, UV_RUN_DEFAULT) != 0) {
  }
}

void Loop::Impl::loop_stopped() {}

struct Timer::Impl : HandleOwner {
  uv_timer_t timer{};
  std::function<void()> on_fire;
  bool owned = true;  // the Timer is still there
  bool closing = false;

  void close() {
    if (std::exchange(closing, true)) return;
    uv_close(reinterpret_cast<uv_handle_t*>(&timer), [](uv_handle_t* handle) {
      auto* impl = static_cast<Impl*>(static_cast<HandleOwner*>(handle->data));
      impl->closed = true;
      if (!impl->owned) delete impl;
    });
  }
  void loop_stopped() override { close(); }
  bool closed = false;
};

Timer::Timer(Loop& loop) : impl_(new Impl) {
  if (uv_loop_alive(loop.uv()) == 0 && loop.impl().ended) {
    impl_->closing = impl_->closed = true;  // the loop has ended: never fires
    return;
  }
  uv_timer_init(loop.uv(), &impl_->timer);
  impl_->timer.data = static_cast<HandleOwner*>(impl_);
}

Timer::~Timer() {
  if (impl_ == nullptr) return;
  impl_->owned = false;
  if (impl_->closed) {
    delete impl_;
  } else {
    impl_->close();
  }
}

Timer::Timer(Timer&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
Timer& Timer::operator=(Timer&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

void Timer::start(uint64_t delay_millis, std::function<void()> on_fire, uint64_t repeat_millis) {
  if (impl_->closing) return;
  impl_->on_fire = std::move(on_fire);
  uv_update_time(impl_->timer.loop);
  uv_timer_start(
      &impl_->timer,
      [](uv_timer_t* timer) {
        auto* impl = static_cast<Impl*>(static_cast<HandleOwner*>(timer->data));
        auto fire =
            std::move(impl->on_fire);  // it may restart or destroy its timer; impl lives until it is closed
        impl->on_fire = nullptr;
        fire();
        if (!impl->on_fire) impl->on_fire = std::move(fire);
      },
      delay_millis, repeat_millis);
}

void Timer::stop() {
  if (!impl_->closing) uv_timer_stop(&impl_->timer);
}

bool Timer::active() const {
  return !impl_->closing && uv_is_active(reinterpret_cast<const uv_handle_t*>(&impl_->timer)) != 0;
}

}  // namespace sluice::net
