// From the graph of a regular expression to machine instructions.
#pragma once

#include <deque>
#include <functional>
#include <unordered_map>
#include <vector>

#include "match/byte_assembler.hpp"
#include "match/byte_graph.hpp"

namespace sluice::match {

/// Emits one function that searches. Each node's code goes over into that of its successor; a way that fails
/// goes on at the last one that was kept on the stack, or at once at the next branch when nothing has moved.
class ByteCodegen {
 public:
  ByteCodegen(const ByteGraph& graph, ByteAssembler& assembler);

  /// Why the graph has no code; empty when it can have.
  [[nodiscard]] const char* refusal() const;
  void generate();
  /// Slots of 32 bits that the code uses: the graph's, and what groups of their own remember.
  [[nodiscard]] uint32_t slots() const { return slots_; }
  /// The slot that is not 0 when only the first place counts.
  [[nodiscard]] uint32_t first_place() const { return graph_.slots; }

 private:
  using Op = ByteGraph::Op;
  using Node = ByteGraph::Node;
  using Set = ByteGraph::Set;
  using Label = asmjit::Label;

  // Steps of a fixed width, tested before the position moves.
  struct Trace {
    int32_t width = 0;
    uint32_t end = 0;  // the node that comes next
    struct Store {
      uint32_t slot;
      int32_t offset;  // negative: cleared
    };
    std::vector<Store> stores;
    ByteGraph::Ahead seen;  // what the bytes have been found to be
  };

  void count_entries();
  Label target(uint32_t node);
  void emit_from(uint32_t node);
  uint32_t emit(uint32_t node);
  void search();
  Trace trace(uint32_t node, Label otherwise, int duplicates);
  bool step(const Node& node, Trace& trace, Label otherwise);
  [[nodiscard]] bool plain_look(const Node& node) const;
  void look_at(const Node& node, int32_t offset, Label otherwise);
  void flush(const Trace& trace);
  [[nodiscard]] bool compatible(const Trace& trace, uint32_t node) const;
  uint32_t fork(const Node& node);
  void keep(const Trace& trace, const std::vector<uint32_t>& branches, size_t from, Label otherwise);
  uint32_t span(const Node& node);
  void clamp(const Node& node);
  void greedy(const Node& node);
  void lazy(const Node& node);
  uint32_t loop(const Node& node);
  void count_up(const Node& loop);
  uint32_t atomic(uint32_t index);
  uint32_t look(uint32_t index);
  uint32_t accept(const Node& node);
  asmjit::x86::Mem mark(uint32_t index, uint32_t size, int32_t offset = 0);

  const ByteGraph& graph_;
  ByteAssembler& out_;
  asmjit::x86::Assembler& a_;
  std::vector<uint32_t> entries_;  // ways to each node
  std::vector<Label> labels_;
  std::vector<bool> emitted_;
  std::vector<uint32_t> pending_;
  std::vector<std::function<void()>> rare_;  // code that stands aside
  std::unordered_map<uint32_t, uint32_t> marks_;
  uint32_t slots_;
};

}  // namespace sluice::match
