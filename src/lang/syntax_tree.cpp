#include "lang/syntax_tree.hpp"

#include <algorithm>

#include "grammar/config_grammar.hpp"
#include "grammar/messages.hpp"

namespace sluice::lang {
namespace {

namespace g = grammar;
namespace peg = tao::pegtl;

template <class Rule>
inline constexpr Node kind = Node::none;
template <>
inline constexpr Node kind<g::section> = Node::section;
template <>
inline constexpr Node kind<g::section_name> = Node::section_name;
template <>
inline constexpr Node kind<g::block> = Node::block;
template <>
inline constexpr Node kind<g::plugin> = Node::plugin;
template <>
inline constexpr Node kind<g::plugin_block> = Node::plugin_block;
template <>
inline constexpr Node kind<g::bare_name> = Node::bare_name;
template <>
inline constexpr Node kind<g::double_quoted> = Node::double_quoted;
template <>
inline constexpr Node kind<g::single_quoted> = Node::single_quoted;
template <>
inline constexpr Node kind<g::attribute> = Node::attribute;
template <>
inline constexpr Node kind<g::bareword> = Node::bareword;
template <>
inline constexpr Node kind<g::number> = Node::number;
template <>
inline constexpr Node kind<g::array> = Node::array;
template <>
inline constexpr Node kind<g::hash> = Node::hash;
template <>
inline constexpr Node kind<g::entry> = Node::entry;
template <>
inline constexpr Node kind<g::branch> = Node::branch;
template <>
inline constexpr Node kind<g::if_> = Node::if_;
template <>
inline constexpr Node kind<g::else_if> = Node::else_if;
template <>
inline constexpr Node kind<g::else_> = Node::else_;
template <>
inline constexpr Node kind<g::condition> = Node::condition;
template <>
inline constexpr Node kind<g::chain> = Node::chain;
template <>
inline constexpr Node kind<g::bool_op> = Node::bool_op;
template <>
inline constexpr Node kind<g::paren> = Node::paren;
template <>
inline constexpr Node kind<g::not_paren> = Node::not_paren;
template <>
inline constexpr Node kind<g::not_field> = Node::not_field;
template <>
inline constexpr Node kind<g::in> = Node::in;
template <>
inline constexpr Node kind<g::not_in> = Node::not_in;
template <>
inline constexpr Node kind<g::compare> = Node::compare;
template <>
inline constexpr Node kind<g::compare_op> = Node::compare_op;
template <>
inline constexpr Node kind<g::matching> = Node::match;
template <>
inline constexpr Node kind<g::match_op> = Node::match_op;
template <>
inline constexpr Node kind<g::bare> = Node::bare;
template <>
inline constexpr Node kind<g::selector> = Node::selector;
template <>
inline constexpr Node kind<g::regex> = Node::regex;
template <>
inline constexpr Node kind<g::call> = Node::call;

constexpr bool nests(Node node) {
  return node == Node::block || node == Node::plugin_block || node == Node::array || node == Node::hash ||
         node == Node::paren || node == Node::not_paren || node == Node::call;
}

struct TooDeep {};

/// Follows the parser. A node is appended when its rule starts and taken back, with all that came behind it,
/// when the rule fails, so that backtracking costs nothing and leaves nothing.
struct Recorder {
  explicit Recorder(SyntaxTree& t) : tree(t) {}
  SyntaxTree& tree;
  std::vector<uint32_t> open_nodes;
  std::vector<Frame> open;
  std::vector<uint32_t> starts;
  uint32_t space_begin = 0;  // the last stretch of white space and comments that was skipped
  uint32_t space_end = 0;
  int depth = 0;

  void start(Node node, uint32_t at) {
    if (nests(node) && ++depth > kMaxNesting) {
      tree.failure.at = tree.failure.before = at;
      tree.failure.open = open;
      tree.failure.too_deep = true;
      throw TooDeep{};
    }
    open_nodes.push_back(static_cast<uint32_t>(tree.nodes.size()));
    open.push_back({node, at});
    tree.nodes.push_back({node, at, at, 0});
  }
  void success(Node node, uint32_t at) {
    auto& n = tree.nodes[open_nodes.back()];
    n.end = at;
    n.next = static_cast<uint32_t>(tree.nodes.size());
    leave(node);
  }
  void failure(Node node) {
    tree.nodes.resize(open_nodes.back(), TreeNode{});
    leave(node);
  }
  void leave(Node node) {
    if (nests(node)) --depth;
    open_nodes.pop_back();
    open.pop_back();
  }
  void spaced(uint32_t begin, uint32_t end) {
    if (begin == end) return;
    if (begin < space_begin || begin > space_end) space_begin = begin;
    space_end = end;
  }
  void miss(g::Expected e, uint32_t at) {
    auto& f = tree.failure;
    if (at < f.at) return;
    if (at > f.at || f.wants == 0) {
      f.at = at;
      f.before = at == space_end ? space_begin : at;
      f.open = open;
      f.wants = 0;
      f.words.clear();
    } else {
      const auto shared = std::mismatch(f.open.begin(), f.open.end(), open.begin(), open.end()).first;
      f.open.erase(shared, f.open.end());
    }
    const uint32_t bit = 1u << static_cast<unsigned>(e.want);
    if (!(f.wants & bit)) f.words.push_back(e.words);
    f.wants |= bit;
  }
};

template <class Rule>
struct Control : peg::normal<Rule> {
  static constexpr Node node = kind<Rule>;
  static constexpr g::Expected want = g::expected<Rule>;
  static constexpr bool wanted = want.want != g::Want::nothing;
  static constexpr bool spacing = std::is_same_v<Rule, g::cs> || std::is_same_v<Rule, g::ws>;
  // A rule of several parts may fail away from its start without going back; its start is kept.
  static constexpr bool composite = spacing || std::is_same_v<Rule, g::value> ||
                                    std::is_same_v<Rule, g::rvalue> || std::is_same_v<Rule, g::pattern>;
  static constexpr bool enable = node != Node::none || wanted || spacing;

  template <class Input>
  static uint32_t place(const Input& in) {
    return static_cast<uint32_t>(in.current() - in.begin());
  }

  template <class Input>
  static void start(const Input& in, Recorder& r) {
    if constexpr (node != Node::none) r.start(node, place(in));
    if constexpr (composite) r.starts.push_back(place(in));
  }
  template <class Input>
  static void success(const Input& in, Recorder& r) {
    if constexpr (node != Node::none) r.success(node, place(in));
    if constexpr (spacing) r.spaced(r.starts.back(), place(in));
    if constexpr (composite) r.starts.pop_back();
  }
  template <class Input>
  static void failure(const Input& in, Recorder& r) {
    if constexpr (node != Node::none) r.failure(node);
    if constexpr (composite) {
      if constexpr (wanted) r.miss(want, r.starts.back());
      r.starts.pop_back();
    } else if constexpr (wanted) {
      r.miss(want, place(in));
    }
  }
};

}  // namespace

SyntaxTree match_config(std::string_view text) {
  SyntaxTree tree;
  tree.nodes.reserve(text.size() / 8 + 16);
  Recorder recorder(tree);
  peg::memory_input<peg::tracking_mode::lazy> input(text.data(), text.data() + text.size(), "config");
  try {
    tree.ok = peg::parse<g::config, peg::nothing, Control>(input, recorder);
  } catch (const TooDeep&) {
    tree.ok = false;
  }
  if (!tree.ok) tree.nodes.clear();
  // A rule in which nothing was read yet tells nothing.
  auto& open = tree.failure.open;
  while (!open.empty() && open.back().begin >= tree.failure.at) open.pop_back();
  return tree;
}

}  // namespace sluice::lang
