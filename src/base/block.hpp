// Text in steps of sixteen bytes, the last of which may be shorter: what a loop over single bytes, or a copy
// of a length that cannot be foreseen, costs several times as much for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice {

/// Sixteen bytes at once, as the compiler knows to do it on each processor.
using Block = unsigned char __attribute__((vector_size(16)));
constexpr size_t kBlock = sizeof(Block);

inline Block load_block(const char* from) {
  Block bytes;
  std::memcpy(&bytes, from, kBlock);
  return bytes;
}

/// The block at `from`, of which only the first `size` bytes, one at least, are the text's; what the others
/// are is left open. They are read from behind the text where that cannot be another page, so that nothing is
/// read that the process may not read. The sanitizers know only whose bytes they are.
__attribute__((no_sanitize("address", "thread"))) inline Block load_tail(const char* from, size_t size) {
  using Unaligned = Block __attribute__((aligned(1), may_alias));
  constexpr size_t kPage = 4096;  // memory is mapped in multiples of it
  if (reinterpret_cast<uintptr_t>(from) % kPage <= kPage - kBlock)
    return *reinterpret_cast<const Unaligned*>(from);
  char tail[kBlock] = {};
  std::memcpy(tail, from, size);
  return load_block(tail);
}

/// Copies `text` to `to`, where there is room for a block more; what stands behind the copy is left open.
inline void copy_blocks(std::string_view text, char* to) {
  size_t at = 0;
  for (; text.size() - at >= kBlock; at += kBlock) std::memcpy(to + at, text.data() + at, kBlock);
  if (at == text.size()) return;
  const Block tail = load_tail(text.data() + at, text.size() - at);
  std::memcpy(to + at, &tail, kBlock);
}

}  // namespace sluice
