// Bump allocation for everything that lives as long as a batch. Nothing is freed singly; reset() keeps the
// blocks, so that a recycled arena allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace sluice {

/// A growing region of memory. Not thread-safe: one worker at a time. Destructors are never run, so only
/// trivially destructible things may live here.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&&) noexcept = default;

  /// `size` bytes aligned to `align` (a power of two, at most 16). Never null.
  void* allocate(size_t size, size_t align = 8) {
    auto at = (cursor_ + (align - 1)) & ~(uintptr_t{align} - 1);
    if (at + size > limit_) return allocate_slow(size, align);
    cursor_ = at + size;
    return reinterpret_cast<void*>(at);
  }

  template <class T>
  T* array(size_t n) {
    static_assert(alignof(T) <= 16);
    return static_cast<T*>(allocate(n * sizeof(T), alignof(T)));
  }

  /// A copy of `text` that lives as long as the arena's contents.
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {"", 0};
    auto* at = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }

  /// Gives the unused tail of the newest allocation back; `end` is one past the last byte used.
  void shrink_last(const void* end) {
    auto at = reinterpret_cast<uintptr_t>(end);
    if (at <= cursor_ && at >= base_) cursor_ = at;
  }

  /// Forgets the contents and keeps blocks up to `keep` bytes for reuse.
  void reset(size_t keep = 4 << 20);

  /// Bytes given out since the last reset(), with what was left at the ends of blocks.
  [[nodiscard]] size_t used() const {
    size_t bytes = cursor_ - base_;
    for (size_t i = 0; i < current_; ++i) bytes += blocks_[i].size;
    return bytes;
  }

  /// Bytes held in blocks.
  [[nodiscard]] size_t capacity() const { return capacity_; }

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };
  void* allocate_slow(size_t size, size_t align);
  void use(size_t index);

  std::vector<Block> blocks_;
  size_t current_ = 0;
  uintptr_t base_ = 0;
  uintptr_t cursor_ = 0;
  uintptr_t limit_ = 0;
  size_t capacity_ = 0;
};

}  // namespace sluice
