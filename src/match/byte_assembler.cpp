#include "match/byte_assembler.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace sluice::match {
namespace {

namespace x86 = asmjit::x86;
using Set = ByteAssembler::Set;
using Frame = NativeScratch::Frame;

constexpr size_t kEdge = 255;
constexpr int kFrame = sizeof(Frame);

const x86::Xmm kHighBits = x86::xmm15;  // bit n of a byte for each high half n
const x86::Xmm kLowHalf = x86::xmm14;   // 0x0f
const x86::Xmm kZero = x86::xmm13;

// The bytes that can be: ASCII and the one for the end.
const Set kPossible = (~Set() >> 0x80).set(kEdge);

template <size_t... Offsets>
int32_t signed_word(std::string_view text, std::index_sequence<Offsets...>) {
  uint32_t word = 0;
  ((word |= static_cast<uint32_t>(static_cast<unsigned char>(text[Offsets])) << (8 * Offsets)), ...);
  return static_cast<int32_t>(word);
}

}  // namespace

ByteAssembler::ByteAssembler(asmjit::CodeHolder& code) : a(&code) {
  for (Label* label : {&fail_, &undo_, &tables_, &full_, &spent_}) *label = a.newLabel();
}

void ByteAssembler::prologue() {
  const auto field = [](size_t offset, uint32_t size) {
    x86::Mem mem = x86::ptr(x86::rdi, static_cast<int32_t>(offset));
    mem.setSize(size);
    return mem;
  };
  a.mov(kSlots, field(offsetof(NativeCall, slots), 8));
  a.mov(kStack, field(offsetof(NativeCall, stack), 8));
  a.mov(kLimit, field(offsetof(NativeCall, stack_end), 8));
  a.mov(kBudget, field(offsetof(NativeCall, budget), 8));
  a.mov(kAt, field(offsetof(NativeCall, from), 4));
  a.mov(kText, field(offsetof(NativeCall, text), 8));
  a.lea(kTables, x86::ptr(tables_));
  unsigned char bytes[16];
  for (size_t i = 0; i < 16; ++i) bytes[i] = i < 8 ? static_cast<unsigned char>(1u << i) : 0;
  a.movdqa(kHighBits, constant(bytes));
  a.movdqa(kLowHalf, repeated(0x0f));
  a.pxor(kZero, kZero);
}

void ByteAssembler::exit(NativeExit result) {
  a.mov(x86::eax, static_cast<int>(result));
  a.ret();
}

void ByteAssembler::epilogue() {
  for (const Scan& scan : scans_) {
    a.bind(scan.beyond);
    a.add(kAt, 16);
    a.dec(kBudget);
    a.jmp(scan.here);
  }
  a.bind(undo_);
  a.mov(kFirst, x86::dword_ptr(kStack, offsetof(Frame, at)));
  a.mov(kSecond, extra());
  a.mov(x86::dword_ptr(kSlots, x86::rcx), kFirst);
  a.bind(fail_);
  a.sub(kStack, kFrame);
  a.dec(kBudget);
  a.js(spent_);
  a.mov(kAt, x86::dword_ptr(kStack, offsetof(Frame, at)));
  a.jmp(x86::qword_ptr(kStack));
  a.bind(spent_);
  exit(NativeExit::gave_up);
  a.bind(full_);
  exit(NativeExit::stack_full);

  a.align(asmjit::AlignMode::kData, 16);
  for (const Constant& constant : constants_) {
    a.bind(constant.label);
    a.embed(constant.bytes.data(), constant.bytes.size());
  }
  a.bind(tables_);
  for (size_t first = 0; first < bits_.size(); first += 8) {
    std::array<uint8_t, 256> table{};
    for (size_t i = first; i < std::min(first + 8, bits_.size()); ++i)
      for (size_t c = 0; c < table.size(); ++c)
        if (bits_[i][c]) table[c] = static_cast<uint8_t>(table[c] | (1u << (i - first)));
    a.embed(table.data(), table.size());
  }
}

x86::Mem ByteAssembler::extra() { return x86::dword_ptr(kStack, offsetof(Frame, extra)); }
x86::Mem ByteAssembler::slot(uint32_t index) {
  return x86::dword_ptr(kSlots, static_cast<int32_t>(4 * index));
}
x86::Mem ByteAssembler::byte(int32_t offset) { return x86::byte_ptr(kText, x86::rsi, 0, offset); }

ByteAssembler::Range ByteAssembler::range_of(const Set& set) {
  Range range;
  range.low = set._Find_first();
  range.high = range.low;
  while (range.high + 1 < 0x80 && set[range.high + 1]) ++range.high;
  range.one = range.low < 0x80 && range.high - range.low + 1 == set.count();
  return range;
}

std::pair<size_t, uint8_t> ByteAssembler::bit_of(const Set& set) {
  const auto known = std::find(bits_.begin(), bits_.end(), set);
  const auto index = static_cast<size_t>(known - bits_.begin());
  if (known == bits_.end()) bits_.push_back(set);
  return {index / 8 * 256, static_cast<uint8_t>(1u << (index % 8))};
}

void ByteAssembler::test(const Set& any, int32_t offset, Label otherwise) {
  const Set set = any & kPossible;
  const Set rest = kPossible & ~set;
  const auto as_signed = [](size_t byte) { return static_cast<int8_t>(byte); };
  const auto in_range = [&](const Range& range) {
    a.movzx(kFirst, byte(offset));
    if (range.low != 0) a.sub(kFirst, static_cast<int32_t>(range.low));
    a.cmp(kFirst, static_cast<int32_t>(range.high - range.low));
  };
  if (rest.none()) return;
  if (set.none()) {
    a.jmp(otherwise);
  } else if (rest.count() == 1) {
    a.cmp(byte(offset), as_signed(rest._Find_first()));
    a.je(otherwise);
  } else if (set.count() == 1) {
    a.cmp(byte(offset), as_signed(set._Find_first()));
    a.jne(otherwise);
  } else if (const Range range = range_of(set); range.one) {
    in_range(range);
    a.ja(otherwise);
  } else if (const Range gap = range_of(rest); gap.one) {
    in_range(gap);
    a.jbe(otherwise);
  } else {
    const auto [table, bit] = bit_of(set);
    a.movzx(kFirst, byte(offset));
    a.test(x86::byte_ptr(kTables, x86::rax, 0, static_cast<int32_t>(table)), bit);
    a.jz(otherwise);
  }
}

void ByteAssembler::literal(std::string_view text, int32_t offset, Label otherwise) {
  while (!text.empty()) {
    size_t width = 1;
    x86::Mem mem = byte(offset);
    if (text.size() >= 8) {
      width = 8;
      mem.setSize(8);
      uint64_t word;
      std::memcpy(&word, text.data(), 8);
      a.mov(x86::rax, word);
      a.cmp(mem, x86::rax);
    } else if (text.size() >= 4) {
      width = 4;
      mem.setSize(4);
      a.cmp(mem, signed_word(text, std::make_index_sequence<4>()));
    } else if (text.size() >= 2) {
      width = 2;
      mem.setSize(2);
      a.movzx(kFirst, mem);
      a.cmp(kFirst, signed_word(text, std::make_index_sequence<2>()));
    } else {
      a.cmp(mem, static_cast<int8_t>(text[0]));
    }
    a.jne(otherwise);
    text.remove_prefix(width);
    offset += static_cast<int32_t>(width);
  }
}

x86::Mem ByteAssembler::constant(const unsigned char (&bytes)[16]) {
  for (const Constant& constant : constants_)
    if (std::equal(constant.bytes.begin(), constant.bytes.end(), bytes)) return x86::ptr(constant.label);
  Constant& added = constants_.emplace_back();
  added.label = a.newLabel();
  std::copy(bytes, bytes + 16, added.bytes.begin());
  return x86::ptr(added.label);
}

x86::Mem ByteAssembler::repeated(unsigned char byte) {
  unsigned char bytes[16];
  std::fill(bytes, bytes + 16, byte);
  return constant(bytes);
}

// Of the sixteen bytes at the position: a bit in eax for each that is not in the set.
void ByteAssembler::stops(const Set& set) {
  x86::Mem here = x86::ptr(kText, x86::rsi);
  a.movdqu(x86::xmm0, here);
  const Set outside = (kPossible & ~set).reset(kEdge);
  if (outside.count() <= 2) {  // compare with each; the end has its sign bit set
    x86::Xmm found = x86::xmm0;
    for (size_t c = outside._Find_first(), i = 0; c < 256; c = outside._Find_next(c), ++i) {
      const x86::Xmm equal = x86::xmm(static_cast<uint32_t>(1 + i));
      a.movdqa(equal, repeated(static_cast<unsigned char>(c)));
      a.pcmpeqb(equal, x86::xmm0);
    }
    for (size_t i = 0; i < outside.count(); ++i) a.por(found, x86::xmm(static_cast<uint32_t>(1 + i)));
    a.pmovmskb(x86::eax, found);
    return;
  }
  // A byte's low half chooses the high halves that it is in the set with, as bits; its high half a bit. A
  // byte beyond ASCII chooses nothing.
  unsigned char highs[16] = {};
  for (size_t c = 0; c < 0x80; ++c)
    if (set[c]) highs[c & 15] = static_cast<unsigned char>(highs[c & 15] | (1u << (c >> 4)));
  a.movdqa(x86::xmm1, constant(highs));
  a.pshufb(x86::xmm1, x86::xmm0);
  a.psrlw(x86::xmm0, 4);
  a.pand(x86::xmm0, kLowHalf);
  a.movdqa(x86::xmm2, kHighBits);
  a.pshufb(x86::xmm2, x86::xmm0);
  a.pand(x86::xmm1, x86::xmm2);
  a.pcmpeqb(x86::xmm1, kZero);
  a.pmovmskb(x86::eax, x86::xmm1);
}

void ByteAssembler::scan(const Set& set) {
  if (set.none()) return;
  const Scan more{a.newLabel(), a.newLabel()};
  scans_.push_back(more);
  a.bind(more.here);
  stops(set);
  a.test(kFirst, kFirst);
  a.jz(more.beyond);
  a.bsf(kFirst, kFirst);
  a.add(kAt, kFirst);
}

void ByteAssembler::word_edge(int32_t offset, Label same) {
  Set word;
  for (size_t c = 0; c < 0x80; ++c) {
    const bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    word[c] = letter || (c >= '0' && c <= '9') || c == '_';
  }
  const auto [table, bit] = bit_of(word);
  a.movzx(kFirst, byte(offset - 1));
  a.movzx(kFirst, x86::byte_ptr(kTables, x86::rax, 0, static_cast<int32_t>(table)));
  a.movzx(kSecond, byte(offset));
  a.xor_(x86::al, x86::byte_ptr(kTables, x86::rcx, 0, static_cast<int32_t>(table)));
  a.test(x86::al, bit);
  a.jz(same);
}

void ByteAssembler::push(Label resume, bool extra_too) {
  a.lea(x86::rax, x86::ptr(resume));
  a.mov(x86::qword_ptr(kStack), x86::rax);
  a.mov(x86::dword_ptr(kStack, offsetof(Frame, at)), kAt);
  if (extra_too) a.mov(extra(), kSecond);
  a.add(kStack, kFrame);
  a.cmp(kStack, kLimit);
  a.jae(full_);
}

void ByteAssembler::push_slot(uint32_t index) {
  a.lea(x86::rax, x86::ptr(undo_));
  a.mov(x86::qword_ptr(kStack), x86::rax);
  a.mov(kFirst, slot(index));
  a.mov(x86::dword_ptr(kStack, offsetof(Frame, at)), kFirst);
  a.mov(extra(), static_cast<int32_t>(4 * index));
  a.add(kStack, kFrame);
  a.cmp(kStack, kLimit);
  a.jae(full_);
}

}  // namespace sluice::match
