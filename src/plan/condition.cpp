#include "plan/condition.hpp"

#include <atomic>
#include <charconv>
#include <compare>
#include <unordered_set>

#include "base/log.hpp"
#include "base/time.hpp"
#include "match/numbers.hpp"
#include "match/regex.hpp"
#include "match/search_budget.hpp"
#include "plugin/event_source.hpp"

namespace sluice::plan {

using lang::Expr;
using lang::Rvalue;

/// One operation of a compiled condition.
struct Condition::Node {
  enum class Op : uint8_t {
    constant,
    truthy,
    not_,
    and_,
    or_,
    xor_,
    nand_,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    in_text,      // field in a constant string or number
    has_element,  // constant in field
    in_list,      // field in a constant list
    in_field,     // field in field
    match,
  };
  Op op = Op::constant;
  bool value = false;    // of a constant
  bool negated = false;  // not in, !~
  FieldRef left, right;  // operands that are fields
  bool right_is_field = false;
  Value constant;  // the other operand; its text lives in `text`, its list in `arena`
  std::string text;
  std::vector<std::string> texts;                  // of a constant list's elements
  std::unordered_set<std::string_view> long_list;  // the same, when they are many
  Arena arena;
  std::optional<match::Regex> regex;
  std::vector<std::unique_ptr<const Node>> operands;

  [[nodiscard]] Truth test(const Event& event) const;

 private:
  [[nodiscard]] Truth order(const Event& event) const;
  [[nodiscard]] bool equals(const Event& event) const;
  [[nodiscard]] bool contains(const Event& event) const;
  [[nodiscard]] bool matches(const Event& event) const;
  void tell_timeout(const Event& event) const;
};

namespace {

using Node = Condition::Node;
using Op = Node::Op;

constexpr int64_t kQuietNanos = 1'000'000'000;  // between two lines about searches that took too long
constexpr size_t kLongList = 8;  // with more elements, a hash is faster than a comparison with each

Truth truth(bool b) { return b ? Truth::yes : Truth::no; }

// Absent, null, false, "" and "false" are false; everything else is true.
bool truthy(const Value* value) {
  if (!value) return false;
  switch (value->kind()) {
    case Value::Kind::null:
      return false;
    case Value::Kind::boolean:
      return value->as_bool();
    case Value::Kind::string:
      return !value->as_text().empty() && value->as_text() != "false";
    default:
      return true;
  }
}

std::string text_of(const Value& value) {
  std::string text;
  append_text(value, text);
  return text;
}

// Java's compareTo where it is defined; nullopt where it throws.
std::optional<int> compare(const Value* left, const Value& right) {
  if (!left) return std::nullopt;
  if (left->is_string() && right.is_string()) {
    const int c = left->as_text().compare(right.as_text());
    return c < 0 ? -1 : c > 0 ? 1 : 0;
  }
  const auto sign = [](auto a, auto b) { return a < b ? -1 : a > b ? 1 : 0; };
  if (left->is_number() && right.is_number()) {
    if (left->kind() == Value::Kind::integer && right.kind() == Value::Kind::integer)
      return sign(left->as_integer(), right.as_integer());
    const auto real = [](const Value& v) {
      if (v.kind() == Value::Kind::integer) return static_cast<double>(v.as_integer());
      if (v.kind() == Value::Kind::real) return v.as_real();
      return match::decimal_value(v.as_text());
    };
    return sign(real(*left), real(right));
  }
  if (left->kind() == Value::Kind::timestamp && right.kind() == Value::Kind::timestamp)
    return sign(left->as_nanos(), right.as_nanos());
  if (left->kind() == Value::Kind::boolean && right.kind() == Value::Kind::boolean)
    return sign(left->as_integer(), right.as_integer());
  return std::nullopt;
}

}  // namespace

Truth Node::order(const Event& event) const {
  const Value* a = event.get(left);
  const Value* b = right_is_field ? event.get(right) : &constant;
  if (a && a->kind() == Value::Kind::boolean && b && b->is_number()) return Truth::no;
  if (!b) return Truth::error;
  const auto c = compare(a, *b);
  if (!c) return Truth::error;
  switch (op) {
    case Op::less:
      return truth(*c < 0);
    case Op::less_equal:
      return truth(*c <= 0);
    case Op::greater:
      return truth(*c > 0);
    default:
      return truth(*c >= 0);
  }
}

bool Node::equals(const Event& event) const {
  const Value* a = event.get(left);
  if (!right_is_field) return a && equal(*a, constant);
  const Value* b = event.get(right);
  if (!a || !b) return (!a || a->is_null()) && (!b || b->is_null());
  return equal(*a, *b);
}

bool Node::contains(const Event& event) const {
  const Value* a = event.get(left);
  switch (op) {
    case Op::in_text:
      return a && a->is_string() && text.find(a->as_text()) != std::string::npos;
    case Op::has_element:
      if (!a) return false;
      if (a->is_string())
        return constant.is_string() && a->as_text().find(constant.as_text()) != std::string_view::npos;
      if (!a->is_array()) return false;
      for (const auto& item : a->as_array()->all())
        if (equal(item, constant)) return true;
      return false;
    case Op::in_list: {
      if (!a || a->is_null()) return false;
      const auto among = [&](std::string_view wanted) {
        if (!long_list.empty()) return long_list.contains(wanted);
        for (const auto& candidate : texts)
          if (candidate == wanted) return true;
        return false;
      };
      return a->is_string() ? among(a->as_text()) : among(text_of(*a));
    }
    default: {
      const Value* b = event.get(right);
      if (!a || !b || a->is_null() || a->is_array() || a->is_object()) return false;
      if (a->is_string() && b->is_string()) return b->as_text().find(a->as_text()) != std::string_view::npos;
      if (!b->is_array()) return equal(*a, *b);
      for (const auto& item : b->as_array()->all())
        if (equal(*a, item)) return true;
      return false;
    }
  }
}

bool Node::matches(const Event& event) const {
  const Value* a = event.get(left);
  if (!a || !a->is_string()) return false;
  if (!regex->may_match(a->as_text())) return false;
  thread_local match::Captures captures;
  const auto result = regex->search(a->as_text(), captures, 0, match::standard_budget());
  if (result == match::MatchResult::timeout) tell_timeout(event);
  return result == match::MatchResult::match;
}

void Node::tell_timeout(const Event& event) const {
  // One line a second at most: a stream of such events must not drown the log.
  static std::atomic<int64_t> last{0};
  const int64_t now = steady_nanos();
  int64_t before = last.load(std::memory_order_relaxed);
  if (before != 0 && now - before < kQuietNanos) return;
  if (!last.compare_exchange_strong(before, now)) return;
  log::warn("logstash.javapipeline",
            "A condition's regular expression took too long and counts as not matching",
            {{"pattern", regex->pattern()},
             {"field", left.text()},
             {"source", plugin::source_of(event)},
             {"timeout_millis", match::standard_budget().millis},
             {"timeouts_so_far", match::search_timeouts()}});
}

Truth Node::test(const Event& event) const {
  switch (op) {
    case Op::constant:
      return truth(value);
    case Op::truthy:
      return truth(truthy(event.get(left)));
    case Op::not_: {
      const Truth t = operands[0]->test(event);
      return t == Truth::error ? t : truth(t == Truth::no);
    }
    case Op::and_: {
      const Truth t = operands[0]->test(event);
      return t == Truth::yes ? operands[1]->test(event) : t;
    }
    case Op::or_: {
      const Truth t = operands[0]->test(event);
      return t == Truth::no ? operands[1]->test(event) : t;
    }
    case Op::xor_:
    case Op::nand_: {
      const Truth a = operands[0]->test(event), b = operands[1]->test(event);
      if (a == Truth::error || b == Truth::error) return Truth::error;
      return op == Op::xor_ ? truth(a != b) : truth(a == Truth::no || b == Truth::no);
    }
    case Op::equal:
      return truth(equals(event));
    case Op::not_equal:
      return truth(!equals(event));
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      return order(event);
    case Op::match:
      return truth(matches(event) != negated);
    default:
      return truth(contains(event) != negated);
  }
}

namespace {

class Compiler {
 public:
  Compiler(lang::Diagnostics& diagnostics, std::vector<FieldRef>& fields)
      : diagnostics_(diagnostics), fields_(fields) {}

  std::unique_ptr<const Node> compile(const Expr& expr);

 private:
  std::unique_ptr<Node> logic(const Expr& expr, Op op);
  std::unique_ptr<Node> value(const Rvalue& operand);
  std::unique_ptr<Node> comparison(const Expr& expr, Op op);
  std::unique_ptr<Node> inclusion(const Expr& expr, bool negated);
  std::unique_ptr<Node> matching(const Expr& expr, bool negated);
  FieldRef field(const Rvalue& operand);
  void set_constant(Node& node, const Rvalue& operand);

  lang::Diagnostics& diagnostics_;
  std::vector<FieldRef>& fields_;
};

bool is_field(const Rvalue& operand) { return operand.kind == Rvalue::Kind::selector; }

Value number_value(const std::string& text) {
  if (text.find('.') == std::string::npos) {
    // As Ruby's Integer() reads it: a leading zero means octal.
    const bool negative = !text.empty() && text[0] == '-';
    const char* first = text.data() + (negative ? 1 : 0);
    const char* end = text.data() + text.size();
    int64_t i = 0;
    const int base = end - first > 1 && *first == '0' ? 8 : 10;
    std::from_chars(first, end, i, base);
    return Value::integer(negative ? -i : i);
  }
  double d = 0;
  std::from_chars(text.data(), text.data() + text.size(), d);
  return Value::real(d);
}

std::unique_ptr<Node> constant_node(bool value) {
  auto node = std::make_unique<Node>();
  node->value = value;
  return node;
}

// A constant's value; strings point into `operand`, which the caller keeps.
Value constant_value(const Rvalue& operand, Arena& arena) {
  if (operand.kind == Rvalue::Kind::number) return number_value(operand.text);
  if (operand.kind != Rvalue::Kind::list) return Value::string(arena.copy(operand.text));
  auto* list = Array::make(arena, static_cast<uint32_t>(operand.items.size()));
  for (const auto& item : operand.items) list->push(arena, constant_value(item, arena));
  return Value::array(list);
}

FieldRef Compiler::field(const Rvalue& operand) {
  auto ref = FieldRef::parse(operand.text);
  if (!ref.ok()) {
    diagnostics_.error("E0304", operand.span, ref.message(), "Write a field as [name] or [outer][inner].");
    return {};
  }
  fields_.push_back(ref.value());
  return std::move(ref).value();
}

void Compiler::set_constant(Node& node, const Rvalue& operand) {
  node.text = operand.text;
  node.constant = constant_value(operand, node.arena);
}

std::unique_ptr<Node> Compiler::logic(const Expr& expr, Op op) {
  auto node = std::make_unique<Node>();
  node->op = op;
  for (const auto& operand : expr.operands) {
    auto compiled = compile(operand);
    if (!compiled) return nullptr;
    node->operands.push_back(std::move(compiled));
  }
  // Constants fold: what the left side decides needs no right side.
  const auto& first = *node->operands[0];
  if (first.op == Op::constant) {
    if (op == Op::not_) return constant_node(!first.value);
    if (op == Op::and_ && !first.value) return constant_node(false);
    if (op == Op::or_ && first.value) return constant_node(true);
  }
  return node;
}

std::unique_ptr<Node> Compiler::value(const Rvalue& operand) {
  if (is_field(operand)) {
    auto node = std::make_unique<Node>();
    node->op = Op::truthy;
    node->left = field(operand);
    return node;
  }
  Arena arena;
  const Value constant = constant_value(operand, arena);
  return constant_node(truthy(&constant));
}

std::unique_ptr<Node> Compiler::comparison(const Expr& expr, Op op) {
  const auto& a = expr.values[0];
  const auto& b = expr.values[1];
  if (!is_field(a) && !is_field(b)) {
    Arena arena;
    const Value x = constant_value(a, arena), y = constant_value(b, arena);
    if (op == Op::equal) return constant_node(equal(x, y));
    if (op == Op::not_equal) return constant_node(!equal(x, y));
    const auto c = compare(&x, y);
    if (!c) {
      diagnostics_.error("E0306", expr.span, "These two constants cannot be compared",
                         "Compare values of one type.");
      return nullptr;
    }
    return constant_node(op == Op::less         ? *c < 0
                         : op == Op::less_equal ? *c <= 0
                         : op == Op::greater    ? *c > 0
                                                : *c >= 0);
  }
  auto node = std::make_unique<Node>();
  node->op = op;
  if (is_field(a)) {
    node->left = field(a);
    node->right_is_field = is_field(b);
    if (node->right_is_field)
      node->right = field(b);
    else
      set_constant(*node, b);
    return node;
  }
  // A constant on the left is mirrored.
  node->left = field(b);
  set_constant(*node, a);
  if (op == Op::less)
    node->op = Op::greater;
  else if (op == Op::less_equal)
    node->op = Op::greater_equal;
  else if (op == Op::greater)
    node->op = Op::less;
  else if (op == Op::greater_equal)
    node->op = Op::less_equal;
  return node;
}

std::unique_ptr<Node> Compiler::inclusion(const Expr& expr, bool negated) {
  const auto& a = expr.values[0];
  const auto& b = expr.values[1];
  if (!is_field(a) && !is_field(b)) {
    Arena arena;
    return constant_node(equal(constant_value(a, arena), constant_value(b, arena)) != negated);
  }
  auto node = std::make_unique<Node>();
  node->negated = negated;
  if (!is_field(a)) {
    node->op = Op::has_element;
    node->left = field(b);
    set_constant(*node, a);
    return node;
  }
  node->left = field(a);
  if (is_field(b)) {
    node->op = Op::in_field;
    node->right = field(b);
  } else if (b.kind == Rvalue::Kind::list) {
    node->op = Op::in_list;
    for (const auto& item : b.items) {
      // An element that is itself a field reference in brackets stays text, as Logstash takes it.
      Arena arena;
      node->texts.push_back(text_of(constant_value(item, arena)));
    }
    if (node->texts.size() > kLongList) node->long_list.insert(node->texts.begin(), node->texts.end());
  } else {
    node->op = Op::in_text;
    Arena arena;
    node->text = text_of(constant_value(b, arena));
  }
  return node;
}

std::unique_ptr<Node> Compiler::matching(const Expr& expr, bool negated) {
  const auto& a = expr.values[0];
  const auto& b = expr.values[1];
  auto regex = match::Regex::compile(b.text);
  if (!regex.ok()) {
    diagnostics_.error("E0301", b.span, "The regular expression is not valid: " + regex.message(),
                       "Conditions use Ruby's regular expressions.");
    return nullptr;
  }
  if (!is_field(a)) {
    match::Captures captures;
    const bool hit =
        a.kind == Rvalue::Kind::string &&
        regex->search(a.text, captures, 0, match::standard_budget()) == match::MatchResult::match;
    return constant_node(hit != negated);
  }
  auto node = std::make_unique<Node>();
  node->op = Op::match;
  node->negated = negated;
  node->left = field(a);
  node->regex = std::move(regex).value();
  return node;
}

std::unique_ptr<const Node> Compiler::compile(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::and_:
      return logic(expr, Op::and_);
    case Expr::Kind::or_:
      return logic(expr, Op::or_);
    case Expr::Kind::xor_:
      return logic(expr, Op::xor_);
    case Expr::Kind::nand_:
      return logic(expr, Op::nand_);
    case Expr::Kind::not_:
      return logic(expr, Op::not_);
    case Expr::Kind::eq:
      return comparison(expr, Op::equal);
    case Expr::Kind::ne:
      return comparison(expr, Op::not_equal);
    case Expr::Kind::lt:
      return comparison(expr, Op::less);
    case Expr::Kind::le:
      return comparison(expr, Op::less_equal);
    case Expr::Kind::gt:
      return comparison(expr, Op::greater);
    case Expr::Kind::ge:
      return comparison(expr, Op::greater_equal);
    case Expr::Kind::in:
      return inclusion(expr, false);
    case Expr::Kind::not_in:
      return inclusion(expr, true);
    case Expr::Kind::match:
      return matching(expr, false);
    case Expr::Kind::not_match:
      return matching(expr, true);
    case Expr::Kind::value:
      return value(expr.values[0]);
  }
  return nullptr;
}

}  // namespace

Condition::Condition() = default;
Condition::~Condition() = default;

std::shared_ptr<const Condition> Condition::compile(const Expr& expr, lang::Diagnostics& diagnostics) {
  std::shared_ptr<Condition> condition(new Condition);
  condition->root_ = Compiler(diagnostics, condition->fields_).compile(expr);
  return condition->root_ ? condition : nullptr;
}

Truth Condition::test(const Event& event) const { return root_->test(event); }

std::optional<bool> Condition::constant() const {
  if (root_->op != Op::constant) return std::nullopt;
  return root_->value;
}

}  // namespace sluice::plan
