// A second engine for regular expressions: for ASCII text of one line, several times as fast as the first
// one.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "match/byte_graph.hpp"
#include "match/byte_native.hpp"

namespace sluice::match {

/// Where a ByteProgram keeps its state during a search; grows to what it needs and is used again.
struct ByteScratch {
  std::vector<int32_t> slots;  ///< begin and end of each group (begin < 0: none), then what the search needs
  struct Undo {
    uint32_t slot;
    int32_t value;
  };
  std::vector<Undo> trail;  ///< of the interpreter
  NativeScratch native;
};

/// A regular expression compiled to a graph of steps over bytes: runs of a class in one go, branches and
/// repetitions entered only when their first byte fits. It backtracks in the order that Oniguruma does, so
/// that the answer is the same; a differential test holds the two together. What it has no node for is not
/// compiled. Where the machine allows it the graph of an expression in use becomes machine code, else it is
/// interpreted: the answers are the same. Usable from several threads at once.
class ByteProgram {
 public:
  enum class Answer : uint8_t {
    match,
    no_match,
    gave_up,    ///< too many steps or too deep: somebody with a clock must do it
    elsewhere,  ///< not at the first place, which is scratch.slots[0]
  };
  /// Where a match may begin.
  enum class Places : uint8_t {
    all,
    first,  ///< only at the first place with a byte that the pattern can begin with
  };

  /// Null for patterns beyond its means. `plain_groups`: `(…)` captures.
  static std::unique_ptr<ByteProgram> compile(std::string_view pattern, bool plain_groups, bool ignore_case);

  /// First match at or after `from`; the text is ASCII and has no line end. Offsets are in scratch.slots.
  /// Texts with the same serial number are the same one; 0: nobody knows.
  Answer search(std::string_view text, size_t from, ByteScratch& scratch, Places places = Places::all,
                uint64_t serial = 0) const;
  /// The same by the interpreter, whatever search() uses.
  Answer interpret(std::string_view text, size_t from, ByteScratch& scratch,
                   Places places = Places::all) const;
  /// Groups, the whole match included.
  [[nodiscard]] uint32_t groups() const { return graph_.groups; }
  /// False when every text can be the beginning of a match.
  [[nodiscard]] bool selective() const { return !first_[graph_.start].all(); }
  /// Makes the machine code that search() otherwise makes when it has been called some times. Null, and why,
  /// where there can be none.
  const NativeRegex* native() const;
  [[nodiscard]] const std::string& why_not_native() const { return why_not_native_; }

 private:
  friend class ByteMatcher;

  ByteGraph graph_;
  std::vector<ByteGraph::Set> first_;          // of each node: what may come
  std::vector<std::array<bool, 256>> tables_;  // sets, one byte a member for speed
  // Machine code is made for what is used; then whoever sees `ready_` sees the rest.
  static constexpr uint32_t kWarm = 32;
  mutable std::atomic<uint32_t> searches_ = 0;
  mutable std::atomic<bool> ready_ = false;
  mutable std::once_flag once_;
  mutable std::unique_ptr<NativeRegex> native_;
  mutable std::string why_not_native_;
};

}  // namespace sluice::match
