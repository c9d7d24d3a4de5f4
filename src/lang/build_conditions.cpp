// Conditions of the AST, and what is refused in them although the grammar allows it.
#include <algorithm>

#include <fmt/format.h>

#include "lang/tree_reader.hpp"

namespace sluice::lang {
namespace {

/// The terms under one kind of operator, as a balanced tree: the meaning is that of a chain, and a chain of
/// ten thousand terms does not become ten thousand levels.
Expr balanced(Expr::Kind kind, std::vector<Expr>& terms, size_t first, size_t last) {
  if (last - first == 1) return std::move(terms[first]);
  const size_t middle = first + (last - first) / 2;
  Expr e;
  e.kind = kind;
  e.operands.push_back(balanced(kind, terms, first, middle));
  e.operands.push_back(balanced(kind, terms, middle, last));
  e.span = e.operands[0].span;
  e.span.end = std::max(e.span.end, e.operands[1].span.end);
  return e;
}

Expr::Kind compare_kind(std::string_view op) {
  if (op == "==") return Expr::Kind::eq;
  if (op == "!=") return Expr::Kind::ne;
  if (op == "<=") return Expr::Kind::le;
  if (op == ">=") return Expr::Kind::ge;
  return op == "<" ? Expr::Kind::lt : Expr::Kind::gt;
}

}  // namespace

Expr ConditionBuilder::condition(uint32_t i) {
  std::vector<Expr> terms;
  std::vector<uint32_t> ops;
  children(i, [&](uint32_t c) {
    if (kind(c) == Node::chain) {
      ops.push_back(c + 1);
      terms.push_back(expr(nodes_[c + 1].next));
    } else {
      terms.push_back(expr(c));
    }
  });
  refuse_mixed(ops);
  return joined(terms, ops);
}

void ConditionBuilder::refuse_mixed(const std::vector<uint32_t>& ops) {
  if (ops.size() < 2) return;
  for (const uint32_t op : ops) {
    if (source(op) != "xor" && source(op) != "nand") continue;
    diagnostics_.error("E0142", span(op),
                       fmt::format("`{}` cannot stand beside another operator", source(op)),
                       "use parentheses to say what belongs together: ([a] xor [b]) and [c]");
    return;
  }
}

/// `and` binds stronger than `or`; xor and nand stand alone (refuse_mixed).
Expr ConditionBuilder::joined(std::vector<Expr>& terms, const std::vector<uint32_t>& ops) {
  std::vector<Expr> alternatives;
  Expr::Kind kind = Expr::Kind::or_;
  size_t first = 0;
  for (size_t k = 0; k <= ops.size(); ++k) {
    const auto word = k < ops.size() ? source(ops[k]) : std::string_view{};
    if (word == "and") continue;
    alternatives.push_back(balanced(Expr::Kind::and_, terms, first, k + 1));
    first = k + 1;
    if (word == "xor") kind = Expr::Kind::xor_;
    if (word == "nand") kind = Expr::Kind::nand_;
  }
  return balanced(kind, alternatives, 0, alternatives.size());
}

Expr ConditionBuilder::expr(uint32_t i) {
  Expr e;
  e.span = span(i);
  switch (kind(i)) {
    case Node::paren:
      return condition(i + 1);
    case Node::not_paren:
      e.kind = Expr::Kind::not_;
      e.operands.push_back(condition(i + 1));
      return e;
    case Node::not_field: {
      e.kind = Expr::Kind::not_;
      Expr field;
      field.span = span(i + 1);
      field.values.push_back(rvalue(i + 1));
      e.operands.push_back(std::move(field));
      return e;
    }
    case Node::in:
      return binary(i, Expr::Kind::in, i + 1, nodes_[i + 1].next);
    case Node::not_in:
      return binary(i, Expr::Kind::not_in, i + 1, nodes_[i + 1].next);
    case Node::compare: {
      const uint32_t op = nodes_[i + 1].next;
      return binary(i, compare_kind(source(op)), i + 1, nodes_[op].next);
    }
    case Node::match: {
      const uint32_t op = nodes_[i + 1].next;
      const auto kind = source(op) == "=~" ? Expr::Kind::match : Expr::Kind::not_match;
      return binary(i, kind, i + 1, nodes_[op].next);
    }
    default:
      break;
  }
  e.values.push_back(rvalue(i + 1));
  if (e.values[0].kind == Rvalue::Kind::regex)
    refuse_regex(e.values[0], "a regular expression alone is no condition");
  return e;
}

Expr ConditionBuilder::binary(uint32_t i, Expr::Kind kind, uint32_t left, uint32_t right) {
  Expr e;
  e.kind = kind;
  e.span = span(i);
  e.values.push_back(rvalue(left));
  e.values.push_back(rvalue(right));
  const bool matches = kind == Expr::Kind::match || kind == Expr::Kind::not_match;
  if (e.values[0].kind == Rvalue::Kind::regex) {
    refuse_regex(e.values[0], matches ? "the regular expression stands on the left of the operator"
                                      : "a regular expression cannot be compared this way");
  } else if (!matches && e.values[1].kind == Rvalue::Kind::regex) {
    refuse_regex(e.values[1], "a regular expression cannot be compared this way");
  }
  return e;
}

void ConditionBuilder::refuse_regex(const Rvalue& regex, std::string message) {
  diagnostics_.error(
      "E0143", regex.span, std::move(message),
      fmt::format("write a field, then `=~` or `!~`, then the expression: [message] =~ {}", regex.written));
}

Rvalue ConditionBuilder::rvalue(uint32_t i) {
  Rvalue r;
  r.span = span(i);
  r.written = unquoted(i);
  switch (kind(i)) {
    case Node::double_quoted:
    case Node::single_quoted:
      r.text = string_text(i);
      break;
    case Node::number:
      r.kind = Rvalue::Kind::number;
      r.text = number_text(i);
      break;
    case Node::selector:
      r.kind = Rvalue::Kind::selector;
      r.text = source(i);
      break;
    case Node::regex:
      r.kind = Rvalue::Kind::regex;
      r.text = source(i).substr(1, source(i).size() - 2);
      break;
    case Node::array:
      r.kind = Rvalue::Kind::list;
      children(i, [&](uint32_t c) { r.items.push_back(element(c)); });
      break;
    case Node::call:
      call(i, r);
      break;
    default:
      r.text = source(i);  // a word in a list
  }
  return r;
}

Rvalue ConditionBuilder::element(uint32_t i) {
  if (kind(i) == Node::hash || kind(i) == Node::plugin) {
    diagnostics_.error("E0150", span(i), "a list in a condition holds strings, numbers and words only",
                       "remove what stands in braces");
    return {};
  }
  return rvalue(i);
}

void ConditionBuilder::call(uint32_t i, Rvalue& r) {
  r.kind = Rvalue::Kind::call;
  r.text = source(i + 1);
  for (uint32_t c = nodes_[i + 1].next; c < nodes_[i].next; c = nodes_[c].next) r.items.push_back(rvalue(c));
  diagnostics_.error("E0145", r.span,
                     fmt::format("conditions have no functions, so {}(...) cannot be called", r.text),
                     "compute the value in a filter, keep it in [@metadata], and test that field");
}

}  // namespace sluice::lang
