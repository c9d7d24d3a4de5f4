// Machine code for a regular expression over bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::match {

struct ByteGraph;

/// What a search by machine code needs, kept by the caller and used again.
struct NativeScratch {
  struct Frame {
    const void* resume;
    uint32_t at;
    uint32_t extra;
  };
  std::vector<Frame> stack;  ///< ways that are still to be tried

  /// Makes the text the one to search in, by a copy between bytes that are in no set: none is made when the
  /// last text had the same serial number, unless that is 0.
  void hold(std::string_view bytes, uint64_t number);
  [[nodiscard]] const unsigned char* text() const { return buffer.data() + kBefore; }

  static constexpr size_t kBefore = 16;  ///< bytes of 0xff before the text
  static constexpr size_t kBehind = 32;  ///< and behind it
  std::vector<unsigned char> buffer;
  uint64_t serial = 0;
};

/// How machine code ends.
enum class NativeExit : int {
  no_match,
  match,
  gave_up,
  stack_full,
  elsewhere,  ///< not at the first place
};

/// A ByteGraph as machine code of this processor. Immutable; usable from several threads at once, each with
/// its own scratch.
class NativeRegex {
 public:
  /// Bytes of a text that search() takes: each search copies its text.
  static constexpr size_t kLongest = 1 << 16;

  /// Null, and why, where there is no generator for the processor, where no memory can be made executable, or
  /// for a graph with something that the generator does not know.
  static std::unique_ptr<NativeRegex> compile(const ByteGraph& graph, std::string& why_not);
  ~NativeRegex();
  NativeRegex(const NativeRegex&) = delete;
  NativeRegex& operator=(const NativeRegex&) = delete;

  /// As ByteProgram::search, in the text that the scratch holds. `slots` is made as long as it has to be.
  /// Never `stack_full`.
  NativeExit search(size_t from, bool first_place, std::vector<int32_t>& slots, NativeScratch& scratch) const;
  /// Bytes of code and tables.
  [[nodiscard]] size_t size() const { return size_; }

 private:
  NativeRegex() = default;
  void* code_ = nullptr;  // mapped: readable and executable, never writable at the same time
  size_t size_ = 0;
  size_t mapped_ = 0;
  uint32_t slots_ = 0;
  uint32_t first_place_ = 0;  // the slot that says so
};

}  // namespace sluice::match
