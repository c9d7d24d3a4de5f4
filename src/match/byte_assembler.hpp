// The machine instructions that machine code for a regular expression consists of, for x86-64.
#pragma once

#include <asmjit/x86.h>

#include <array>
#include <bitset>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "match/byte_native.hpp"

namespace sluice::match {

/// What the generated function is given. It returns a NativeExit.
struct NativeCall {
  const unsigned char* text;  ///< with bytes of 0xff before it and behind it
  int32_t* slots;
  NativeScratch::Frame* stack;
  NativeScratch::Frame* stack_end;
  int64_t budget;  ///< steps
  uint32_t from;
};

/// Emits tests, scans and frames. A search keeps its state in registers: the position, the text, the stack of
/// ways still to be tried. The byte behind the end and the one before the beginning are 0xff, which is in no
/// set, so that nothing has to look where the text ends.
class ByteAssembler {
 public:
  using Set = std::bitset<256>;
  using Label = asmjit::Label;
  using Reg = asmjit::x86::Gp;

  static inline const Reg kText = asmjit::x86::rdi;
  static inline const Reg kAt = asmjit::x86::esi;
  static inline const Reg kSlots = asmjit::x86::rdx;
  static inline const Reg kStack = asmjit::x86::r8;
  static inline const Reg kLimit = asmjit::x86::r9;
  static inline const Reg kBudget = asmjit::x86::r10;
  static inline const Reg kTables = asmjit::x86::r11;
  /// Free for what stands next to each other; scan() and test() change eax only.
  static inline const Reg kFirst = asmjit::x86::eax;
  static inline const Reg kSecond = asmjit::x86::ecx;

  explicit ByteAssembler(asmjit::CodeHolder& code);

  /// Loads the registers from the NativeCall.
  void prologue();
  /// Exits, the way back, and the tables: behind everything else.
  void epilogue();

  /// Goes on when the byte at the position plus `offset` is in the set (whose member ByteGraph::kEdge is the
  /// end of the text), else at `otherwise`.
  void test(const Set& set, int32_t offset, Label otherwise);
  /// The same for a text.
  void literal(std::string_view text, int32_t offset, Label otherwise);
  /// Moves the position behind the bytes of the set that stand there.
  void scan(const Set& set);
  /// The byte before and the one at the position plus `offset` are both word characters or both not: to
  /// `same`.
  void word_edge(int32_t offset, Label same);

  /// Keeps a way for later: from `resume` on at this position, with kSecond when `extra`.
  void push(Label resume, bool extra = false);
  /// Keeps what a slot holds, to be put back when what follows fails.
  void push_slot(uint32_t slot);
  /// The last way that was kept. Its `extra` is at NativeScratch::Frame::extra behind kStack.
  [[nodiscard]] Label fail() const { return fail_; }
  [[nodiscard]] static asmjit::x86::Mem extra();
  [[nodiscard]] static asmjit::x86::Mem slot(uint32_t index);
  [[nodiscard]] static asmjit::x86::Mem byte(int32_t offset);
  void exit(NativeExit result);

  asmjit::x86::Assembler a;  // NOLINT: what has no name of its own is written to it directly

 private:
  struct Range {
    size_t low = 0;
    size_t high = 0;
    bool one = false;  // the set is one range
  };
  static Range range_of(const Set& set);
  std::pair<size_t, uint8_t> bit_of(const Set& set);
  asmjit::x86::Mem constant(const unsigned char (&bytes)[16]);
  asmjit::x86::Mem repeated(unsigned char byte);
  void stops(const Set& set);

  Label fail_;
  Label undo_;
  Label tables_;
  Label full_;
  Label spent_;
  std::vector<Set> bits_;  // eight of them share a table of 256 bytes
  struct Constant {
    Label label;
    std::array<unsigned char, 16> bytes;
  };
  std::vector<Constant> constants_;
  struct Scan {
    Label here;
    Label beyond;  // sixteen bytes on
  };
  std::vector<Scan> scans_;
};

}  // namespace sluice::match
