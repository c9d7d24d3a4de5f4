#include "base/arena.hpp"

#include <algorithm>

namespace sluice {
namespace {
constexpr size_t kFirstBlock = 16 << 10;
constexpr size_t kLargestBlock = 1 << 20;
}  // namespace

void Arena::use(size_t index) {
  current_ = index;
  base_ = reinterpret_cast<uintptr_t>(blocks_[index].bytes.get());
  cursor_ = base_;
  limit_ = base_ + blocks_[index].size;
}

void* Arena::allocate_slow(size_t size, size_t align) {
  const size_t need = size + align;
  while (current_ + 1 < blocks_.size()) {
    use(current_ + 1);
    if (need <= limit_ - cursor_) return allocate(size, align);
  }
  const size_t grown = blocks_.empty() ? kFirstBlock : std::min(blocks_.back().size * 2, kLargestBlock);
  const size_t bytes = std::max(grown, need);
  blocks_.push_back({std::make_unique_for_overwrite<char[]>(bytes), bytes});
  capacity_ += bytes;
  use(blocks_.size() - 1);
  return allocate(size, align);
}

void Arena::reset(size_t keep) {
  while (!blocks_.empty() && capacity_ > keep) {
    capacity_ -= blocks_.back().size;
    blocks_.pop_back();
  }
  if (blocks_.empty()) {
    current_ = 0;
    base_ = cursor_ = limit_ = 0;
  } else {
    use(0);
  }
}

}  // namespace sluice
