// Runs of a class, counted loops, and groups that stand alone.
#include "match/byte_codegen.hpp"

namespace sluice::match {
namespace {

namespace x86 = asmjit::x86;

constexpr uint32_t kNone = UINT32_MAX;

const auto kAt = ByteAssembler::kAt;
const auto kFirst = ByteAssembler::kFirst;
const auto kSecond = ByteAssembler::kSecond;
const auto kStack = ByteAssembler::kStack;

}  // namespace

uint32_t ByteCodegen::span(const Node& node) {
  const Set& set = graph_.sets[node.data];
  if (node.min == node.max && node.max <= 8) {
    for (int32_t i = 0; i < node.max; ++i) out_.test(set, i, out_.fail());
    if (node.max > 0) a_.add(kAt, node.max);
    return node.next;
  }
  if (!node.greedy) {
    lazy(node);
    return node.next;
  }
  a_.mov(kSecond, kAt);
  out_.scan(set);
  clamp(node);
  if (!node.sole) greedy(node);
  return node.next;
}

// Of the bytes from kSecond to the position not more than the most, and not fewer than the least. kSecond
// becomes the least position.
void ByteCodegen::clamp(const Node& node) {
  if (node.max >= 0) {
    a_.lea(kFirst, x86::ptr(x86::rcx, node.max));
    a_.cmp(kAt, kFirst);
    a_.cmova(kAt, kFirst);
  }
  if (node.min == 0) return;
  if (node.sole && node.min == 1) {
    a_.cmp(kAt, kSecond);
    a_.je(out_.fail());
    return;
  }
  a_.add(kSecond, node.min);
  a_.cmp(kAt, kSecond);
  a_.jb(out_.fail());
}

// The longest run first, then shorter ones that can be gone on from.
void ByteCodegen::greedy(const Node& node) {
  const Set& after = graph_.ahead[node.next][0];
  const Label attempt = a_.newLabel();
  const Label resume = a_.newLabel();
  const Label shorter = a_.newLabel();
  const Label go = a_.newLabel();
  out_.test(after, 0, shorter);
  a_.bind(attempt);
  a_.cmp(kAt, kSecond);
  a_.je(go);
  out_.push(resume, true);
  a_.bind(go);
  rare_.emplace_back([this, &after, attempt, resume, shorter] {
    a_.bind(resume);
    a_.mov(kSecond, ByteAssembler::extra());
    a_.bind(shorter);
    a_.cmp(kAt, kSecond);
    a_.jbe(out_.fail());
    a_.dec(kAt);
    a_.dec(ByteAssembler::kBudget);
    out_.test(after, 0, shorter);
    a_.jmp(attempt);
  });
}

// The shortest run that can be gone on from first.
void ByteCodegen::lazy(const Node& node) {
  const Set& set = graph_.sets[node.data];
  const Set& after = graph_.ahead[node.next][0];
  const bool bounded = node.max >= 0;
  if (node.min > 0) {
    a_.mov(kSecond, kAt);
    out_.scan(set);
    a_.add(kSecond, node.min);
    a_.cmp(kAt, kSecond);
    a_.jb(out_.fail());
    a_.mov(kAt, kSecond);
  }
  if (bounded) a_.lea(kSecond, x86::ptr(x86::rsi, node.max - node.min));
  const Label advance = a_.newLabel();
  const Label resume = a_.newLabel();
  a_.bind(advance);
  out_.scan(set & ~after);
  if (bounded) {
    a_.cmp(kAt, kSecond);
    a_.ja(out_.fail());
  }
  out_.test(after, 0, out_.fail());
  if ((set & after).none()) return;
  out_.push(resume, bounded);
  rare_.emplace_back([this, &set, advance, resume, bounded] {
    a_.bind(resume);
    if (bounded) a_.mov(kSecond, ByteAssembler::extra());
    out_.test(set, 0, out_.fail());
    a_.inc(kAt);
    a_.jmp(advance);
  });
}

void ByteCodegen::count_up(const Node& loop) {
  out_.push_slot(loop.data);
  a_.inc(kSecond);
  a_.mov(ByteAssembler::slot(loop.data), kSecond);
}

uint32_t ByteCodegen::loop(const Node& node) {
  a_.mov(kSecond, ByteAssembler::slot(node.data));
  if (node.min > 0) {
    const Label enough = a_.newLabel();
    a_.cmp(kSecond, node.min);
    a_.jae(enough);
    count_up(node);
    a_.jmp(target(node.body));
    a_.bind(enough);
  }
  if (node.max >= 0) {
    a_.cmp(kSecond, node.max);
    a_.jae(target(node.next));
  }
  if (node.greedy) {
    out_.test(graph_.ahead[node.body][0], 0, target(node.next));
    out_.push(target(node.next));
    count_up(node);
    return node.body;
  }
  const Label again = a_.newLabel();
  out_.push(again);
  rare_.emplace_back([this, &node, again] {
    a_.bind(again);
    a_.mov(kSecond, ByteAssembler::slot(node.data));
    count_up(node);
    a_.jmp(target(node.body));
  });
  return node.next;
}

x86::Mem ByteCodegen::mark(uint32_t index, uint32_t size, int32_t offset) {
  const auto [known, added] = marks_.emplace(index, slots_);
  if (added) slots_ += 3;
  x86::Mem mem = x86::ptr(ByteAssembler::kSlots, static_cast<int32_t>(4 * known->second) + offset);
  mem.setSize(size);
  return mem;
}

uint32_t ByteCodegen::atomic(uint32_t index) {
  a_.mov(mark(index, 8), kStack);
  return graph_.nodes[index].body;
}

uint32_t ByteCodegen::look(uint32_t index) {
  const Node& node = graph_.nodes[index];
  const Label resume = a_.newLabel();
  a_.mov(mark(index, 8), kStack);
  a_.mov(mark(index, 4, 8), kAt);
  if (node.negate) {
    out_.push(resume);
    rare_.emplace_back([this, &node, resume] {
      a_.bind(resume);
      a_.jmp(target(node.next));
    });
  }
  if (node.min > 0) {
    a_.sub(kAt, node.min);
    a_.jb(out_.fail());
  }
  return node.body;
}

uint32_t ByteCodegen::accept(const Node& node) {
  const Node& owner = graph_.nodes[node.body];
  if (owner.op != Op::atomic && owner.op != Op::look) {
    a_.mov(ByteAssembler::slot(1), kAt);
    out_.exit(NativeExit::match);
    return kNone;
  }
  a_.mov(kStack, mark(node.body, 8));
  if (owner.op == Op::atomic) return node.next;
  if (owner.negate) {
    a_.jmp(out_.fail());
    return kNone;
  }
  a_.mov(kAt, mark(node.body, 4, 8));
  return owner.next;
}

}  // namespace sluice::match
