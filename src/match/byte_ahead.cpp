#include <utility>
#include <vector>

#include "match/byte_graph.hpp"

namespace sluice::match {
namespace {

using Op = ByteGraph::Op;
using Node = ByteGraph::Node;
using Set = ByteGraph::Set;

// What may come after each node: the least sets that agree with each other, byte by byte ahead. Behind the
// end of an atomic group anything may come, as far as that group goes: what follows has no say in which way
// it takes. Only for groups in `open` is what follows taken in.
class LookAhead {
 public:
  LookAhead(ByteGraph& graph, const std::vector<bool>& open) : graph_(graph), open_(open) {}

  void run(size_t depth) {
    graph_.ahead.assign(graph_.nodes.size(), {});
    for (size_t offset = 0; offset < depth; ++offset) {
      for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 0; i < graph_.nodes.size(); ++i) {
          const Set found = at(i, static_cast<int32_t>(offset));
          changed |= found != graph_.ahead[i][offset];
          graph_.ahead[i][offset] = found;
        }
      }
    }
  }

 private:
  [[nodiscard]] const Set& of(uint32_t node, int32_t offset) const {
    return graph_.ahead[node][static_cast<size_t>(offset)];
  }

  [[nodiscard]] Set at(uint32_t index, int32_t offset) const {
    const Node& node = graph_.nodes[index];
    Set result;
    switch (node.op) {
      case Op::accept:
        return open_[node.body] ? of(node.next, offset) : ~Set();
      case Op::literal: {
        const std::string& text = graph_.literals[node.data];
        const auto length = static_cast<int32_t>(text.size());
        if (offset >= length) return of(node.next, offset - length);
        return result.set(static_cast<unsigned char>(text[static_cast<size_t>(offset)]));
      }
      case Op::set:
        return offset == 0 ? graph_.sets[node.data] : of(node.next, offset - 1);
      case Op::span:
        if (node.max < 0 || node.max > offset) result = graph_.sets[node.data];
        for (int32_t count = node.min; count <= offset && (node.max < 0 || count <= node.max); ++count)
          result |= of(node.next, offset - count);
        return result;
      case Op::fork:
        for (const uint32_t branch : graph_.branches[node.data]) result |= of(branch, offset);
        return result;
      case Op::loop:
        return of(node.body, offset) | of(node.next, offset);
      case Op::loop_start: {
        const Node& loop = graph_.nodes[node.next];
        result = of(loop.body, offset);
        return loop.min == 0 ? result | of(loop.next, offset) : result;
      }
      case Op::atomic:
        return of(node.body, offset);
      case Op::line_end:
        return offset == 0 ? result.set(ByteGraph::kEdge) : ~Set();
      case Op::store:
      case Op::clear:
      case Op::look:
      case Op::line_begin:
      case Op::word_edge:
      case Op::no_word_edge:
        return of(node.next, offset);
    }
    return ~Set();
  }

  ByteGraph& graph_;
  const std::vector<bool>& open_;
};

// The byte before each node, on all ways to it.
class LookBack {
 public:
  explicit LookBack(const ByteGraph& graph) : graph_(graph), before_(graph.nodes.size()) {}

  std::vector<Set> run() {
    before_[graph_.start] = ~Set();
    for (changed_ = true; changed_;) {
      changed_ = false;
      for (auto i = static_cast<uint32_t>(graph_.nodes.size()); i > 0; --i) pass_on(i - 1);
    }
    return std::move(before_);
  }

 private:
  void reach(uint32_t node, const Set& bytes) {
    const Set joined = before_[node] | bytes;
    changed_ |= joined != before_[node];
    before_[node] = joined;
  }

  void pass_on(uint32_t index) {
    const Node& node = graph_.nodes[index];
    const Set& before = before_[index];
    if (before.none()) return;
    switch (node.op) {
      case Op::literal:
        return reach(node.next, Set().set(static_cast<unsigned char>(graph_.literals[node.data].back())));
      case Op::set:
        return reach(node.next, graph_.sets[node.data]);
      case Op::span:
        return reach(node.next, node.min > 0 ? graph_.sets[node.data] : graph_.sets[node.data] | before);
      case Op::fork:
        for (const uint32_t branch : graph_.branches[node.data]) reach(branch, before);
        return;
      case Op::loop:
        reach(node.body, before);
        return reach(node.next, before);
      case Op::atomic:
        return reach(node.body, before);
      case Op::look:
        reach(node.body, node.min < 0 ? before : ~Set());
        return reach(node.next, before);
      default:
        return reach(node.next, before);
    }
  }

  const ByteGraph& graph_;
  std::vector<Set> before_;
  bool changed_ = false;
};

}  // namespace

void look_ahead(ByteGraph& graph, size_t depth, const std::vector<bool>& open) {
  LookAhead(graph, open).run(depth);
}

void look_ahead(ByteGraph& graph) {
  look_ahead(graph, ByteGraph::kAhead, std::vector<bool>(graph.nodes.size()));
}

std::vector<ByteGraph::Set> look_back(const ByteGraph& graph) { return LookBack(graph).run(); }

}  // namespace sluice::match
