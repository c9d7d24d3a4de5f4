#include "base/slab.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <new>

namespace sluice {

namespace {
constexpr std::array<size_t, 7> kSizes = {4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20};
constexpr uint32_t kUnpooled = kSizes.size();

uint32_t class_of(size_t capacity) {
  uint32_t at = 0;
  while (at < kSizes.size() && kSizes[at] < capacity) ++at;
  return at;
}
}  // namespace

// Outlives the pool until the last slab of it is gone. One short lock per slab, never per event.
struct SlabRef::PoolCore {
  struct alignas(64) FreeList {
    std::mutex mutex;
    Head* first = nullptr;
    size_t count = 0;
    size_t unneeded = 0;  // the fewest that were free since the last trim()

    Head* pop() {
      Head* head = first;
      if (!head) return nullptr;
      first = head->next;
      unneeded = std::min(unneeded, --count);
      return head;
    }
    void push(Head* head) {
      head->next = first;
      first = head;
      ++count;
    }
  };
  std::array<FreeList, kSizes.size()> free_lists;
  std::atomic<size_t> holders{1};  // the pool itself and every slab in use
  std::atomic<size_t> in_use{0};
  std::atomic<size_t> free_bytes{0};
  std::atomic<uint64_t> allocations{0};
  std::atomic<size_t> keep_bytes{0};

  void drop_holder() {
    if (holders.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  static void free_head(Head* head) {
    head->~Head();
    ::operator delete (head, std::align_val_t{alignof(Head)});
  }
  void clear() {
    keep_bytes = 0;
    for (auto& list : free_lists) {
      const std::lock_guard lock(list.mutex);
      while (Head* head = list.pop()) {
        free_bytes -= head->capacity;
        free_head(head);
      }
    }
  }
};

SlabPool::SlabPool(size_t keep_bytes) : core_(new SlabRef::PoolCore) { core_->keep_bytes = keep_bytes; }

SlabPool::~SlabPool() {
  core_->clear();
  core_->drop_holder();
}

SlabPool& SlabPool::shared() {
  static auto* pool =
      new SlabPool;  // never destroyed: slabs may be released by threads that end after main()
  return *pool;
}

SlabRef SlabPool::allocate(size_t capacity) {
  using Head = SlabRef::Head;
  const uint32_t size_class = class_of(capacity);
  Head* head = nullptr;
  if (size_class != kUnpooled) {
    capacity = kSizes[size_class];
    auto& list = core_->free_lists[size_class];
    const std::lock_guard lock(list.mutex);
    head = list.pop();
  }
  if (head) {
    core_->free_bytes.fetch_sub(capacity, std::memory_order_relaxed);
    head->refs.store(1, std::memory_order_relaxed);
    head->size = 0;
  } else {
    void* raw = ::operator new (sizeof(Head) + capacity + SlabRef::kPadding, std::align_val_t{alignof(Head)});
    head = new (raw) Head{{1}, size_class, capacity, 0, core_, nullptr};
    // Readers past the end must not see memory that was never written.
    std::memset(static_cast<char*>(raw) + sizeof(Head) + capacity, 0, SlabRef::kPadding);
    core_->allocations.fetch_add(1, std::memory_order_relaxed);
  }
  core_->holders.fetch_add(1, std::memory_order_relaxed);
  core_->in_use.fetch_add(capacity, std::memory_order_relaxed);
  return SlabRef(head);
}

size_t SlabPool::trim() {
  size_t bytes = 0;
  SlabRef::Head* spare = nullptr;
  for (auto& list : core_->free_lists) {
    const std::lock_guard lock(list.mutex);
    for (size_t n = list.unneeded; n > 0; --n) {
      SlabRef::Head* head = list.pop();
      head->next = std::exchange(spare, head);
      bytes += head->capacity;
    }
    list.unneeded = list.count;
  }
  while (spare) SlabRef::PoolCore::free_head(std::exchange(spare, spare->next));
  core_->free_bytes.fetch_sub(bytes, std::memory_order_relaxed);
  return bytes;
}

SlabPool::Stats SlabPool::stats() const {
  return {core_->in_use.load(std::memory_order_relaxed), core_->free_bytes.load(std::memory_order_relaxed),
          core_->allocations.load(std::memory_order_relaxed)};
}

SlabRef SlabRef::allocate(size_t capacity) { return SlabPool::shared().allocate(capacity); }

SlabRef SlabRef::copy_of(std::string_view bytes) {
  SlabRef slab = allocate(bytes.size());
  slab.append(bytes);
  return slab;
}

void SlabRef::append(std::string_view bytes) const {
  if (!bytes.empty()) std::memcpy(data() + head_->size, bytes.data(), bytes.size());
  head_->size += bytes.size();
}

void SlabRef::release(Head* head) {
  PoolCore* core = head->pool;
  const size_t capacity = head->capacity;
  core->in_use.fetch_sub(capacity, std::memory_order_relaxed);
  bool kept = false;
  if (head->size_class != kUnpooled &&
      core->free_bytes.load(std::memory_order_relaxed) + capacity <= core->keep_bytes) {
    auto& list = core->free_lists[head->size_class];
    const std::lock_guard lock(list.mutex);
    if (core->keep_bytes != 0) {  // the pool may have gone meanwhile
      core->free_bytes.fetch_add(capacity, std::memory_order_relaxed);
      list.push(head);
      kept = true;
    }
  }
  if (!kept) PoolCore::free_head(head);
  core->drop_holder();
}

}  // namespace sluice
