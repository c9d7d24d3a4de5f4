// Counts allocations of a whole process, C libraries included: preload it, and read the counter from outside
// while the process runs.
//
//     ninja -C build tests/bench/libmalloc_count.so
//     MALLOC_COUNT=/tmp/counter LD_PRELOAD=build/tests/bench/libmalloc_count.so build/pipeline ...
//
// The file named by MALLOC_COUNT (made by this library, 4096 bytes) is an array of 64 records of 64 bytes,
// one a thread (threads share a record from the 65th on); each starts with two 64-bit little-endian numbers:
// calls of malloc, calloc, realloc and their aligned kin (operator new ends in malloc), and the bytes they
// asked for. Sum the records before and after a stretch of events; malloc_count.py does. Without MALLOC_COUNT
// nothing is written. glibc only. A call costs some 5 ns more.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t n, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t align, size_t size);
}

namespace {

struct alignas(64) Record {
  std::atomic<uint64_t> calls;
  std::atomic<uint64_t> bytes;
};
constexpr size_t kRecords = 64;
using Records = std::array<Record, kRecords>;

Records unread;  // until the file is there, and without one
std::atomic<Records*> records{&unread};
std::atomic<size_t> threads{0};
// Initial-exec: the first access in a thread must not allocate.
__attribute__((tls_model("initial-exec"))) thread_local size_t own = 0;

void count(size_t bytes) {
  if (!own) own = threads.fetch_add(1, std::memory_order_relaxed) % kRecords + 1;
  auto& record = (*records.load(std::memory_order_relaxed))[own - 1];
  record.calls.fetch_add(1, std::memory_order_relaxed);
  record.bytes.fetch_add(bytes, std::memory_order_relaxed);
}

__attribute__((constructor)) void open_counter() {
  const char* path = std::getenv("MALLOC_COUNT");
  if (!path) return;
  const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return;
  if (ftruncate(fd, sizeof(Records)) == 0) {
    void* shared = mmap(nullptr, sizeof(Records), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared != MAP_FAILED) records = static_cast<Records*>(shared);
  }
  close(fd);
}

}  // namespace

extern "C" {

void* malloc(size_t size) noexcept {
  count(size);
  return __libc_malloc(size);
}

void* calloc(size_t n, size_t size) noexcept {
  count(n * size);
  return __libc_calloc(n, size);
}

void* realloc(void* old, size_t size) noexcept {
  count(size);
  return __libc_realloc(old, size);
}

void* memalign(size_t align, size_t size) noexcept {
  count(size);
  return __libc_memalign(align, size);
}

void* aligned_alloc(size_t align, size_t size) noexcept {
  count(size);
  return __libc_memalign(align, size);
}

int posix_memalign(void** result, size_t align, size_t size) noexcept {
  if (align % sizeof(void*) != 0 || (align & (align - 1)) != 0) return EINVAL;
  count(size);
  void* made = __libc_memalign(align, size);
  if (!made) return ENOMEM;
  *result = made;
  return 0;
}

}  // extern "C"
