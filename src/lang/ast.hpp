// The syntax tree of a config: what was written, with the place of everything.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/span.hpp"

namespace sluice::lang {

struct Plugin;
struct HashEntry;

/// The value of an option.
struct Value {
  enum class Kind { bareword, string, number, array, hash, plugin };
  Kind kind = Kind::string;
  Span span;
  char quote = 0;       // of a string: '"' or '\''
  std::string written;  // bareword, string, number: the text as written, without quotes, escapes untouched
  std::string text;     // the same after escapes (config.support_escapes) and ${VAR} substitution
  bool substituted = false;              // ${VAR} put something into `text`; show `written` to people instead
  std::vector<Value> items;              // array
  std::vector<HashEntry> entries;        // hash, in the order written
  std::shared_ptr<const Plugin> plugin;  // codec => json { ... }

  [[nodiscard]] bool scalar() const {
    return kind == Kind::bareword || kind == Kind::string || kind == Kind::number;
  }
};

struct HashEntry {
  Value key;  // bareword, string or number
  Value value;
};

/// `name => value` in a plugin.
struct Attribute {
  std::string name;  // without quotes
  Span name_span;
  Value value;
};

/// `grok { ... }`, also as the value of `codec =>`.
struct Plugin {
  std::string name;
  Span name_span;
  Span span;  // from the name to the closing brace
  bool quoted_name = false;
  std::vector<Attribute> attributes;  // as written; repetitions are merged by plugin::bind
};

/// An operand of a condition.
struct Rvalue {
  enum class Kind { string, number, selector, list, regex, call };
  Kind kind = Kind::string;
  Span span;
  std::string written;
  std::string
      text;  // string: after escapes and ${VAR}; number: as written; selector: "[a][b]"; regex: the body
  bool substituted = false;
  std::vector<Rvalue> items;  // list, or the arguments of a call
};

/// A condition.
struct Expr {
  enum class Kind {
    and_,
    or_,
    xor_,
    nand_,
    not_,
    eq,
    ne,
    lt,
    gt,
    le,
    ge,
    in,
    not_in,
    match,
    not_match,
    value
  };
  Kind kind = Kind::value;
  Span span;
  std::vector<Expr> operands;  // and/or/xor/nand: two; not: one
  std::vector<Rvalue> values;  // comparisons, in, match: two; value: one
};

struct Branch;
/// What stands in a section: a plugin or an if/else if/else.
struct Statement {
  std::variant<std::shared_ptr<const Plugin>, std::shared_ptr<const Branch>> node;
};

/// if / else if / else: the arms in order; the last may have no condition.
struct Branch {
  struct Arm {
    std::optional<Expr> condition;
    Span span;  // of the condition, or of the word `else`
    std::vector<Statement> body;
  };
  Span span;
  std::vector<Arm> arms;
};

struct Section {
  enum class Kind { input, filter, output };
  Kind kind = Kind::input;
  Span span;
  std::vector<Statement> body;
};

struct Config {
  std::vector<Section> sections;
};

}  // namespace sluice::lang
