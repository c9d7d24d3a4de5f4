// Where events come from, and the promise to tell the source when they are safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace sluice {

/// The token of one piece of input (a Lumberjack window, a stretch of a file). Every batch that holds events
/// of the piece holds a reference; when the last is gone, settled() says whether all of them were delivered.
class Acknowledgement {
 public:
  virtual ~Acknowledgement() = default;
  Acknowledgement(const Acknowledgement&) = delete;
  Acknowledgement& operator=(const Acknowledgement&) = delete;

  /// Called once, on whatever thread lets go last, then the object is deleted. `delivered`: every output has
  /// confirmed every event; false: some were given up at shutdown and the source has to send them again.
  virtual void settled(bool delivered) noexcept = 0;

 protected:
  Acknowledgement() = default;

 private:
  friend class AckRef;
  std::atomic<uint32_t> references_{0};
  std::atomic<bool> lost_{false};
};

/// A counted reference to an Acknowledgement. Copies may live on any thread.
class AckRef {
 public:
  AckRef() = default;
  /// Takes ownership of `ack`.
  explicit AckRef(Acknowledgement* ack) : ack_(ack) { retain(); }
  AckRef(const AckRef& other) : ack_(other.ack_) { retain(); }
  AckRef(AckRef&& other) noexcept : ack_(std::exchange(other.ack_, nullptr)) {}
  AckRef& operator=(AckRef other) noexcept {
    std::swap(ack_, other.ack_);
    return *this;
  }
  ~AckRef() { release(); }

  explicit operator bool() const { return ack_ != nullptr; }
  [[nodiscard]] Acknowledgement* get() const { return ack_; }
  /// Marks the piece as not delivered; settled(false) will be called in the end.
  void abandon() {
    if (ack_) ack_->lost_.store(true, std::memory_order_relaxed);
  }
  void reset() {
    release();
    ack_ = nullptr;
  }

 private:
  void retain() {
    if (ack_) ack_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  void release() {
    if (!ack_ || ack_->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    ack_->settled(!ack_->lost_.load(std::memory_order_relaxed));
    delete ack_;
  }
  Acknowledgement* ack_ = nullptr;
};

}  // namespace sluice
