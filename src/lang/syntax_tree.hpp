// Runs the grammar over a text. Success gives a flat tree of what matched; failure gives the furthest place
// that was reached, what was expected there, and what was open: the raw material of a good message.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::lang {

/// What a node of the tree is; one for each grammar rule that leaves something in the AST.
enum class Node : unsigned char {
  none,
  section,
  section_name,
  block,
  plugin,
  plugin_block,
  bare_name,
  double_quoted,
  single_quoted,
  attribute,
  bareword,
  number,
  array,
  hash,
  entry,
  branch,
  if_,
  else_if,
  else_,
  condition,
  chain,
  bool_op,
  paren,
  not_paren,
  not_field,
  in,
  not_in,
  compare,
  compare_op,
  match,
  match_op,
  bare,
  selector,
  regex,
  call,
};

/// A node and, behind it in the vector, its descendants up to `next` (preorder).
struct TreeNode {
  Node kind;
  uint32_t begin;
  uint32_t end;
  uint32_t next;
};

/// A rule that was open where the parser got stuck.
struct Frame {
  Node kind;
  uint32_t begin;
  bool operator==(const Frame&) const = default;
};

struct Failure {
  uint32_t at = 0;                 // the furthest place reached
  uint32_t before = 0;             // end of the last token in front of it
  std::vector<Frame> open;         // outermost first; what all expectations at `at` have in common
  uint32_t wants = 0;              // set of grammar::Want, one bit each
  bool too_deep = false;           // nesting beyond kMaxNesting; `at` is the place
  std::vector<const char*> words;  // the expectations in words, in the order tried
};

struct SyntaxTree {
  bool ok = false;
  std::vector<TreeNode> nodes;
  Failure failure;  // valid when not ok
};

/// Brackets, blocks and parentheses inside each other. Far beyond any real config; keeps recursion bounded.
inline constexpr int kMaxNesting = 500;

/// Parses all of `text` as a config. Never throws; linear in practice.
SyntaxTree match_config(std::string_view text);

}  // namespace sluice::lang
