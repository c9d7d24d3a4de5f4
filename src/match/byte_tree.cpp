#include <algorithm>

#include "match/byte_syntax.hpp"

namespace sluice::match {
namespace {

using Kind = ByteTree::Kind;

bool run_behind_condition(const ByteTree& tree, bool& condition, bool& consumed) {
  switch (tree.kind) {
    case Kind::set:
      consumed = true;
      return false;
    case Kind::look:
    case Kind::word_edge:
    case Kind::no_word_edge:
    case Kind::line_end:
      condition = true;
      return false;
    case Kind::line_begin:
      return false;
    case Kind::repeat:
      if (tree.max < 0 && tree.greedy && tree.children[0].set.all()) return condition;
      break;
    case Kind::alternatives: {
      bool all = true;
      for (const auto& child : tree.children) {
        bool one = false;
        if (run_behind_condition(child, condition, one)) return true;
        all &= one;
      }
      consumed |= all;
      return false;
    }
    default:
      break;
  }
  for (const auto& child : tree.children) {
    if (run_behind_condition(child, condition, consumed)) return true;
    if (consumed) return false;
  }
  return false;
}

}  // namespace

bool ByteTree::begins_with_run_behind_condition() const {
  bool condition = false;
  bool consumed = false;
  return run_behind_condition(*this, condition, consumed);
}

int32_t ByteTree::shortest() const {
  constexpr int32_t kCap = 1 << 20;
  int32_t sum = 0;
  switch (kind) {
    case Kind::set:
      return 1;
    case Kind::sequence:
    case Kind::group:
    case Kind::atomic:
      for (const auto& child : children) sum = std::min(kCap, sum + child.shortest());
      return sum;
    case Kind::alternatives:
      sum = kCap;
      for (const auto& child : children) sum = std::min(sum, child.shortest());
      return sum;
    case Kind::repeat:
      return static_cast<int32_t>(
          std::min<int64_t>(kCap, static_cast<int64_t>(min) * children[0].shortest()));
    default:
      return 0;
  }
}

std::optional<int32_t> ByteTree::width() const {
  if (kind == Kind::set) return 1;
  if (kind == Kind::repeat && min != max) return std::nullopt;
  if (kind == Kind::look) return 0;
  std::optional<int32_t> result;
  for (const auto& child : children) {
    const auto one = child.width();
    if (!one) return std::nullopt;
    if (kind == Kind::alternatives && result && *result != *one) return std::nullopt;
    result = kind == Kind::alternatives ? *one : result.value_or(0) + *one;
  }
  if (kind == Kind::repeat) return *result * min;
  return result.value_or(0);
}

}  // namespace sluice::match
