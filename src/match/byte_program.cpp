#include "match/byte_program.hpp"

#include <cstring>

namespace sluice::match {

// One attempt after the other, each with its own backtracking.
class ByteMatcher {
 public:
  ByteMatcher(const ByteProgram& program, std::string_view text, ByteScratch& scratch)
      : graph_(program.graph_),
        first_(program.first_),
        tables_(program.tables_),
        begin_(reinterpret_cast<const unsigned char*>(text.data())),
        size_(static_cast<int32_t>(text.size())),
        slots_(scratch.slots),
        trail_(scratch.trail) {}

  ByteProgram::Answer search(size_t from, ByteProgram::Places places) {
    const uint32_t start = graph_.start;
    const int32_t last = graph_.anchored ? 0 : size_;
    for (auto at = static_cast<int32_t>(from); at <= last; ++at) {
      if (!can_begin(start, at)) continue;
      trail_.clear();
      if (run(start, at)) {
        slots_[0] = at;
        slots_[1] = end_;
        return ByteProgram::Answer::match;
      }
      if (exhausted_) return ByteProgram::Answer::gave_up;
      undo(0);
      if (places == ByteProgram::Places::first) {
        slots_[0] = at;
        return ByteProgram::Answer::elsewhere;
      }
    }
    return ByteProgram::Answer::no_match;
  }

 private:
  using Op = ByteGraph::Op;
  using Node = ByteGraph::Node;
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr int kDeepest = 2000;
  static constexpr int64_t kMostSteps = 1 << 20;

  [[nodiscard]] bool can_begin(uint32_t node, int32_t at) const {
    return first_[node][at < size_ ? begin_[at] : ByteGraph::kEdge];
  }

  void store(uint32_t slot, int32_t value) {
    trail_.push_back({slot, slots_[slot]});
    slots_[slot] = value;
  }
  void undo(size_t mark) {
    while (trail_.size() > mark) {
      slots_[trail_.back().slot] = trail_.back().value;
      trail_.pop_back();
    }
  }

  static bool word(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }
  [[nodiscard]] bool word_edge(int32_t at) const {
    return (at > 0 && word(begin_[at - 1])) != (at < size_ && word(begin_[at]));
  }

  // A branch that may fail: nothing of it stays when it does.
  bool attempt(uint32_t node, int32_t at) {
    const size_t mark = trail_.size();
    if (run(node, at)) return true;
    undo(mark);
    return false;
  }

  // From a node to the end of the pattern (or of the group that stands alone): leaves it in end_.
  bool run(uint32_t index, int32_t at) {
    if (++depth_ > kDeepest) exhausted_ = true;
    const bool result = follow(index, at);
    --depth_;
    return result;
  }

  bool follow(uint32_t index, int32_t at) {
    for (;;) {
      if (exhausted_ || ++steps_ > kMostSteps) {
        exhausted_ = true;
        return false;
      }
      const Node& node = graph_.nodes[index];
      index = node.next;
      switch (node.op) {
        case Op::accept:
          end_ = at;
          return true;
        case Op::literal: {
          const std::string& text = graph_.literals[node.data];
          const auto length = static_cast<int32_t>(text.size());
          if (size_ - at < length || std::memcmp(begin_ + at, text.data(), text.size()) != 0) return false;
          at += length;
          break;
        }
        case Op::set:
          if (at >= size_ || !tables_[node.data][begin_[at]]) return false;
          ++at;
          break;
        case Op::span:
          if (!span(node, at)) return false;
          if (at < 0) return true;
          break;
        case Op::fork: {
          // The last branch that can begin is gone on with.
          index = kNone;
          for (const uint32_t branch : graph_.branches[node.data]) {
            if (!can_begin(branch, at)) continue;
            if (index != kNone && attempt(index, at)) return true;
            index = branch;
          }
          if (index == kNone) return false;
          break;
        }
        case Op::store:
          if (node.undo) {
            store(node.data, at);
          } else {
            slots_[node.data] = at;
          }
          break;
        case Op::clear:
          for (int32_t group = node.min; group < node.max; ++group)
            slots_[static_cast<size_t>(2 * group)] = -1;
          break;
        case Op::loop_start:
          store(node.data, 0);
          break;
        case Op::loop: {
          const int32_t count = slots_[node.data];
          const bool more = node.max < 0 || count < node.max;
          if (count < node.min) {
            store(node.data, count + 1);
            index = node.body;
          } else if (more && node.greedy) {
            if (again(node, at, count)) return true;
          } else if (more) {
            if (can_begin(node.next, at) && attempt(node.next, at)) return true;
            store(node.data, count + 1);
            index = node.body;
          }
          break;
        }
        case Op::atomic:
          if (!run(node.body, at)) return false;
          at = end_;
          break;
        case Op::look:
          if (!look(node, at)) return false;
          break;
        case Op::line_begin:
          if (at != 0) return false;
          break;
        case Op::line_end:
          if (at != size_) return false;
          break;
        case Op::word_edge:
          if (!word_edge(at)) return false;
          break;
        case Op::no_word_edge:
          if (word_edge(at)) return false;
          break;
      }
    }
  }

  bool again(const Node& node, int32_t at, int32_t count) {
    const size_t mark = trail_.size();
    store(node.data, count + 1);
    if (can_begin(node.body, at) && run(node.body, at)) return true;
    undo(mark);
    return false;
  }

  bool look(const Node& node, int32_t at) {
    const int32_t from = node.min < 0 ? at : at - node.min;
    const size_t mark = trail_.size();
    bool found = from >= 0 && run(node.body, from);
    // Several branches of one width: each ends where it must.
    if (node.min >= 0 && found && end_ != at) found = false;
    undo(mark);
    return found != node.negate;
  }

  // A run of one class. False: no length fits. Otherwise `at` is where to go on, or negative when what
  // follows has been matched already.
  bool span(const Node& node, int32_t& at) {
    const auto& set = tables_[node.data];
    const int32_t most = node.max < 0 || node.max > size_ - at ? size_ : at + node.max;
    const int32_t least = at + node.min;
    if (least > size_) return false;
    int32_t end = at;
    const int32_t first_stop = node.greedy ? most : least;
    while (end < first_stop && set[begin_[end]]) ++end;
    if (end < least) return false;
    steps_ += (end - at) / 8;
    if (node.sole) {
      at = end;
      return true;
    }
    if (node.greedy) {
      for (; end > least; --end) {
        if (can_begin(node.next, end) && attempt(node.next, end)) return done(at);
        if (exhausted_) return false;
      }
      at = end;
      return true;
    }
    for (;;) {
      if (can_begin(node.next, end) && attempt(node.next, end)) return done(at);
      if (exhausted_ || end >= most || !set[begin_[end]]) return false;
      ++end;
    }
  }

  static bool done(int32_t& at) {
    at = -1;
    return true;
  }

  const ByteGraph& graph_;
  const std::vector<ByteGraph::Set>& first_;
  const std::vector<std::array<bool, 256>>& tables_;
  const unsigned char* begin_;
  const int32_t size_;
  std::vector<int32_t>& slots_;
  std::vector<ByteScratch::Undo>& trail_;
  int32_t end_ = 0;
  int depth_ = 0;
  int64_t steps_ = 0;
  bool exhausted_ = false;
};

std::unique_ptr<ByteProgram> ByteProgram::compile(std::string_view pattern, bool plain_groups,
                                                  bool ignore_case) {
  uint32_t groups = 1;
  const auto tree = read_byte_tree(pattern, plain_groups, ignore_case, groups);
  if (!tree) return nullptr;
  auto program = std::make_unique<ByteProgram>();
  ByteGraph& graph = program->graph_;
  graph = build_byte_graph(*tree, groups);
  if (graph.nodes.empty()) return nullptr;
  for (const auto& ahead : graph.ahead) program->first_.push_back(ahead[0]);
  graph.ahead = {};
  for (const auto& set : graph.sets) {
    auto& table = program->tables_.emplace_back();
    for (size_t c = 0; c < table.size(); ++c) table[c] = set[c];
  }
  return program;
}

const NativeRegex* ByteProgram::native() const {
  std::call_once(once_, [this] {
    ByteGraph graph = graph_;
    look_ahead(graph);
    native_ = NativeRegex::compile(graph, why_not_native_);
    ready_.store(true, std::memory_order_release);
  });
  return native_.get();
}

ByteProgram::Answer ByteProgram::interpret(std::string_view text, size_t from, ByteScratch& scratch,
                                           Places places) const {
  if (text.size() > INT32_MAX / 2) return Answer::gave_up;
  scratch.slots.assign(graph_.slots, -1);
  return ByteMatcher(*this, text, scratch).search(from, places);
}

ByteProgram::Answer ByteProgram::search(std::string_view text, size_t from, ByteScratch& scratch,
                                        Places places, uint64_t serial) const {
  const NativeRegex* code = nullptr;
  if (ready_.load(std::memory_order_acquire)) {
    code = native_.get();
  } else if (searches_.fetch_add(1, std::memory_order_relaxed) >= kWarm) {
    code = native();
  }
  if (!code || text.size() > NativeRegex::kLongest) return interpret(text, from, scratch, places);
  scratch.native.hold(text, serial);
  switch (code->search(from, places == Places::first, scratch.slots, scratch.native)) {
    case NativeExit::no_match:
      return Answer::no_match;
    case NativeExit::match:
      return Answer::match;
    case NativeExit::elsewhere:
      return Answer::elsewhere;
    default:
      return Answer::gave_up;
  }
}

}  // namespace sluice::match
