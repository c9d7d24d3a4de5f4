#include "plugins/useragent/literals.hpp"

#include <algorithm>
#include <utility>

#include "base/utf8.hpp"
#include "match/byte_syntax.hpp"

namespace sluice::plugins::useragent {
namespace {

using match::ByteTree;
using Kind = ByteTree::Kind;

// Lists of alternatives are not multiplied beyond this (a single text joins any list).
constexpr size_t kMostProducts = 64;
constexpr size_t kMostOfSet = 10;
constexpr int32_t kMostRepeats = 3;
constexpr size_t kShortest = 2;

// What is known of a piece of a pattern.
struct Part {
  bool exact = false;  // it matches `texts` and nothing else
  std::vector<std::string> texts;
  std::vector<Clause> clauses;  // of one that is not exact
};

Part exactly(std::vector<std::string> texts) { return {true, std::move(texts), {}}; }

void make_unique(std::vector<std::string>& texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

// The shortest text of a clause says how much it tells; the beginning of the text tells nothing by itself.
size_t weight(const std::vector<std::string>& texts) {
  size_t least = texts.empty() ? 0 : SIZE_MAX;
  for (const auto& text : texts)
    least = std::min(least, text.size() == 1 && text[0] == kBegin ? 0 : text.size());
  return least;
}

void add_clause(std::vector<Clause>& clauses, std::vector<std::string> texts) {
  if (weight(texts) >= kShortest) clauses.push_back(std::move(texts));
}

// Every text of one list before every text of the other.
std::vector<std::string> products(const std::vector<std::string>& left,
                                  const std::vector<std::string>& right) {
  std::vector<std::string> all;
  for (const auto& a : left) {
    const bool begun = a.ends_with(kBegin);
    for (const auto& b : right) all.push_back(begun && b.starts_with(kBegin) ? a : a + b);
  }
  make_unique(all);
  return all;
}

Part part_of(const ByteTree& tree);

class Sequence {
 public:
  void add(const ByteTree& tree) {
    if (tree.kind == Kind::sequence || tree.kind == Kind::group || tree.kind == Kind::atomic) {
      for (const auto& child : tree.children) add(child);
      return;
    }
    // One or more: once for certain, and behind it anything.
    Part part = part_of(tree);
    const bool more = tree.kind == Kind::repeat && tree.min >= 1 && !part.exact;
    if (more) part = part_of(tree.children[0]);
    if (!part.exact) {
      cut();
      for (auto& clause : part.clauses) clauses_.push_back(std::move(clause));
      return;
    }
    const bool lists = texts_.size() > 1 && part.texts.size() > 1;
    if (lists && texts_.size() * part.texts.size() > kMostProducts) {
      cut();
      texts_ = std::move(part.texts);
    } else {
      texts_ = products(texts_, part.texts);
    }
    if (more) cut();
  }

  Part finish() {
    if (!cut_) return exactly(std::move(texts_));
    cut();
    return {false, {}, std::move(clauses_)};
  }

 private:
  void cut() {
    cut_ = true;
    add_clause(clauses_, std::exchange(texts_, {""}));
  }

  std::vector<std::string> texts_{""};
  std::vector<Clause> clauses_;
  bool cut_ = false;
};

Part of_set(const ByteTree& tree) {
  size_t left = tree.set.count();
  if (left > 2 * kMostOfSet) return {};  // too many in any case
  std::vector<std::string> texts;
  for (size_t c = 0; left > 0; ++c) {
    if (!tree.set.test(c)) continue;
    texts.emplace_back(1, fold(static_cast<char>(c)));
    --left;
  }
  make_unique(texts);
  if (texts.empty() || texts.size() > kMostOfSet) return {};
  return exactly(std::move(texts));
}

// One clause for each choice of a clause from every branch: (a and b) or c is (a or c) and (b or c).
void join_branches(const std::vector<std::vector<Clause>>& branches, std::vector<Clause>& out) {
  std::vector<size_t> choice(branches.size());
  for (;;) {
    Clause joined;
    for (size_t i = 0; i < branches.size(); ++i)
      joined.insert(joined.end(), branches[i][choice[i]].begin(), branches[i][choice[i]].end());
    make_unique(joined);
    add_clause(out, std::move(joined));
    size_t digit = 0;
    while (digit < choice.size() && ++choice[digit] == branches[digit].size()) choice[digit++] = 0;
    if (digit == choice.size()) return;
  }
}

Part of_alternatives(const ByteTree& tree) {
  std::vector<Part> parts;
  bool exact = true;
  for (const auto& child : tree.children) {
    parts.push_back(part_of(child));
    exact = exact && parts.back().exact;
  }
  Part all;
  if (exact) {
    for (auto& part : parts) all.texts.insert(all.texts.end(), part.texts.begin(), part.texts.end());
    make_unique(all.texts);
    all.exact = true;
    return all;
  }
  std::vector<std::vector<Clause>> branches;
  size_t choices = 1;
  for (auto& part : parts) {
    if (part.exact) part.clauses = {std::move(part.texts)};
    if (part.clauses.empty() || weight(part.clauses[0]) < kShortest) return {};
    choices = std::min(choices * part.clauses.size(), kMostProducts + 1);
    branches.push_back(std::move(part.clauses));
  }
  if (choices > kMostProducts)
    for (auto& clauses : branches)
      clauses = {*std::max_element(clauses.begin(), clauses.end(),
                                   [](const auto& a, const auto& b) { return weight(a) < weight(b); })};
  join_branches(branches, all.clauses);
  return all;
}

// A few repetitions are so many alternatives: `{0,2}` is nothing, one or two.
Part of_repeat(const ByteTree& tree) {
  if (tree.max < 0 || tree.max > kMostRepeats) return {};
  const Part once = part_of(tree.children[0]);
  if (!once.exact) return {};
  std::vector<std::string> all, power{""};
  for (int32_t times = 0; times <= tree.max; ++times) {
    if (times > 0) power = products(power, once.texts);
    if (times >= tree.min) all.insert(all.end(), power.begin(), power.end());
    if (all.size() > kMostProducts || power.size() > kMostProducts) return {};
  }
  make_unique(all);
  return exactly(std::move(all));
}

Part part_of(const ByteTree& tree) {
  switch (tree.kind) {
    case Kind::set:
      return of_set(tree);
    case Kind::line_begin:
      return exactly({std::string(1, kBegin)});
    case Kind::line_end:
    case Kind::word_edge:
    case Kind::no_word_edge:
    case Kind::look:
      return exactly({""});
    case Kind::alternatives:
      return of_alternatives(tree);
    case Kind::repeat:
      return of_repeat(tree);
    case Kind::sequence:
    case Kind::group:
    case Kind::atomic:
      break;
  }
  Sequence sequence;
  sequence.add(tree);
  return sequence.finish();
}

}  // namespace

std::vector<Clause> required_clauses(std::string_view pattern) {
  // A byte tree leaves out what is not ASCII.
  if (!is_ascii(pattern)) return {};
  uint32_t groups = 0;
  const auto tree = match::read_byte_tree(pattern, true, true, groups);
  if (!tree) return {};
  Part part = part_of(*tree);
  if (part.exact) {
    part.clauses.clear();
    add_clause(part.clauses, std::move(part.texts));
  }
  return std::move(part.clauses);
}

}  // namespace sluice::plugins::useragent
