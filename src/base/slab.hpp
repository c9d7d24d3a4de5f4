// Slabs: the byte buffers that input is read into. Events keep views of them, batches keep them alive.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace sluice {

class SlabPool;

/// A counted reference to a buffer of bytes; empty by default. Copying counts, moving does not; the last
/// reference gives the buffer back to its pool, from any thread. The bytes of one slab may be written by one
/// thread only, and never again once a view of them has been handed on.
class SlabRef {
 public:
  /// Readable (not meaningful) bytes after data() + capacity(): simdjson reads past the end of its input.
  static constexpr size_t kPadding = 64;

  SlabRef() = default;
  SlabRef(const SlabRef& other) : head_(other.head_) {
    if (head_) head_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  SlabRef(SlabRef&& other) noexcept : head_(std::exchange(other.head_, nullptr)) {}
  SlabRef& operator=(const SlabRef& other) {
    SlabRef copy(other);
    std::swap(head_, copy.head_);
    return *this;
  }
  SlabRef& operator=(SlabRef&& other) noexcept {
    std::swap(head_, other.head_);
    return *this;
  }
  ~SlabRef() { reset(); }

  /// A slab of at least `capacity` bytes from the process-wide pool, of size 0. Throws std::bad_alloc.
  static SlabRef allocate(size_t capacity);
  /// A slab that holds a copy of `bytes`.
  static SlabRef copy_of(std::string_view bytes);

  void reset() {
    if (head_ && head_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) release(head_);
    head_ = nullptr;
  }

  [[nodiscard]] char* data() const { return reinterpret_cast<char*>(head_ + 1); }
  [[nodiscard]] size_t capacity() const { return head_->capacity; }
  /// Bytes in use, as the writer has set it.
  [[nodiscard]] size_t size() const { return head_->size; }
  void set_size(size_t size) const { head_->size = size; }
  [[nodiscard]] size_t room() const { return head_->capacity - head_->size; }
  [[nodiscard]] std::string_view view() const { return {data(), size()}; }
  /// Copies `bytes` behind the ones in use; there must be room for them.
  void append(std::string_view bytes) const;

  explicit operator bool() const { return head_ != nullptr; }
  friend bool operator==(const SlabRef& a, const SlabRef& b) { return a.head_ == b.head_; }
  /// True when nobody else holds the slab, so that its bytes may be written again.
  [[nodiscard]] bool sole_owner() const { return head_->refs.load(std::memory_order_acquire) == 1; }

 private:
  friend class SlabPool;
  struct PoolCore;
  struct alignas(64) Head {
    std::atomic<uint32_t> refs;
    uint32_t size_class;
    size_t capacity;
    size_t size;
    PoolCore* pool;
    Head* next;  // in the pool's list of free slabs
  };
  explicit SlabRef(Head* head) : head_(head) {}
  static void release(Head* head);

  Head* head_ = nullptr;
};

/// Keeps slabs of 4, 16, 64 and 256 KiB and 1, 4 and 16 MiB for reuse; larger ones go back to the allocator.
/// All calls are thread-safe. Slabs may outlive their pool.
class SlabPool {
 public:
  /// Keeps at most `keep_bytes` of free slabs.
  explicit SlabPool(size_t keep_bytes = size_t{64} << 20);
  ~SlabPool();
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;

  /// The pool behind SlabRef::allocate().
  static SlabPool& shared();

  /// A slab of at least `capacity` bytes, size 0. Throws std::bad_alloc.
  SlabRef allocate(size_t capacity);

  /// Frees the slabs that were not needed since the last call. Returns their bytes.
  size_t trim();

  struct Stats {
    size_t in_use_bytes;   // capacity of the slabs that somebody holds
    size_t free_bytes;     // capacity of the slabs kept for reuse
    uint64_t allocations;  // slabs that came from the allocator, not from the free lists
  };
  [[nodiscard]] Stats stats() const;

 private:
  SlabRef::PoolCore* core_;
};

}  // namespace sluice
