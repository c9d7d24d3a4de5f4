#include <algorithm>
#include <utility>

#include "match/byte_graph.hpp"
#include "match/byte_program.hpp"

namespace sluice::match {
namespace {

// Builds the nodes from the end of the expression to its beginning, so that each knows what comes after it.
class GraphBuilder {
 public:
  explicit GraphBuilder(ByteGraph& graph) : graph_(graph) {}

  void build(const ByteTree& tree, uint32_t groups) {
    graph_.groups = groups;
    graph_.slots = 2 * groups;
    graph_.start = emit(tree, add({}));
  }
  [[nodiscard]] bool too_large() const { return graph_.nodes.size() > kMostNodes; }

 private:
  using Op = ByteGraph::Op;
  using Node = ByteGraph::Node;
  using Kind = ByteTree::Kind;
  using Branches = std::vector<uint32_t>;
  static constexpr size_t kMostNodes = 20'000;
  static constexpr size_t kMostBranches = 48;  // of a fork that takes in another one
  static constexpr int64_t kMostUnrolled = 100;

  struct Groups {
    uint32_t begin = UINT32_MAX;
    uint32_t end = 0;
    [[nodiscard]] bool none() const { return begin >= end; }
  };

  uint32_t add(Node node) {
    graph_.nodes.push_back(node);
    return static_cast<uint32_t>(graph_.nodes.size() - 1);
  }

  static Node make(Op op, uint32_t next) {
    Node node;
    node.op = op;
    node.next = next;
    return node;
  }

  // Few sets come over and over again.
  uint32_t set(const ByteGraph::Set& all) {
    const ByteGraph::Set bytes = all & (~ByteGraph::Set() >> 0x80);
    const auto known = std::find(graph_.sets.begin(), graph_.sets.end(), bytes);
    const auto index = static_cast<uint32_t>(known - graph_.sets.begin());
    if (known == graph_.sets.end()) graph_.sets.push_back(bytes);
    return index;
  }

  static Groups groups_of(const ByteTree& tree) {
    Groups groups;
    if (tree.kind == Kind::group) groups = {tree.group, tree.group + 1};
    for (const auto& child : tree.children) {
      const Groups inside = groups_of(child);
      groups = {std::min(groups.begin, inside.begin), std::max(groups.end, inside.end)};
    }
    return groups;
  }

  uint32_t emit(const ByteTree& tree, uint32_t next) {
    if (too_large()) return next;
    switch (tree.kind) {
      case Kind::set: {
        Node node = make(Op::set, next);
        node.data = set(tree.set);
        return add(node);
      }
      case Kind::sequence:
        return sequence(tree, next);
      case Kind::alternatives:
        return alternatives(tree, next);
      case Kind::group: {
        Node end = make(Op::store, next);
        end.data = 2 * tree.group + 1;
        end.undo = repeated_;
        Node begin = make(Op::store, sequence(tree, add(end)));
        begin.data = 2 * tree.group;
        begin.undo = repeated_;
        return add(begin);
      }
      case Kind::repeat:
        return repeat(tree, next);
      case Kind::atomic:
      case Kind::look:
        return alone(tree, next);
      case Kind::line_begin:
        return add(make(Op::line_begin, next));
      case Kind::line_end:
        return add(make(Op::line_end, next));
      case Kind::word_edge:
        return add(make(Op::word_edge, next));
      case Kind::no_word_edge:
        return add(make(Op::no_word_edge, next));
    }
    return next;
  }

  // The children one after the other; single bytes side by side become one text.
  uint32_t sequence(const ByteTree& tree, uint32_t next) {
    for (size_t i = tree.children.size(); i > 0;) {
      std::string text;
      size_t from = i;
      while (from > 0 && tree.children[from - 1].kind == Kind::set &&
             tree.children[from - 1].set.count() == 1) {
        text.insert(text.begin(), static_cast<char>(tree.children[--from].set._Find_first()));
      }
      if (text.size() > 1) {
        Node node = make(Op::literal, next);
        node.data = static_cast<uint32_t>(graph_.literals.size());
        graph_.literals.push_back(std::move(text));
        next = add(node);
        i = from;
      } else {
        next = emit(tree.children[--i], next);
      }
    }
    return next;
  }

  // A branch says which groups of the others take no part: those that come more than once are put back.
  uint32_t clear(uint32_t from, uint32_t to, uint32_t next) {
    if (from >= to || repeated_) return next;
    Node node = make(Op::clear, next);
    node.min = static_cast<int32_t>(from);
    node.max = static_cast<int32_t>(to);
    return add(node);
  }

  uint32_t alternatives(const ByteTree& tree, uint32_t next) {
    const Groups all = groups_of(tree);
    Branches branches;
    for (const auto& child : tree.children) {
      uint32_t branch = emit(child, next);
      const Groups own = groups_of(child);
      branch = clear(own.none() ? all.begin : own.end, all.end, branch);
      if (!own.none()) branch = clear(all.begin, own.begin, branch);
      branches.push_back(branch);
    }
    const uint32_t fork = add_fork(next);
    fill(fork, branches);
    return fork;
  }

  uint32_t add_fork(uint32_t next) {
    Node node = make(Op::fork, next);
    node.data = UINT32_MAX;
    return add(node);
  }

  // A branch that is nothing but a fork gives its branches.
  void fill(uint32_t fork, const Branches& branches) {
    Branches all;
    for (const uint32_t branch : branches) {
      const Node& node = graph_.nodes[branch];
      // One around this fork has no branches yet.
      const bool filled = node.op == Op::fork && node.data < graph_.branches.size();
      const Branches* inner = filled ? &graph_.branches[node.data] : nullptr;
      if (inner && all.size() + inner->size() <= kMostBranches) {
        all.insert(all.end(), inner->begin(), inner->end());
      } else {
        all.push_back(branch);
      }
    }
    graph_.nodes[fork].data = static_cast<uint32_t>(graph_.branches.size());
    graph_.branches.push_back(std::move(all));
  }

  uint32_t alone(const ByteTree& tree, uint32_t next) {
    const bool atomic = tree.kind == Kind::atomic;
    Node node = make(atomic ? Op::atomic : Op::look, next);
    node.negate = tree.negate;
    node.min = tree.behind ? *tree.children[0].width() : -1;
    node.data = atomic ? atomic_ : 0;
    const uint32_t index = add(node);
    const uint32_t end = add(make(Op::accept, 0));
    graph_.nodes[end].next = atomic ? next : end;
    graph_.nodes[end].body = index;
    const uint32_t outer = std::exchange(atomic_, atomic ? index : 0);
    const uint32_t body = sequence(tree, end);
    atomic_ = outer;
    graph_.nodes[index].body = body;
    return index;
  }

  // About as many nodes as the tree becomes.
  static int64_t weight(const ByteTree& tree) {
    int64_t sum = 1;
    for (const auto& child : tree.children) sum += weight(child);
    if (tree.kind != Kind::repeat || spanned(tree)) return sum;
    const int64_t copies = std::max<int64_t>(tree.max < 0 ? tree.min : tree.max, 1);
    return sum * copies <= kMostUnrolled ? sum * copies : sum + 2;
  }
  static bool spanned(const ByteTree& repeat) {
    const bool single = repeat.max >= 0 && (repeat.max <= 2 || (repeat.min == repeat.max && repeat.max <= 4));
    return repeat.children[0].kind == Kind::set && !single;
  }

  uint32_t repeat(const ByteTree& tree, uint32_t next) {
    const Groups own = groups_of(tree);
    if (tree.max == 0) return own.none() ? next : clear(own.begin, own.end, next);
    if (spanned(tree)) {
      Node node = make(Op::span, next);
      node.min = tree.min;
      node.max = tree.max;
      node.greedy = tree.greedy;
      node.data = set(tree.children[0].set);
      return add(node);
    }
    if (tree.max == 1) {
      const uint32_t body = emit(tree.children[0], next);
      if (tree.min == 1) return body;
      return either(body, own.none() ? next : clear(own.begin, own.end, next), tree.greedy, next);
    }
    const bool outer = std::exchange(repeated_, true);
    const int64_t copies = std::max(tree.max < 0 ? tree.min : tree.max, 1);
    const uint32_t index =
        copies * weight(tree.children[0]) > kMostUnrolled ? counted(tree, next) : unrolled(tree, next);
    repeated_ = outer;
    return index;
  }

  uint32_t either(uint32_t body, uint32_t on, bool greedy, uint32_t next) {
    const uint32_t fork = add_fork(next);
    fill(fork, greedy ? Branches{body, on} : Branches{on, body});
    return fork;
  }

  uint32_t unrolled(const ByteTree& tree, uint32_t next) {
    const ByteTree& child = tree.children[0];
    uint32_t index = next;
    int32_t copies = tree.min;
    if (tree.max < 0) {
      const uint32_t fork = add_fork(next);
      const uint32_t body = emit(child, fork);
      fill(fork, tree.greedy ? Branches{body, next} : Branches{next, body});
      index = tree.min == 0 ? fork : body;
      copies = std::max(tree.min - 1, 0);
    }
    for (int32_t i = tree.min; i < tree.max; ++i) index = either(emit(child, index), next, tree.greedy, next);
    for (int32_t i = 0; i < copies; ++i) index = emit(child, index);
    return index;
  }

  uint32_t counted(const ByteTree& tree, uint32_t next) {
    Node node = make(Op::loop, next);
    node.min = tree.min;
    node.max = tree.max;
    node.greedy = tree.greedy;
    node.data = graph_.slots++;
    const uint32_t loop = add(node);
    const uint32_t body = emit(tree.children[0], loop);
    graph_.nodes[loop].body = body;
    Node start = make(Op::loop_start, loop);
    start.data = node.data;
    return add(start);
  }

  ByteGraph& graph_;
  uint32_t atomic_ = 0;    // the atomic group that is being built
  bool repeated_ = false;  // inside of something that may come more than once
};

}  // namespace

ByteGraph build_byte_graph(const ByteTree& tree, uint32_t groups) {
  ByteGraph graph;
  GraphBuilder builder(graph);
  builder.build(tree, groups);
  if (builder.too_large()) return {};
  simplify(graph);
  return graph;
}

}  // namespace sluice::match
