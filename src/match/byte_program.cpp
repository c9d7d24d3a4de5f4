#include "match/byte_program.hpp"

#include <cstring>

namespace sluice::match {

// One attempt after the other, each with its own backtracking.
class ByteMatcher {
 public:
  ByteMatcher(const ByteProgram& program, std::string_view text, ByteScratch& scratch)
      : program_(program),
        begin_(reinterpret_cast<const unsigned char*>(text.data())),
        size_(static_cast<int32_t>(text.size())),
        slots_(scratch.slots),
        trail_(scratch.trail) {}

  ByteProgram::Answer search(size_t from) {
    const auto& first = program_.first_[program_.start_];
    for (auto at = static_cast<int32_t>(from); at <= size_; ++at) {
      if (!can_begin(first, at)) continue;
      trail_.clear();
      if (run(program_.start_, at)) {
        slots_[0] = at;
        slots_[1] = end_;
        return ByteProgram::Answer::match;
      }
      if (exhausted_) return ByteProgram::Answer::gave_up;
      undo(0);
    }
    return ByteProgram::Answer::no_match;
  }

 private:
  using Op = ByteProgram::Op;
  using Node = ByteProgram::Node;
  static constexpr int kDeepest = 2000;
  static constexpr int64_t kMostSteps = 1 << 20;

  [[nodiscard]] bool can_begin(const ByteProgram::First& first, int32_t at) const {
    return first.nullable || (at < size_ && first.bytes[begin_[at]]);
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
    if (!can_begin(program_.first_[node], at)) return false;
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
      const Node& node = program_.nodes_[index];
      index = node.next;
      switch (node.op) {
        case Op::accept:
          end_ = at;
          return true;
        case Op::literal: {
          const std::string& text = program_.literals_[node.data];
          const auto length = static_cast<int32_t>(text.size());
          if (size_ - at < length || std::memcmp(begin_ + at, text.data(), text.size()) != 0) return false;
          at += length;
          break;
        }
        case Op::set:
          if (at >= size_ || !program_.tables_[node.data][begin_[at]]) return false;
          ++at;
          break;
        case Op::span:
          if (!span(node, at)) return false;
          if (at < 0) return true;
          break;
        case Op::fork: {
          const auto& branches = program_.branches_[node.data];
          for (size_t i = 0; i + 1 < branches.size(); ++i) {
            if (attempt(branches[i], at)) return true;
          }
          index = branches.back();
          break;
        }
        case Op::store:
          store(node.data, at);
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
            if (attempt(node.next, at)) return true;
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
    if (can_begin(program_.first_[node.body], at) && run(node.body, at)) return true;
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
    const auto& set = program_.tables_[node.data];
    const auto& after = program_.first_[node.next];
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
        if (can_begin(after, end) && attempt(node.next, end)) return done(at);
        if (exhausted_) return false;
      }
      at = end;
      return true;
    }
    for (;;) {
      if (can_begin(after, end) && attempt(node.next, end)) return done(at);
      if (exhausted_ || end >= most || !set[begin_[end]]) return false;
      ++end;
    }
  }

  static bool done(int32_t& at) {
    at = -1;
    return true;
  }

  const ByteProgram& program_;
  const unsigned char* begin_;
  const int32_t size_;
  std::vector<int32_t>& slots_;
  std::vector<ByteScratch::Undo>& trail_;
  int32_t end_ = 0;
  int depth_ = 0;
  int64_t steps_ = 0;
  bool exhausted_ = false;
};

ByteProgram::Answer ByteProgram::search(std::string_view text, size_t from, ByteScratch& scratch) const {
  if (text.size() > INT32_MAX / 2) return Answer::gave_up;
  scratch.slots.assign(slots_, -1);
  return ByteMatcher(*this, text, scratch).search(from);
}

}  // namespace sluice::match
