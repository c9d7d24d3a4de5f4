#include <utility>

#include "match/byte_program.hpp"
#include "match/byte_syntax.hpp"

namespace sluice::match {

// Builds the nodes from the end of the expression to its beginning, so that each knows what comes after it.
class ByteCompiler {
 public:
  using Op = ByteProgram::Op;
  using First = ByteProgram::First;
  using Node = ByteProgram::Node;
  using Kind = ByteTree::Kind;

  explicit ByteCompiler(ByteProgram& program) : program_(program) {}

  void compile(const ByteTree& tree, uint32_t groups) {
    program_.groups_ = groups;
    program_.slots_ = 2 * groups;
    const uint32_t accept = add({});
    program_.start_ = emit(tree, accept);
    program_.first_.resize(program_.nodes_.size());
    known_.assign(program_.nodes_.size(), false);
    for (uint32_t i = 0; i < program_.nodes_.size(); ++i) program_.first_[i] = first(i, 0);
    for (Node& node : program_.nodes_) {
      if (node.op != Op::span) continue;
      const First& after = program_.first_[node.next];
      node.sole = node.greedy && !after.nullable && (after.bytes & distinct_[node.data]).none();
    }
  }
  [[nodiscard]] bool too_large() const { return program_.nodes_.size() > kMostNodes; }

 private:
  static constexpr size_t kMostNodes = 20'000;

  uint32_t add(Node node) {
    program_.nodes_.push_back(node);
    return static_cast<uint32_t>(program_.nodes_.size() - 1);
  }

  Node make(Op op, uint32_t next) {
    Node node;
    node.op = op;
    node.next = next;
    return node;
  }

  // Few sets come over and over again.
  uint32_t set(const ByteProgram::Set& bytes) {
    for (uint32_t i = 0; i < distinct_.size(); ++i) {
      if (distinct_[i] == bytes) return i;
    }
    distinct_.push_back(bytes);
    auto& table = program_.tables_.emplace_back();
    for (size_t c = 0; c < table.size(); ++c) table[c] = bytes[c];
    return static_cast<uint32_t>(distinct_.size() - 1);
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
      case Kind::alternatives: {
        Node node = make(Op::fork, next);
        std::vector<uint32_t> branches;
        for (const auto& child : tree.children) branches.push_back(emit(child, next));
        node.data = static_cast<uint32_t>(program_.branches_.size());
        program_.branches_.push_back(std::move(branches));
        return add(node);
      }
      case Kind::group: {
        Node end = make(Op::store, next);
        end.data = 2 * tree.group + 1;
        Node begin = make(Op::store, sequence(tree, add(end)));
        begin.data = 2 * tree.group;
        return add(begin);
      }
      case Kind::repeat:
        return repeat(tree, next);
      case Kind::atomic:
      case Kind::look: {
        Node node = make(tree.kind == Kind::atomic ? Op::atomic : Op::look, next);
        node.negate = tree.negate;
        node.min = tree.behind ? *tree.children[0].width() : -1;
        node.body = sequence(tree, add({}));
        return add(node);
      }
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
        node.data = static_cast<uint32_t>(program_.literals_.size());
        program_.literals_.push_back(std::move(text));
        next = add(node);
        i = from;
      } else {
        next = emit(tree.children[--i], next);
      }
    }
    return next;
  }

  uint32_t repeat(const ByteTree& tree, uint32_t next) {
    Node node = make(Op::span, next);
    node.min = tree.min;
    node.max = tree.max;
    node.greedy = tree.greedy;
    if (tree.children[0].kind == Kind::set) {
      node.data = set(tree.children[0].set);
      return add(node);
    }
    if (tree.max == 0) return next;
    if (tree.min == 0 && tree.max == 1) {  // a fork with an empty branch
      const uint32_t body = emit(tree.children[0], next);
      Node fork = make(Op::fork, next);
      fork.data = static_cast<uint32_t>(program_.branches_.size());
      program_.branches_.push_back(tree.greedy ? std::vector{body, next} : std::vector{next, body});
      return add(fork);
    }
    node.op = Op::loop;
    node.data = program_.slots_++;
    const uint32_t loop = add(node);
    const uint32_t body = emit(tree.children[0], loop);
    program_.nodes_[loop].body = body;
    Node start = make(Op::loop_start, loop);
    start.data = node.data;
    return add(start);
  }

  // Errs on the side of too much.
  First first(uint32_t index, int depth) {
    if (known_[index]) return program_.first_[index];
    First all;
    all.bytes.set();
    all.nullable = true;
    if (depth > 200) return all;
    const Node& node = program_.nodes_[index];
    First result;
    switch (node.op) {
      case Op::accept:
        return all;
      case Op::literal:
        result.bytes.set(static_cast<unsigned char>(program_.literals_[node.data][0]));
        break;
      case Op::set:
        result.bytes = distinct_[node.data];
        break;
      case Op::span:
        if (node.min == 0) result = first(node.next, depth + 1);
        if (node.max != 0) result.bytes |= distinct_[node.data];
        break;
      case Op::fork:
        for (const uint32_t branch : program_.branches_[node.data]) join(result, first(branch, depth + 1));
        break;
      case Op::loop:
        // Reached again from its own body, which is never empty.
        if (node.body == 0 || looping_ == index) return all;
        result = first(node.next, depth + 1);
        join(result, enter(index, depth));
        break;
      case Op::loop_start: {
        const Node& loop = program_.nodes_[node.next];
        if (loop.min == 0) result = first(loop.next, depth + 1);
        join(result, enter(node.next, depth));
        break;
      }
      case Op::atomic:
        result = first(node.body, depth + 1);  // all when the body may be empty
        break;
      case Op::store:
      case Op::look:
      case Op::line_begin:
      case Op::line_end:
      case Op::word_edge:
      case Op::no_word_edge:
        result = first(node.next, depth + 1);
        break;
    }
    if (depth == 0) {
      program_.first_[index] = result;
      known_[index] = true;
    }
    return result;
  }

  First enter(uint32_t loop, int depth) {
    const uint32_t outer = std::exchange(looping_, loop);
    const First result = first(program_.nodes_[loop].body, depth + 1);
    looping_ = outer;
    return result;
  }

  static void join(First& one, const First& other) {
    one.bytes |= other.bytes;
    one.nullable |= other.nullable;
  }

  ByteProgram& program_;
  std::vector<ByteProgram::Set> distinct_;
  std::vector<bool> known_;
  uint32_t looping_ = UINT32_MAX;
};

std::unique_ptr<ByteProgram> ByteProgram::compile(std::string_view pattern, bool plain_groups,
                                                  bool ignore_case) {
  uint32_t groups = 1;
  const auto tree = read_byte_tree(pattern, plain_groups, ignore_case, groups);
  if (!tree) return nullptr;
  auto program = std::make_unique<ByteProgram>();
  ByteCompiler compiler(*program);
  compiler.compile(*tree, groups);
  if (compiler.too_large()) return nullptr;
  return program;
}

}  // namespace sluice::match
