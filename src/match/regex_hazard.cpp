#include <fmt/format.h>

#include <algorithm>

#include "match/regex_cost.hpp"
#include "match/regex_tree.hpp"

namespace sluice::match {
namespace {

using Kind = RegexTree::Kind;
using Set = std::bitset<256>;
using Elements = std::vector<const RegexTree*>;

Set word_bytes() {
  Set set;
  for (size_t c = 0; c < 128; ++c)
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_') set.set(c);
  return set;
}

// Can it match a text (or nothing) that holds bytes of the set only, with such bytes around it?
bool within(const RegexTree& tree, const Set& set) {
  const auto child = [&](const RegexTree& one) { return within(one, set); };
  switch (tree.kind) {
    case Kind::set:
      return (tree.set & set).any();
    case Kind::sequence:
    case Kind::atomic:
      return std::all_of(tree.children.begin(), tree.children.end(), child);
    case Kind::alternatives:
      return std::any_of(tree.children.begin(), tree.children.end(), child);
    case Kind::repeat:
      return tree.min == 0 || child(tree.children[0]);
    case Kind::word_edge: {
      static const Set words = word_bytes();
      return (set & words).any() && (set & ~words).any();
    }
    case Kind::edge:
      return false;
    default:
      return true;
  }
}

// The bytes that it can match one of, alone.
Set singles(const RegexTree& tree) {
  Set all;
  switch (tree.kind) {
    case Kind::set:
      return tree.set;
    case Kind::alternatives:
      for (const auto& child : tree.children) all |= singles(child);
      return all;
    case Kind::repeat:
      return tree.max != 0 && tree.min <= 1 ? singles(tree.children[0]) : all;
    case Kind::sequence:
    case Kind::atomic:
      for (size_t i = 0; i < tree.children.size(); ++i) {
        bool alone = true;
        for (size_t j = 0; j < tree.children.size(); ++j)
          alone = alone && (i == j || (tree.children[j].nullable() && tree.children[j].kind != Kind::look));
        if (alone) all |= singles(tree.children[i]);
      }
      return all;
    default:
      return all;
  }
}

// The pieces one after the other, groups opened.
void flatten(const RegexTree& tree, Elements& elements) {
  if (tree.kind != Kind::sequence) {
    elements.push_back(&tree);
    return;
  }
  for (const auto& child : tree.children) flatten(child, elements);
}

class Finder {
 public:
  explicit Finder(std::vector<Hazard>& hazards) : hazards_(hazards) {}

  // `fails`: what comes behind the tree can fail, so that other ways through it are tried.
  void visit(const RegexTree& tree, bool fails, bool leading) {
    Elements elements;
    flatten(tree, elements);
    std::vector<bool> fails_behind(elements.size());
    for (size_t i = elements.size(); i > 0; --i) {
      fails_behind[i - 1] = fails;
      fails = fails || !cannot_fail(*elements[i - 1]);
    }
    overlaps(elements, fails_behind, leading);
    for (size_t i = 0; i < elements.size(); ++i) {
      const RegexTree& one = *elements[i];
      if (one.kind == Kind::alternatives) {
        for (const auto& branch : one.children) visit(branch, fails_behind[i], leading && i == 0);
      } else if (one.kind == Kind::repeat) {
        if (fails_behind[i] && one.max != one.min && (one.max < 0 || one.max > 9)) loop(one);
        visit(one.children[0], fails_behind[i], false);
      } else if (one.kind == Kind::atomic || one.kind == Kind::look) {
        visit(one.children[0], false, false);
      }
    }
  }

 private:
  static bool cannot_fail(const RegexTree& tree) {
    if (tree.kind == Kind::look || tree.kind == Kind::word_edge || tree.kind == Kind::edge ||
        tree.kind == Kind::unknown)
      return false;
    if (tree.kind == Kind::repeat) return tree.min == 0 || cannot_fail(tree.children[0]);
    if (tree.kind == Kind::alternatives)
      return std::any_of(tree.children.begin(), tree.children.end(), cannot_fail);
    return std::all_of(tree.children.begin(), tree.children.end(), cannot_fail) && tree.kind != Kind::set;
  }

  // Runs in a row that can take each other's text; what stands between them they can take too.
  void overlaps(const Elements& elements, const std::vector<bool>& fails_behind, bool leading) {
    std::vector<int> degree(elements.size(), 0);
    std::vector<size_t> first(elements.size(), 0);
    size_t longest = elements.size();
    for (size_t i = 0; i < elements.size(); ++i) {
      if (!elements[i]->long_run() || elements[i]->max > 0 || !fails_behind[i]) continue;
      // What every place of the text is tried for costs one power more.
      degree[i] = leading && i == 0 ? 2 : 1;
      first[i] = i;
      for (size_t j = 0; j < i; ++j) {
        if (degree[j] == 0 || degree[j] + 1 <= degree[i] || !overlap(elements, j, i)) continue;
        degree[i] = degree[j] + 1;
        first[i] = first[j];
      }
      if (degree[i] > 1 && (longest == elements.size() || degree[i] > degree[longest])) longest = i;
    }
    if (longest == elements.size()) return;
    const bool alone = first[longest] == longest;
    add(alone ? Hazard::Kind::leading : Hazard::Kind::adjacent, elements[first[longest]]->begin,
        elements[longest]->end, degree[longest]);
  }

  static bool overlap(const Elements& elements, size_t i, size_t j) {
    const Set both = elements[i]->children[0].set & elements[j]->children[0].set;
    if (both.none()) return false;
    return std::all_of(elements.begin() + static_cast<ptrdiff_t>(i) + 1,
                       elements.begin() + static_cast<ptrdiff_t>(j),
                       [&](const RegexTree* between) { return within(*between, both); });
  }

  void loop(const RegexTree& repeat) {
    Elements around;
    if (holds_run(repeat.children[0], around)) return add(Hazard::Kind::nested, repeat.begin, repeat.end, 0);
    const RegexTree* body = &repeat.children[0];
    while (body->kind == Kind::sequence && body->children.size() == 1) body = &body->children[0];
    if (body->kind != Kind::alternatives) return;
    Set seen;
    for (const auto& branch : body->children) {
      const Set own = singles(branch);
      if ((seen & own).any()) return add(Hazard::Kind::branches, repeat.begin, repeat.end, 0);
      seen |= own;
    }
  }

  // Is there a run in the body of a loop that can be split between turns: all that stands around it fits in?
  static bool holds_run(const RegexTree& tree, Elements& around) {
    if (tree.long_run()) {
      const Set& set = tree.children[0].set;
      return std::all_of(around.begin(), around.end(),
                         [&](const RegexTree* other) { return within(*other, set); });
    }
    if (tree.kind == Kind::repeat) return holds_run(tree.children[0], around);
    if (tree.kind != Kind::sequence && tree.kind != Kind::alternatives) return false;
    const size_t mark = around.size();
    for (size_t i = 0; i < tree.children.size(); ++i) {
      for (size_t j = 0; tree.kind == Kind::sequence && j < tree.children.size(); ++j)
        if (j != i) around.push_back(&tree.children[j]);
      const bool found = holds_run(tree.children[i], around);
      around.resize(mark);
      if (found) return true;
    }
    return false;
  }

  void add(Hazard::Kind kind, size_t begin, size_t end, int degree) {
    Hazard hazard;
    hazard.kind = kind;
    hazard.begin = begin;
    hazard.end = end;
    hazard.degree = degree;
    hazards_.push_back(hazard);
  }

  std::vector<Hazard>& hazards_;
};

}  // namespace

std::string Hazard::growth() const {
  if (degree == 0) return "exponential";
  return degree == 2 ? "quadratic" : fmt::format("n^{}", degree);
}

std::string_view Hazard::what() const {
  switch (kind) {
    case Kind::leading:
      return "a repetition without end that the pattern begins with, tried at every place of the text";
    case Kind::adjacent:
      return "repetitions without end that can take each other's text";
    case Kind::nested:
      return "a repetition in a repetition, between whose turns the same text can be split anywhere";
    case Kind::branches:
      return "a repetition of alternatives that can take the same text";
  }
  return "";
}

std::string_view Hazard::remedy() const {
  switch (kind) {
    case Kind::leading:
      return "begin the pattern with ^, or with text that always stands there";
    case Kind::adjacent:
      return "let each end where the next begins: %{NOTSPACE} or a class such as [^,]* in place of %{DATA}";
    case Kind::nested:
      return "take one of the two away, or begin each turn with text that the inner one cannot hold";
    case Kind::branches:
      return "let no two branches begin with the same text, or write one class";
  }
  return "";
}

std::vector<Hazard> find_hazards(std::string_view pattern, bool ignore_case) {
  std::vector<Hazard> hazards;
  const RegexTree tree = read_regex_tree(pattern, ignore_case);
  Finder(hazards).visit(tree, false, true);
  return hazards;
}

}  // namespace sluice::match
