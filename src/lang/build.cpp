#include "lang/build.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

namespace sluice::lang {
namespace {

/// Escapes of config.support_escapes; a backslash in front of anything else stays.
std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    switch (next) {
      case '"':
      case '\'':
      case '\\':
        out += next;
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case '0':
        out += '\0';
        break;
      default:
        out += text[i];
        continue;
    }
    ++i;
  }
  return out;
}

class Builder {
 public:
  Builder(const SyntaxTree& tree, const ParsedText& text, const ParseOptions& options,
          Diagnostics& diagnostics)
      : nodes_(tree.nodes), text_(text), options_(options), diagnostics_(diagnostics) {}

  Config config() {
    Config config;
    for (uint32_t i = 0; i < nodes_.size(); i = nodes_[i].next) {
      Section section;
      section.span = span(i);
      const auto word = source(i + 1);
      section.kind = word == "input"    ? Section::Kind::input
                     : word == "filter" ? Section::Kind::filter
                                        : Section::Kind::output;
      codecs_checked_ = section.kind != Section::Kind::filter;
      section.body = body(nodes_[i + 1].next);
      config.sections.push_back(std::move(section));
    }
    return config;
  }

 private:
  [[nodiscard]] const TreeNode& node(uint32_t i) const { return nodes_[i]; }
  [[nodiscard]] Node kind(uint32_t i) const { return nodes_[i].kind; }
  [[nodiscard]] std::string_view source(uint32_t i) const {
    return text_.text.substr(nodes_[i].begin, nodes_[i].end - nodes_[i].begin);
  }
  [[nodiscard]] Span span(uint32_t i) const { return text_.span(nodes_[i].begin, nodes_[i].end); }
  template <class F>
  void children(uint32_t i, F&& f) const {
    for (uint32_t c = i + 1; c < nodes_[i].next; c = nodes_[c].next) f(c);
  }

  // -- statements --

  std::vector<Statement> body(uint32_t block) {
    std::vector<Statement> out;
    children(block, [&](uint32_t c) {
      if (kind(c) == Node::plugin) {
        auto made = std::make_shared<const Plugin>(plugin(c));
        if (!misplaced_word(*made)) out.push_back({std::move(made)});
      } else {
        out.push_back({std::make_shared<const Branch>(branch(c))});
      }
    });
    return out;
  }

  /// `if { }` and a lone `else { }` have the shape of plugins.
  bool misplaced_word(const Plugin& plugin) {
    if (plugin.quoted_name) return false;
    if (plugin.name == "if") {
      diagnostics_.error("E0127", plugin.name_span, "this `if` has no condition",
                         "write what must hold between `if` and `{`, such as: if [status] == 404 { ... }");
    } else if (plugin.name == "else") {
      diagnostics_.error(
          "E0128", plugin.name_span, "this `else` belongs to no `if`",
          "an `else` follows the closing brace of an `if` or `else if`, and there is one at most");
    } else {
      return false;
    }
    return true;
  }

  Branch branch(uint32_t i) {
    Branch branch;
    branch.span = span(i);
    children(i, [&](uint32_t a) {
      Branch::Arm arm;
      uint32_t c = a + 1;
      if (kind(c) == Node::condition) {
        arm.span = span(c);
        arm.condition = condition(c);
        c = nodes_[c].next;
      } else {
        arm.span = text_.span(nodes_[a].begin, nodes_[a].begin + 4);
      }
      arm.body = body(c);
      branch.arms.push_back(std::move(arm));
    });
    return branch;
  }

  Plugin plugin(uint32_t i) {
    Plugin plugin;
    plugin.span = span(i);
    const uint32_t name = i + 1;
    plugin.name_span = span(name);
    plugin.name = std::string(unquoted(name));
    plugin.quoted_name = kind(name) != Node::bare_name;
    if (plugin.quoted_name) {
      auto& d =
          diagnostics_.error("E0148", plugin.name_span, "the name of a plugin is written without quotes",
                             fmt::format("write {} instead of {}", plugin.name, source(name)));
      d.fix = Fix{plugin.name_span, plugin.name, true};
    }
    children(nodes_[name].next, [&](uint32_t a) {
      Attribute attribute;
      attribute.name = std::string(unquoted(a + 1));
      attribute.name_span = span(a + 1);
      attribute.value = value(nodes_[a + 1].next);
      plugin.attributes.push_back(std::move(attribute));
    });
    check_codecs(plugin);
    return plugin;
  }

  void check_codecs(const Plugin& plugin) {
    if (!codecs_checked_) return;
    const Attribute* first = nullptr;
    for (const auto& attribute : plugin.attributes) {
      if (attribute.name != "codec") continue;
      if (first) {
        diagnostics_.error("E0149", attribute.name_span,
                           fmt::format("the plugin {} has a second codec; the first is on line {}",
                                       plugin.name, first->name_span.line),
                           "a plugin has one codec: remove the others");
      } else {
        first = &attribute;
      }
    }
  }

  // -- values --

  [[nodiscard]] bool is_string(uint32_t i) const {
    return kind(i) == Node::double_quoted || kind(i) == Node::single_quoted;
  }
  [[nodiscard]] std::string_view unquoted(uint32_t i) const {
    const auto s = source(i);
    return is_string(i) ? s.substr(1, s.size() - 2) : s;
  }
  [[nodiscard]] std::string string_text(uint32_t i) const {
    return options_.support_escapes ? unescaped(unquoted(i)) : std::string(unquoted(i));
  }

  Value value(uint32_t i) {
    Value v;
    v.span = span(i);
    switch (kind(i)) {
      case Node::double_quoted:
      case Node::single_quoted:
        v.kind = Value::Kind::string;
        v.quote = source(i).front();
        v.written = unquoted(i);
        v.text = string_text(i);
        break;
      case Node::number:
        v.kind = Value::Kind::number;
        v.written = source(i);
        v.text = number_text(i);
        break;
      case Node::array:
        v.kind = Value::Kind::array;
        children(i, [&](uint32_t c) { v.items.push_back(value(c)); });
        break;
      case Node::hash:
        v.kind = Value::Kind::hash;
        hash(i, v);
        break;
      case Node::plugin:
        v.kind = Value::Kind::plugin;
        v.plugin = std::make_shared<const Plugin>(plugin(i));
        break;
      default:
        v.kind = Value::Kind::bareword;
        v.written = v.text = source(i);
    }
    return v;
  }

  void hash(uint32_t i, Value& v) {
    std::map<std::string_view, uint32_t> seen;
    children(i, [&](uint32_t c) {
      const uint32_t key = c + 1;
      HashEntry entry;
      entry.key = value(key);
      const auto [first, fresh] = seen.emplace(source(key), key);
      if (!fresh) {
        diagnostics_.error("E0140", entry.key.span,
                           fmt::format("the key {} stands twice in this hash; the first is on line {}",
                                       source(key), span(first->second).line),
                           "keep one of them; several values for one key go into a list: [\"a\", \"b\"]");
      }
      if (kind(key) == Node::number) {
        auto& d = diagnostics_.error("E0147", entry.key.span,
                                     fmt::format("the key {} is a number; keys are text", source(key)),
                                     fmt::format("put it in quotes: \"{}\"", source(key)));
        d.fix = Fix{entry.key.span, fmt::format("\"{}\"", source(key)), true};
      }
      entry.value = value(nodes_[key].next);
      v.entries.push_back(std::move(entry));
    });
  }

  /// A number as decimal text. A leading zero makes an integer octal, as in Ruby.
  std::string number_text(uint32_t i) {
    const auto s = source(i);
    const bool minus = s.front() == '-';
    auto digits = s.substr(minus ? 1 : 0);
    if (digits.ends_with('.')) {
      auto& d = diagnostics_.error("E0141", span(i), fmt::format("the number {} ends in a point", s),
                                   fmt::format("write {}0, or leave the point out", s));
      d.fix = Fix{span(i), fmt::format("{}0", s), false};
      return std::string(s) + "0";
    }
    if (digits.find('.') != std::string_view::npos || digits.size() == 1 || digits.front() != '0')
      return std::string(s);
    uint64_t octal = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), octal, 8);
    if (error == std::errc{} && end == digits.data() + digits.size())
      return (minus ? "-" : "") + std::to_string(octal);
    const auto zeros = digits.find_first_not_of('0');
    const auto plain = zeros == std::string_view::npos ? std::string_view("0") : digits.substr(zeros);
    diagnostics_.error(
        "E0141", span(i),
        fmt::format("{} is no number: a leading zero makes it octal, and octal has the digits 0 to 7", s),
        fmt::format("write {}{}, or put it in quotes if the zero matters", minus ? "-" : "", plain));
    return std::string(s);
  }

  // -- conditions --

  Expr condition(uint32_t i) {
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

  void refuse_mixed(const std::vector<uint32_t>& ops) {
    if (ops.size() < 2) return;
    for (const uint32_t op : ops) {
      if (source(op) != "xor" && source(op) != "nand") continue;
      diagnostics_.error("E0142", span(op),
                         fmt::format("`{}` cannot stand beside another operator", source(op)),
                         "use parentheses to say what belongs together: ([a] xor [b]) and [c]");
      return;
    }
  }

  /// The terms under one kind of operator, as a balanced tree: the meaning is that of a chain, and a chain of
  /// ten thousand terms does not become ten thousand levels.
  static Expr balanced(Expr::Kind kind, std::vector<Expr>& terms, size_t first, size_t last) {
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

  /// `and` binds stronger than `or`; xor and nand stand alone (refuse_mixed).
  Expr joined(std::vector<Expr>& terms, const std::vector<uint32_t>& ops) {
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

  Expr expr(uint32_t i) {
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

  static Expr::Kind compare_kind(std::string_view op) {
    if (op == "==") return Expr::Kind::eq;
    if (op == "!=") return Expr::Kind::ne;
    if (op == "<=") return Expr::Kind::le;
    if (op == ">=") return Expr::Kind::ge;
    return op == "<" ? Expr::Kind::lt : Expr::Kind::gt;
  }

  Expr binary(uint32_t i, Expr::Kind kind, uint32_t left, uint32_t right) {
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

  void refuse_regex(const Rvalue& regex, std::string message) {
    diagnostics_.error(
        "E0143", regex.span, std::move(message),
        fmt::format("write a field, then `=~` or `!~`, then the expression: [message] =~ {}", regex.written));
  }

  Rvalue rvalue(uint32_t i) {
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

  Rvalue element(uint32_t i) {
    if (kind(i) == Node::hash || kind(i) == Node::plugin) {
      diagnostics_.error("E0150", span(i), "a list in a condition holds strings, numbers and words only",
                         "remove what stands in braces");
      return {};
    }
    return rvalue(i);
  }

  void call(uint32_t i, Rvalue& r) {
    r.kind = Rvalue::Kind::call;
    r.text = source(i + 1);
    for (uint32_t c = nodes_[i + 1].next; c < nodes_[i].next; c = nodes_[c].next)
      r.items.push_back(rvalue(c));
    diagnostics_.error("E0145", r.span,
                       fmt::format("conditions have no functions, so {}(...) cannot be called", r.text),
                       "compute the value in a filter, keep it in [@metadata], and test that field");
  }

  const std::vector<TreeNode>& nodes_;
  const ParsedText& text_;
  const ParseOptions& options_;
  Diagnostics& diagnostics_;
  bool codecs_checked_ = false;
};

}  // namespace

Config build_config(const SyntaxTree& tree, const ParsedText& text, const ParseOptions& options,
                    Diagnostics& diagnostics) {
  return Builder(tree, text, options, diagnostics).config();
}

}  // namespace sluice::lang
