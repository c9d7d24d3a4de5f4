// Inside of net only: what its classes share with the loop they live on.
#pragma once

#include <uv.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/slab.hpp"
#include "net/loop.hpp"

namespace sluice::net {

/// Whoever owns libuv handles on a loop: handle->data points to it, so that a loop that ends can tell it.
class HandleOwner {
 public:
  virtual ~HandleOwner() = default;
  /// The loop ends: close every handle now.
  virtual void loop_stopped() = 0;
};

/// Gives out room for small reads in slabs that many readers share, so that an idle one holds nothing and a
/// stuck one holds little.
class ReadSlabs {
 public:
  static constexpr size_t kSlabSize = 64 << 10;
  /// Room for `least` bytes or more at the end of the current slab.
  char* room(size_t least, size_t& size) {
    if (!slab_ || slab_.room() < least) {
      if (slab_ && slab_.sole_owner() && slab_.capacity() >= least) {
        slab_.set_size(0);
      } else {
        slab_ = SlabRef::allocate(least > kSlabSize ? least : kSlabSize);
      }
    }
    size = slab_.room();
    return slab_.data() + slab_.size();
  }
  /// Takes the first `count` bytes of the room given last.
  std::string_view take(size_t count) {
    const std::string_view bytes{slab_.data() + slab_.size(), count};
    slab_.set_size(slab_.size() + count);
    return bytes;
  }
  [[nodiscard]] const SlabRef& slab() const { return slab_; }
  void release() { slab_.reset(); }

 private:
  SlabRef slab_;
};

struct Loop::Impl : HandleOwner {
  explicit Impl(Loop& loop) : self(loop) {}

  Loop& self;
  uv_loop_t uv{};
  uv_async_t wake{};
  ReadSlabs reads;

  std::mutex mutex;
  std::vector<std::function<void()>> posted;
  bool ended = false;     // guarded by mutex: nothing can be posted any more
  bool stopping = false;  // loop thread
  std::atomic<bool> stop_requested{false};
  std::atomic<bool> running{false};
  std::atomic<std::thread::id> thread_id{};
  std::thread thread;

  void do_posted();
  void run();
  void finish();
  void loop_stopped() override;
};

/// The error of binding a port, with address and reason.
Status listen_error(const std::string& host, uint16_t port, int code);

/// What libuv says of `code`, for a person: "connection refused".
std::string uv_text(int code);

}  // namespace sluice::net
