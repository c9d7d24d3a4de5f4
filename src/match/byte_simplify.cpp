#include <utility>
#include <vector>

#include "match/byte_graph.hpp"

namespace sluice::match {
namespace {

using Op = ByteGraph::Op;
using Node = ByteGraph::Node;
using Set = ByteGraph::Set;

// Takes atomic groups apart that would not come back to another way in any case.
class AtomicDissolver {
 public:
  AtomicDissolver(ByteGraph& graph, std::vector<uint32_t>& forward)
      : graph_(graph), forward_(forward), open_(graph.nodes.size()) {}

  void run() {
    bool found = true;
    for (int round = 0; found && round < kMostRounds; ++round) {
      found = false;
      std::vector<uint32_t> outermost;
      for (uint32_t i = 0; i < graph_.nodes.size(); ++i) {
        const Node& node = graph_.nodes[i];
        // One inside of another has its turn when that is gone.
        const bool outer = node.op == Op::atomic && (node.data == 0 || forward_[node.data] != node.data);
        if (outer && forward_[i] == i) outermost.push_back(i);
        open_[i] = outer;
      }
      if (outermost.empty()) return;
      look_ahead(graph_, 1, open_);
      for (const uint32_t index : outermost) found |= dissolve(index);
    }
  }

 private:
  static constexpr int kMostSteps = 1000;
  static constexpr int kMostRounds = 4;

  bool dissolve(uint32_t index) {
    uint32_t end = index;
    visited_.assign(graph_.nodes.size(), false);
    steps_ = 0;
    if (!decided(graph_.nodes[index].body, index, end)) return false;
    forward_[index] = graph_.nodes[index].body;
    if (end != index) forward_[end] = graph_.nodes[end].next;
    return true;
  }

  // True when the first way through the group is, at each step, the only one that what follows the group can
  // go on from: greedy runs that stop where something else has to come, branches of which the byte decides.
  // A branch that takes nothing would hide the ones behind it.
  bool decided(uint32_t index, uint32_t atomic, uint32_t& end) {
    if (visited_[index]) return true;
    visited_[index] = true;
    if (++steps_ > kMostSteps) return false;
    const Node& node = graph_.nodes[index];
    switch (node.op) {
      case Op::accept:
        end = index;
        return node.body == atomic;
      case Op::span:
        return node.greedy && (node.sole || (graph_.ahead[node.next][0] & graph_.sets[node.data]).none()) &&
               decided(node.next, atomic, end);
      case Op::fork: {
        Set seen;
        const auto& branches = graph_.branches[node.data];
        for (const uint32_t branch : branches) {
          const Set& bytes = graph_.ahead[branch][0];
          if ((seen & bytes).any() || (branch != branches.back() && !consumes(branch))) return false;
          seen |= bytes;
        }
        for (const uint32_t branch : branches)
          if (!decided(branch, atomic, end)) return false;
        return true;
      }
      case Op::loop:
      case Op::loop_start:
        return false;
      default:
        return decided(node.next, atomic, end);
    }
  }

  // No end of a group is reached without a byte.
  [[nodiscard]] bool consumes(uint32_t index) {
    if (++steps_ > kMostSteps) return false;
    const Node& node = graph_.nodes[index];
    switch (node.op) {
      case Op::set:
      case Op::literal:
        return true;
      case Op::span:
        return node.min > 0 || consumes(node.next);
      case Op::fork:
        for (const uint32_t branch : graph_.branches[node.data])
          if (!consumes(branch)) return false;
        return true;
      case Op::accept:
      case Op::loop:
      case Op::loop_start:
      case Op::atomic:
        return false;
      default:
        return consumes(node.next);
    }
  }

  ByteGraph& graph_;
  std::vector<uint32_t>& forward_;
  std::vector<bool> open_;
  std::vector<bool> visited_;
  int steps_ = 0;
};

// Leaves out what holds in any case, and finds where there is nothing to come back to.
class Simplifier {
 public:
  explicit Simplifier(ByteGraph& graph) : graph_(graph), forward_(graph.nodes.size()) {
    for (unsigned c = 0; c < 0x80; ++c) {
      const bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
      word_[c] = letter || (c >= '0' && c <= '9') || c == '_';
    }
  }

  void run() {
    for (uint32_t i = 0; i < forward_.size(); ++i) forward_[i] = i;
    for (Node& node : graph_.nodes)
      if (node.op == Op::span) last_span(node);
    AtomicDissolver(graph_, forward_).run();
    redirect();
    graph_.ahead.clear();
    compact();
    look_ahead(graph_);
    before_ = look_back(graph_);
    for (uint32_t i = 0; i < forward_.size(); ++i) {
      forward_[i] = i;
      Node& node = graph_.nodes[i];
      if (node.op == Op::word_edge || node.op == Op::no_word_edge) edge(i, node);
      if (node.op == Op::look) look(i, node);
      if (node.op == Op::span) span(node);
      if (node.op == Op::fork) drop_dead(graph_.branches[node.data]);
    }
    redirect();
    compact();
    graph_.anchored = anchored(graph_.start);
  }

 private:
  enum class Known : uint8_t { open, always, never };

  void settle(uint32_t index, Node& node, Known known) {
    if (known == Known::always) forward_[index] = node.next;
    if (known != Known::never) return;
    node.op = Op::set;
    node.data = static_cast<uint32_t>(graph_.sets.size());
    graph_.sets.emplace_back();
  }

  static Known member(const Set& possible, const Set& set) {
    if ((possible & ~set).none()) return Known::always;
    return (possible & set).none() ? Known::never : Known::open;
  }
  static Known opposite(Known known) {
    if (known == Known::open) return known;
    return known == Known::always ? Known::never : Known::always;
  }

  void edge(uint32_t index, Node& node) {
    const Known left = member(before_[index], word_);
    const Known right = member(graph_.ahead[node.next][0], word_);
    if (left == Known::open || right == Known::open) return;
    const bool differ = (left == Known::always) != (right == Known::always);
    settle(index, node, differ == (node.op == Op::word_edge) ? Known::always : Known::never);
  }

  // A lookaround for one byte.
  void look(uint32_t index, Node& node) {
    const Node& body = graph_.nodes[node.body];
    if (body.op != Op::set || graph_.nodes[body.next].op != Op::accept || node.min == 0) return;
    const Set& possible = node.min < 0 ? graph_.ahead[node.next][0] : before_[index];
    const Known known = member(possible, graph_.sets[body.data]);
    settle(index, node, node.negate ? opposite(known) : known);
  }

  // Before an end what comes first is what counts.
  void last_span(Node& node) {
    uint32_t end = node.next;
    while (graph_.nodes[end].op == Op::store) end = graph_.nodes[end].next;
    if (graph_.nodes[end].op != Op::accept) return;
    if (!node.greedy) node.max = node.min;
    node.greedy = node.sole = true;
  }

  void span(Node& node) {
    if (node.min == node.max || (graph_.ahead[node.next][0] & graph_.sets[node.data]).none())
      node.greedy = node.sole = true;
  }

  void drop_dead(std::vector<uint32_t>& branches) {
    std::erase_if(branches, [this](uint32_t branch) { return graph_.ahead[branch][0].none(); });
  }

  // Nothing matches but at the beginning of the text.
  [[nodiscard]] bool anchored(uint32_t index) {
    if (++steps_ > 1000) return false;
    const Node& node = graph_.nodes[index];
    switch (node.op) {
      case Op::line_begin:
        return true;
      case Op::fork:
        for (const uint32_t branch : graph_.branches[node.data])
          if (!anchored(branch)) return false;
        return true;
      case Op::store:
      case Op::clear:
      case Op::look:
      case Op::word_edge:
      case Op::no_word_edge:
        return anchored(node.next);
      default:
        return false;
    }
  }

  [[nodiscard]] uint32_t target(uint32_t index) const {
    while (forward_[index] != index) index = forward_[index];
    return index;
  }

  void redirect() {
    for (Node& node : graph_.nodes) {
      node.next = target(node.next);
      if (node.op != Op::accept) node.body = target(node.body);
    }
    for (auto& list : graph_.branches)
      for (uint32_t& branch : list) branch = target(branch);
    graph_.start = target(graph_.start);
  }

  // Keeps the nodes that can be reached, in their order.
  void compact() {
    std::vector<uint32_t> moved(graph_.nodes.size());
    std::vector<uint32_t> open{0, graph_.start};
    while (!open.empty()) {
      const uint32_t index = open.back();
      open.pop_back();
      if (std::exchange(moved[index], 1) == 1) continue;
      const Node& node = graph_.nodes[index];
      if (node.op == Op::fork) {
        open.insert(open.end(), graph_.branches[node.data].begin(), graph_.branches[node.data].end());
        continue;
      }
      open.push_back(node.next);
      if (node.op == Op::loop || node.op == Op::atomic || node.op == Op::look) open.push_back(node.body);
    }
    uint32_t count = 0;
    for (uint32_t& index : moved) index = index == 1 ? count++ : UINT32_MAX;
    std::vector<std::vector<uint32_t>> lists;
    for (uint32_t i = 0; i < moved.size(); ++i) {
      if (moved[i] == UINT32_MAX) continue;
      Node node = graph_.nodes[i];
      node.next = node.op == Op::fork ? moved[i] : moved[node.next];
      node.body = moved[node.body];
      if (node.op == Op::fork) {
        lists.push_back(std::move(graph_.branches[node.data]));
        for (uint32_t& branch : lists.back()) branch = moved[branch];
        node.data = static_cast<uint32_t>(lists.size() - 1);
      }
      graph_.nodes[moved[i]] = node;
      if (!graph_.ahead.empty()) graph_.ahead[moved[i]] = graph_.ahead[i];
    }
    graph_.branches = std::move(lists);
    graph_.nodes.resize(count);
    if (!graph_.ahead.empty()) graph_.ahead.resize(count);
    forward_.resize(count);
    graph_.start = moved[graph_.start];
  }

  ByteGraph& graph_;
  std::vector<uint32_t> forward_;
  std::vector<Set> before_;
  Set word_;
  int steps_ = 0;
};

}  // namespace

void simplify(ByteGraph& graph) { Simplifier(graph).run(); }

}  // namespace sluice::match
