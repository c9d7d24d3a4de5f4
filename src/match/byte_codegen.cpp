#include "match/byte_codegen.hpp"

#include <algorithm>

namespace sluice::match {
namespace {

namespace x86 = asmjit::x86;

constexpr uint32_t kNone = UINT32_MAX;
constexpr int32_t kWidest = 64;      // of a trace
constexpr int32_t kMostBehind = 16;  // bytes of padding before the text
constexpr int kDuplicates = 6;       // nodes with other ways to them that a branch repeats
constexpr size_t kMostNodes = 8000;

const auto kAt = ByteAssembler::kAt;
const auto kFirst = ByteAssembler::kFirst;

}  // namespace

ByteCodegen::ByteCodegen(const ByteGraph& graph, ByteAssembler& assembler)
    : graph_(graph),
      out_(assembler),
      a_(assembler.a),
      entries_(graph.nodes.size()),
      labels_(graph.nodes.size()),
      emitted_(graph.nodes.size()),
      slots_(graph.slots + 1) {}

const char* ByteCodegen::refusal() const {
  if (graph_.nodes.size() > kMostNodes) return "the pattern is too large";
  // What an atomic group has to put back goes away with its ways.
  for (const Node& node : graph_.nodes) {
    if (node.op != Op::atomic) continue;
    std::vector<uint32_t> open{node.body};
    std::vector<bool> seen(graph_.nodes.size());
    while (!open.empty()) {
      const uint32_t index = open.back();
      open.pop_back();
      if (seen[index]) continue;
      seen[index] = true;
      const Node& inner = graph_.nodes[index];
      if (inner.op == Op::store && inner.undo) return "a group in an atomic group is repeated";
      if (inner.op == Op::accept && &graph_.nodes[inner.body] == &node) continue;
      open.push_back(inner.next);
      if (inner.op == Op::loop || inner.op == Op::atomic) open.push_back(inner.body);
      if (inner.op == Op::fork)
        open.insert(open.end(), graph_.branches[inner.data].begin(), graph_.branches[inner.data].end());
    }
  }
  return "";
}

void ByteCodegen::generate() {
  count_entries();
  out_.prologue();
  search();
  for (;;) {
    if (!pending_.empty()) {
      const uint32_t node = pending_.back();
      pending_.pop_back();
      if (!emitted_[node]) emit_from(node);
    } else if (!rare_.empty()) {
      const std::function<void()> code = std::move(rare_.back());
      rare_.pop_back();
      code();
    } else {
      break;
    }
  }
  out_.epilogue();
}

void ByteCodegen::count_entries() {
  for (const Node& node : graph_.nodes) {
    ++entries_[node.next];
    if (node.op == Op::loop) ++entries_[node.body];
    if (node.op != Op::fork) continue;
    --entries_[node.next];
    for (const uint32_t branch : graph_.branches[node.data]) ++entries_[branch];
  }
}

ByteCodegen::Label ByteCodegen::target(uint32_t node) {
  if (!labels_[node].isValid()) {
    labels_[node] = a_.newLabel();
    pending_.push_back(node);
  }
  return labels_[node];
}

void ByteCodegen::emit_from(uint32_t node) {
  while (node != kNone) {
    const Label label = target(node);
    if (emitted_[node]) {
      a_.jmp(label);
      return;
    }
    emitted_[node] = true;
    a_.bind(label);
    node = emit(node);
  }
}

// From each place that the pattern can begin at, one after the other.
void ByteCodegen::search() {
  const Label again = a_.newLabel();
  const Label next = a_.newLabel();
  const Label none = a_.newLabel();
  const Set& first = graph_.ahead[graph_.start][0];
  a_.bind(again);
  if (graph_.anchored) {
    a_.test(kAt, kAt);
    a_.jnz(none);
  } else {
    out_.scan(~first);
  }
  out_.test(first, 0, none);
  a_.mov(ByteAssembler::slot(0), kAt);
  out_.push(next);
  rare_.emplace_back([this, again, next, none] {
    a_.bind(next);
    if (!graph_.anchored) {
      const Label on = a_.newLabel();
      out_.test(~Set().set(ByteGraph::kEdge), 0, none);
      a_.cmp(ByteAssembler::slot(first_place()), 0);
      a_.je(on);
      out_.exit(NativeExit::elsewhere);
      a_.bind(on);
      a_.inc(kAt);
      a_.jmp(again);
    }
    a_.bind(none);
    out_.exit(NativeExit::no_match);
  });
  emit_from(graph_.start);
}

// The node to go on with, or none when the code has gone elsewhere.
uint32_t ByteCodegen::emit(uint32_t index) {
  const Node& node = graph_.nodes[index];
  switch (node.op) {
    case Op::accept:
      return accept(node);
    case Op::span:
      return span(node);
    case Op::fork:
      return fork(node);
    case Op::loop_start:
      out_.push_slot(node.data);
      a_.mov(ByteAssembler::slot(node.data), 0);
      return node.next;
    case Op::loop:
      return loop(node);
    case Op::atomic:
      return atomic(index);
    case Op::store:
      if (!node.undo) break;
      out_.push_slot(node.data);
      a_.mov(ByteAssembler::slot(node.data), kAt);
      return node.next;
    case Op::look:
      if (plain_look(node)) break;
      return look(index);
    default:
      break;
  }
  const Trace steps = trace(index, out_.fail(), 0);
  flush(steps);
  return steps.end;
}

ByteCodegen::Trace ByteCodegen::trace(uint32_t node, Label otherwise, int duplicates) {
  Trace trace;
  for (Set& set : trace.seen) set.set();
  trace.end = node;
  for (bool first = true; trace.width < kWidest; first = false) {
    if (!first && entries_[trace.end] > 1 && --duplicates < 0) break;
    const Node& next = graph_.nodes[trace.end];
    if (!step(next, trace, otherwise)) break;
    trace.end = next.next;
  }
  return trace;
}

// False for what is no step of a fixed width.
bool ByteCodegen::step(const Node& node, Trace& trace, Label otherwise) {
  const auto saw = [&](const Set& set) {
    if (const auto at = static_cast<size_t>(trace.width++); at < trace.seen.size()) trace.seen[at] &= set;
  };
  switch (node.op) {
    case Op::set:
      out_.test(graph_.sets[node.data], trace.width, otherwise);
      saw(graph_.sets[node.data]);
      return true;
    case Op::literal:
      out_.literal(graph_.literals[node.data], trace.width, otherwise);
      for (const char c : graph_.literals[node.data]) saw(Set().set(static_cast<unsigned char>(c)));
      return true;
    case Op::store:
      if (!node.undo) trace.stores.push_back({node.data, trace.width});
      return !node.undo;
    case Op::clear:
      for (int32_t group = node.min; group < node.max; ++group)
        trace.stores.push_back({static_cast<uint32_t>(2 * group), -1});
      return true;
    case Op::line_begin:
      if (trace.width > 0) {
        a_.jmp(otherwise);
      } else {
        a_.test(kAt, kAt);
        a_.jnz(otherwise);
      }
      return true;
    case Op::line_end:
      out_.test(Set().set(ByteGraph::kEdge), trace.width, otherwise);
      return true;
    case Op::word_edge:
      out_.word_edge(trace.width, otherwise);
      return true;
    case Op::no_word_edge: {
      const Label same = a_.newLabel();
      out_.word_edge(trace.width, same);
      a_.jmp(otherwise);
      a_.bind(same);
      return true;
    }
    case Op::look:
      if (!plain_look(node)) return false;
      look_at(node, trace.width, otherwise);
      return true;
    default:
      return false;
  }
}

// A lookaround for a few bytes, each of one set.
bool ByteCodegen::plain_look(const Node& node) const {
  int32_t width = 0;
  uint32_t index = node.body;
  for (;; index = graph_.nodes[index].next) {
    const Node& inner = graph_.nodes[index];
    if (inner.op == Op::set) {
      ++width;
    } else if (inner.op == Op::literal) {
      width += static_cast<int32_t>(graph_.literals[inner.data].size());
    } else {
      break;
    }
  }
  return graph_.nodes[index].op == Op::accept && width <= kMostBehind;
}

void ByteCodegen::look_at(const Node& node, int32_t offset, Label otherwise) {
  if (node.min > 0) offset -= node.min;
  const Node* inner = &graph_.nodes[node.body];
  const bool single = inner->op == Op::set && graph_.nodes[inner->next].op == Op::accept;
  if (node.negate && single) return out_.test(~graph_.sets[inner->data], offset, otherwise);
  const Label fails = node.negate ? a_.newLabel() : otherwise;
  for (; inner->op != Op::accept; inner = &graph_.nodes[inner->next]) {
    if (inner->op == Op::set) {
      out_.test(graph_.sets[inner->data], offset++, fails);
    } else {
      const std::string& text = graph_.literals[inner->data];
      out_.literal(text, offset, fails);
      offset += static_cast<int32_t>(text.size());
    }
  }
  if (!node.negate) return;
  a_.jmp(otherwise);
  a_.bind(fails);
}

void ByteCodegen::flush(const Trace& trace) {
  for (const Trace::Store& store : trace.stores) {
    if (store.offset < 0) {
      a_.mov(ByteAssembler::slot(store.slot), -1);
    } else if (store.offset == 0) {
      a_.mov(ByteAssembler::slot(store.slot), kAt);
    } else {
      a_.lea(kFirst, x86::ptr(x86::rsi, store.offset));
      a_.mov(ByteAssembler::slot(store.slot), kFirst);
    }
  }
  if (trace.width > 0) a_.add(kAt, trace.width);
}

// Whether a way can begin with what a trace has found.
bool ByteCodegen::compatible(const Trace& trace, uint32_t node) const {
  for (size_t i = 0; i < trace.seen.size(); ++i)
    if ((trace.seen[i] & graph_.ahead[node][i]).none()) return false;
  return true;
}

uint32_t ByteCodegen::fork(const Node& node) {
  const auto& branches = graph_.branches[node.data];
  if (branches.empty()) {
    a_.jmp(out_.fail());
    return kNone;
  }
  Label here;
  for (size_t i = 0; i + 1 < branches.size(); ++i) {
    if (i > 0) a_.bind(here);
    const Label otherwise = a_.newLabel();
    Trace steps = trace(branches[i], otherwise, kDuplicates);
    keep(steps, branches, i + 1, otherwise);
    flush(steps);
    a_.jmp(target(steps.end));
    here = otherwise;
  }
  if (branches.size() > 1) a_.bind(here);
  const Trace steps = trace(branches.back(), out_.fail(), kDuplicates);
  flush(steps);
  return steps.end;
}

// Keeps the branches behind one that has begun, unless none of them can begin with the same bytes.
void ByteCodegen::keep(const Trace& steps, const std::vector<uint32_t>& branches, size_t from,
                       Label otherwise) {
  if (graph_.nodes[steps.end].op == Op::accept) return;  // nothing can fail behind it
  Trace trace = steps;
  const auto at = static_cast<size_t>(trace.width);
  const auto others = [&] {
    return std::any_of(branches.begin() + static_cast<ptrdiff_t>(from), branches.end(),
                       [&](uint32_t branch) { return compatible(trace, branch); });
  };
  if (!others()) return;
  // One byte more may tell.
  const Set& next = graph_.ahead[trace.end][0];
  out_.test(next, trace.width, otherwise);
  if (at < trace.seen.size()) trace.seen[at] &= next;
  if (!others()) return;
  ByteGraph::Ahead wanted{};
  for (size_t i = from; i < branches.size(); ++i)
    for (size_t k = 0; k < wanted.size(); ++k)
      if (compatible(trace, branches[i])) wanted[k] |= graph_.ahead[branches[i]][k];
  const Label none = a_.newLabel();
  for (size_t k = 0; k < wanted.size() && k <= at; ++k) {
    if ((trace.seen[k] & ~wanted[k]).none()) continue;
    out_.test(wanted[k], static_cast<int32_t>(k), none);
    break;
  }
  out_.push(otherwise);
  a_.bind(none);
}

}  // namespace sluice::match
