// What the builders of the AST share: nodes of the flat tree, their text, strings and numbers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lang/build.hpp"

namespace sluice::lang {

/// Reads the flat tree of a successful parse. Nodes are named by their index.
class TreeReader {
 public:
  TreeReader(const SyntaxTree& tree, const ParsedText& text, const ParseOptions& options,
             Diagnostics& diagnostics)
      : nodes_(tree.nodes), text_(text), options_(options), diagnostics_(diagnostics) {}

 protected:
  [[nodiscard]] Node kind(uint32_t i) const { return nodes_[i].kind; }
  [[nodiscard]] std::string_view source(uint32_t i) const {
    return text_.text.substr(nodes_[i].begin, nodes_[i].end - nodes_[i].begin);
  }
  [[nodiscard]] Span span(uint32_t i) const { return text_.span(nodes_[i].begin, nodes_[i].end); }
  template <class F>
  void children(uint32_t i, F&& f) const {
    for (uint32_t c = i + 1; c < nodes_[i].next; c = nodes_[c].next) f(c);
  }
  [[nodiscard]] bool is_string(uint32_t i) const {
    return kind(i) == Node::double_quoted || kind(i) == Node::single_quoted;
  }
  [[nodiscard]] std::string_view unquoted(uint32_t i) const {
    const auto s = source(i);
    return is_string(i) ? s.substr(1, s.size() - 2) : s;
  }
  [[nodiscard]] std::string string_text(uint32_t i) const;
  /// A number as decimal text. A leading zero makes an integer octal, as in Ruby.
  std::string number_text(uint32_t i);

  const std::vector<TreeNode>& nodes_;
  const ParsedText& text_;
  const ParseOptions& options_;
  Diagnostics& diagnostics_;
};

/// The condition at node `i`.
class ConditionBuilder : TreeReader {
 public:
  explicit ConditionBuilder(const TreeReader& reader) : TreeReader(reader) {}
  Expr condition(uint32_t i);

 private:
  void refuse_mixed(const std::vector<uint32_t>& ops);
  Expr joined(std::vector<Expr>& terms, const std::vector<uint32_t>& ops);
  Expr expr(uint32_t i);
  Expr binary(uint32_t i, Expr::Kind kind, uint32_t left, uint32_t right);
  void refuse_regex(const Rvalue& regex, std::string message);
  Rvalue rvalue(uint32_t i);
  Rvalue element(uint32_t i);
  void call(uint32_t i, Rvalue& r);
};

}  // namespace sluice::lang
