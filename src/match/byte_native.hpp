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
  std::vector<unsigned char> text;  ///< a copy of the text between bytes that are in no set
  std::vector<Frame> stack;         ///< ways that are still to be tried
};

/// A ByteGraph as machine code of this processor. Immutable; usable from several threads at once, each with
/// its own scratch.
class NativeRegex {
 public:
  enum class Answer : uint8_t { no_match, match, gave_up };
  /// Bytes of a text that search() takes: each search copies its text.
  static constexpr size_t kLongest = 1 << 16;

  /// Null, and why, where there is no generator for the processor, where no memory can be made executable, or
  /// for a graph with something that the generator does not know.
  static std::unique_ptr<NativeRegex> compile(const ByteGraph& graph, std::string& why_not);
  ~NativeRegex();
  NativeRegex(const NativeRegex&) = delete;
  NativeRegex& operator=(const NativeRegex&) = delete;

  /// As ByteProgram::search; `slots` is made as long as it has to be.
  Answer search(std::string_view text, size_t from, std::vector<int32_t>& slots,
                NativeScratch& scratch) const;
  /// Bytes of code and tables.
  [[nodiscard]] size_t size() const { return size_; }

 private:
  NativeRegex() = default;
  void* code_ = nullptr;  // mapped: readable and executable, never writable at the same time
  size_t size_ = 0;
  size_t mapped_ = 0;
  uint32_t slots_ = 0;
};

}  // namespace sluice::match
