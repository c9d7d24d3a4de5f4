// Mistakes between `if` and its brace.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lang/mistakes.hpp"

namespace sluice::lang {
namespace {

std::string lower(std::string_view word) {
  std::string out(word);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

struct Spelling {
  std::string_view wrong;
  std::string_view right;
  bool certain;
};

// Longest first where one begins another.
constexpr std::array kOperators = {
    Spelling{"&&", "and", true}, Spelling{"||", "or", true},  Spelling{"===", "==", true},
    Spelling{"!==", "!=", true}, Spelling{"<>", "!=", true},  Spelling{"=<", "<=", true},
    Spelling{"=>", ">=", false}, Spelling{"=!", "!=", true},  Spelling{"~=", "=~", true},
    Spelling{"~", "=~", false},  Spelling{"&", "and", false}, Spelling{"|", "or", false},
    Spelling{"=", "==", true},
};

constexpr std::array kWords = {
    Spelling{"and", "and", true},       Spelling{"or", "or", true},    Spelling{"xor", "xor", true},
    Spelling{"nand", "nand", true},     Spelling{"in", "in", true},    Spelling{"notin", "not in", true},
    Spelling{"not_in", "not in", true}, Spelling{"eq", "==", true},    Spelling{"equals", "==", true},
    Spelling{"is", "==", false},        Spelling{"ne", "!=", true},    Spelling{"lt", "<", true},
    Spelling{"gt", ">", true},          Spelling{"le", "<=", true},    Spelling{"ge", ">=", true},
    Spelling{"lte", "<=", true},        Spelling{"gte", ">=", true},   Spelling{"matches", "=~", false},
    Spelling{"match", "=~", false},     Spelling{"like", "=~", false},
};

/// `host.name` and `[host.name]` as a field reference.
std::string as_field(std::string_view word) {
  while (!word.empty() && (word.front() == '%' || word.front() == '$' || word.front() == '{'))
    word.remove_prefix(1);
  while (!word.empty() && word.back() == '}') word.remove_suffix(1);
  if (!word.empty() && word.front() == '[') return std::string(word);
  std::string out = "[";
  for (const char c : word) c == '.' ? out += "][" : out += c;
  return out + "]";
}

uint32_t field_word_end(const Scene& s, uint32_t begin) {
  uint32_t end = begin;
  while (end < s.text.size() && (name_char(s.text[end]) || s.text[end] == '.' || s.text[end] == '@')) ++end;
  return end;
}

/// Behind an operand: an operator is expected.
std::optional<Finding> operator_mistake(const Scene& s) {
  for (const auto& op : kOperators) {
    if (!s.starts(op.wrong)) continue;
    const auto end = s.at + static_cast<uint32_t>(op.wrong.size());
    const bool joins = op.right == "and" || op.right == "or";
    Finding f{joins ? "E0116" : "E0117",
              s.at,
              end,
              fmt::format("there is no operator {}", op.wrong),
              fmt::format("write {}", op.right),
              {{s.at, end, std::string(op.right)}},
              true,
              op.certain};
    if (op.wrong == "=") f.message = "a single = does not compare";
    return f;
  }
  if (s.here() == '!' && s.slice(s.skip_space(s.at + 1), s.skip_space(s.at + 1) + 2) == "in") {
    const uint32_t end = s.skip_space(s.at + 1) + 2;
    return Finding{"E0117", s.at, end, "there is no operator !in", "write: not in", {{s.at, end, "not in"}},
                   true,    true};
  }
  const uint32_t end = s.word_end(s.at);
  const auto word = s.slice(s.at, end);
  const std::string low = lower(word);
  for (const auto& op : kWords) {
    if (low != op.wrong || word == op.right) continue;
    const bool joins = op.right == "and" || op.right == "or" || op.right == "xor" || op.right == "nand";
    return Finding{joins ? "E0116" : "E0117",
                   s.at,
                   end,
                   low == op.right ? fmt::format("{} is written in lower case", word)
                                   : fmt::format("there is no operator {}", word),
                   fmt::format("write: {}", op.right),
                   {{s.at, end, std::string(op.right)}},
                   true,
                   op.certain};
  }
  if (low == "then" || (s.here() == ':' && s.peek(s.skip_space(s.at + 1)) == '{')) {
    const uint32_t stop = low == "then" ? end : s.at + 1;
    const bool brace = s.peek(s.skip_space(stop)) == '{';
    return Finding{"E0129",
                   s.at,
                   stop,
                   fmt::format("`{}` is not part of the language", s.slice(s.at, stop)),
                   "leave it out: { follows the condition",
                   {{s.at, brace ? s.skip_space(stop) : stop, brace ? "" : "{"}},
                   true,
                   brace};
  }
  if (low == "contains" || low == "includes") {
    return Finding{"E0117",
                   s.at,
                   end,
                   fmt::format("there is no operator {}", word),
                   "turn it round: if \"text\" in [field] { ... }",
                   {{s.at, end, "=="}}};
  }
  if (low == "not" || low == "is") {
    const uint32_t next = s.skip_space(end);
    return Finding{"E0118",
                   s.at,
                   end,
                   fmt::format("there is no operator {}", word),
                   "write != for not equal, `not in` for not in, !~ for not matching",
                   {{s.at, next, "== "}}};
  }
  return std::nullopt;
}

/// Letters or more behind the slash that ends a regular expression.
std::optional<Finding> regex_tail(const Scene& s) {
  if (s.at == 0 || s.at != s.before || s.text[s.at - 1] != '/' || space_char(s.here()) || s.here() == '{' ||
      s.here() == ')')
    return std::nullopt;
  const size_t i = s.token_at(s.at);
  if (i == 0 || s.text[s.tokens()[i - 1].begin] != '/') return std::nullopt;
  const uint32_t begin = s.tokens()[i - 1].begin;
  const auto body = s.slice(begin + 1, s.at - 1);
  const uint32_t end = s.bare_end(s.at);
  const auto tail = s.slice(s.at, end);
  if (tail.find_first_not_of("imxgsu") == std::string_view::npos) {
    std::string flags;
    bool same = true;
    for (const char c : tail) {
      if (c == 's')
        flags += 'm', same = false;
      else if (c == 'g' || c == 'u')
        same = same && c == 'u';
      else
        flags += c;
    }
    const auto better = flags.empty() ? fmt::format("/{}/", body) : fmt::format("/(?{}){}/", flags, body);
    return Finding{"E0125",
                   s.at,
                   end,
                   "no flags stand behind a regular expression",
                   fmt::format("write {}", better),
                   {{begin, end, better}},
                   true,
                   same};
  }
  uint32_t stop = s.line_end(begin);
  const auto last = s.slice(begin, stop).rfind('/');
  stop = begin + static_cast<uint32_t>(last) + 1;
  if (stop <= s.at) return std::nullopt;
  std::string better = "/";
  for (const char c : s.slice(begin + 1, stop - 1)) {
    if (c == '/' && better.back() != '\\') better += '\\';
    better += c;
  }
  better += '/';
  return Finding{"E0125",
                 s.at - 1,
                 s.at,
                 "the regular expression ends at this /",
                 fmt::format("a / inside it is written \\/: {}", better),
                 {{begin, stop, better}},
                 true,
                 false};
}

Finding bare_word(const Scene& s, uint32_t begin, uint32_t end) {
  const auto word = s.slice(begin, end);
  const std::string low = lower(word);
  const auto front = s.slice(0, begin);
  const auto gap = front.find_last_not_of(" \t\r\n");
  const char prev = gap == std::string_view::npos ? '\0' : front[gap];
  const bool right = prev == '=' || prev == '<' || prev == '>' || prev == '~';
  const auto field = as_field(word);
  Finding f{"E0119",
            begin,
            end,
            fmt::format("a field stands in brackets: {}", field),
            fmt::format("write {}", field),
            {{begin, end, field}},
            true,
            !right};
  if (low == "true" || low == "false" || low == "nil" || low == "null") {
    f.message = fmt::format("conditions have no {}", word);
    f.help = low == "true"    ? "write if [field] { ... } for a true field, or \"true\" for the text"
             : low == "false" ? "write if ![field] { ... } for a false field, or \"false\" for the text"
                              : "write if ![field] { ... } for a field that is missing or null";
    f.repairs = {{begin, end, fmt::format("\"{}\"", word)}};
    f.offer = f.certain = false;
  } else if (right) {
    f.message = fmt::format("`{}` is neither a string nor a field", word);
    f.help = fmt::format("write \"{}\" for the text, {} for the field", word, field);
    f.repairs = {{begin, end, quoted(word)}};
    f.offer = false;
  }
  return f;
}

Finding negation(const Scene& s, uint32_t begin, uint32_t end) {
  const uint32_t operand = s.skip_space(end);
  Finding f{"E0118", begin, end, "", "", {{begin, operand, ""}}};
  const auto word = s.slice(begin, end);
  if (word == "!") {
    f.message = "! stands in front of a field or a parenthesis only";
    const uint32_t stop = field_word_end(s, operand);
    if (s.peek(operand) == '!') {
      f.help = "two negations are none: remove both, or write !( !( ... ) )";
      f.repairs = {{begin, operand + 1, ""}};
    } else if (stop > operand && s.peek(operand) != '"' && s.peek(s.skip_space(stop)) != '(') {
      f.help = fmt::format("write !{}", as_field(s.slice(operand, stop)));
      f.repairs = {{operand, stop, as_field(s.slice(operand, stop))}};
      f.offer = f.certain = true;
    } else {
      f.help =
          "to negate a comparison, put it in parentheses: !(\"a\" in [tags]), or write: \"a\" not in [tags]";
    }
    return f;
  }
  f.message = "`not` stands only in `not in`; ! negates";
  if (s.peek(operand) == '(') {
    f.help = "write !( ... )";
    f.repairs = {{begin, operand, "!"}};
    f.offer = f.certain = true;
    return f;
  }
  uint32_t stop = operand;
  while (s.peek(stop) == '[') {
    const auto close = s.text.find(']', stop);
    if (close == std::string_view::npos) break;
    stop = static_cast<uint32_t>(close) + 1;
  }
  const uint32_t next = s.skip_space(stop);
  const auto after = s.slice(next, s.word_end(next));
  const bool alone =
      stop > operand && (s.peek(next) == '{' || s.peek(next) == ')' || after == "and" || after == "or");
  f.help = alone ? fmt::format("write !{}", s.slice(operand, stop))
                 : "put the comparison in parentheses: !( ... )";
  f.repairs = {{begin, operand, alone ? "!" : ""}};
  f.offer = f.certain = alone;
  return f;
}

/// `not (...)`, which was read as the call of a function until something stood in it that is no argument.
std::optional<Finding> not_in_front_of_parenthesis(const Scene& s) {
  int depth = 0;
  for (size_t k = s.token_at(s.at); k-- > 1;) {
    const Token& t = s.tokens()[k];
    if (t.kind == Token::Kind::close) ++depth;
    if (t.kind != Token::Kind::open || depth-- > 0) continue;
    const Token& word = s.tokens()[k - 1];
    if (s.text[t.begin] != '(' || s.slice(word.begin, word.end) != "not") return std::nullopt;
    return negation(s, word.begin, word.end);
  }
  return std::nullopt;
}

/// A list in parentheses behind `in`.
std::optional<Finding> list_in_parentheses(const Scene& s) {
  const size_t i = s.token_at(s.at);
  // Find `in (` in front of the place.
  for (size_t k = std::min(i + 1, s.tokens().size()); k-- > 1 && k + 6 > i;) {
    const Token& t = s.tokens()[k];
    if (s.text[t.begin] != '(' || s.slice(s.tokens()[k - 1].begin, s.tokens()[k - 1].end) != "in") continue;
    const uint32_t close = s.matching(t.begin);
    if (close == Scene::npos) return std::nullopt;
    return Finding{"E0117",
                   t.begin,
                   t.begin + 1,
                   "a list stands in [ ], not in ( )",
                   fmt::format("write [{}]", s.slice(t.begin + 1, close)),
                   {{t.begin, t.begin + 1, "["}, {close, close + 1, "]"}},
                   true,
                   true};
  }
  return std::nullopt;
}

/// A `[` in front of the place that has no `]`.
std::optional<Finding> open_selector(const Scene& s) {
  const auto open = s.slice(0, s.at).find_last_of("[]");
  const Frame* branch = s.frame(Node::if_) ? s.frame(Node::if_) : s.frame(Node::else_if);
  if (open == std::string_view::npos || !branch || open < branch->begin || s.text[open] != '[')
    return std::nullopt;
  const auto begin = static_cast<uint32_t>(open);
  const uint32_t word = field_word_end(s, begin + 1);
  if (s.here() == ',' && s.text.substr(word).find(']') != std::string_view::npos &&
      s.line(begin) == s.line(s.at)) {
    const auto close = static_cast<uint32_t>(s.text.find(']', word));
    if (s.text.substr(s.at, close - s.at).find('{') == std::string_view::npos) {
      std::string field(s.slice(begin, close + 1));
      for (size_t at; (at = field.find(',')) != std::string::npos;)
        field.replace(at, field[at + 1] == ' ' ? 2 : 1, "][");
      return Finding{
          "E0146",
          begin,
          close + 1,
          "this is neither a field nor a list",
          fmt::format("write {} for a nested field; a list has quoted strings: [\"a\", \"b\"]", field),
          {{begin, close + 1, field}},
          true,
          false};
    }
  }
  if (s.here() == ']' && begin + 1 == s.at)
    return Finding{"E0146",
                   begin,
                   s.at + 1,
                   "the brackets of a field are empty",
                   "write the name of the field: [name]",
                   {{begin, s.at + 1, ""}}};
  return Finding{"E0124",
                 begin,
                 begin + 1,
                 "the [ of this field is not closed",
                 fmt::format("write {}]", s.slice(begin, word)),
                 {{word, word, "]"}},
                 true,
                 false};
}

std::optional<Finding> parenthesis(const Scene& s) {
  if (s.here() == ')' && !s.wants(Want::close_paren)) {
    return Finding{"E0126",
                   s.at,
                   s.at + 1,
                   "this ) closes nothing",
                   "remove it, or write the ( that is missing",
                   {{s.at, s.at + 1, ""}}};
  }
  if ((s.here() != '{' && !s.at_end()) || !s.wants(Want::close_paren)) return std::nullopt;
  for (size_t i = s.failure.open.size(); i-- > 0;) {
    const Frame& f = s.failure.open[i];
    if (f.kind != Node::paren && f.kind != Node::not_paren && f.kind != Node::call) continue;
    const auto open = static_cast<uint32_t>(s.text.find('(', f.begin));
    return Finding{"E0126",
                   open,
                   open + 1,
                   "the ( here is not closed",
                   "write the missing ) in front of {",
                   {{s.before, s.before, ")"}},
                   true,
                   false};
  }
  return std::nullopt;
}

std::optional<Finding> operand_mistake(const Scene& s) {
  const char c = s.here();
  const auto front = s.slice(0, s.before);
  if (c == '=' && (front.ends_with("==") || front.ends_with("!="))) {
    const uint32_t begin = s.before - 2;
    return Finding{"E0117",
                   begin,
                   s.at + 1,
                   fmt::format("there is no operator {}", s.slice(begin, s.at + 1)),
                   fmt::format("write {}", s.slice(begin, begin + 2)),
                   {{s.at, s.at + 1, ""}},
                   true,
                   true};
  }
  if ((c == '=' || c == '>') && (front.ends_with('<') || front.ends_with('>')) &&
      !(c == '>' && front.ends_with('>'))) {
    const char* right = c == '>' ? "!=" : front.ends_with('<') ? "<=" : ">=";
    return Finding{"E0117",
                   s.before - 1,
                   s.at + 1,
                   fmt::format("there is no operator {}", s.slice(s.before - 1, s.at + 1)),
                   fmt::format("write {}", right),
                   {{s.before - 1, s.at + 1, right}},
                   true,
                   true};
  }
  if (c == '{' || s.at_end()) {
    const bool empty = front.ends_with("if");
    if (empty)
      return Finding{"E0127",
                     s.before - 2,
                     s.before,
                     "this `if` has no condition",
                     "write what must hold between `if` and {, such as: if [status] == 404 { ... }",
                     {{s.at, s.at, "\"x\" "}}};
    const size_t i = s.token_at(s.before);
    uint32_t begin = i ? s.tokens()[i - 1].begin : s.before;
    while (begin > 0 && (s.text[begin - 1] == '=' || s.text[begin - 1] == '!' || s.text[begin - 1] == '<' ||
                         s.text[begin - 1] == '>'))
      --begin;
    return Finding{"E0127",
                   begin,
                   s.before,
                   fmt::format("the condition ends behind {}", s.slice(begin, s.before)),
                   "write what it is compared or joined with, or remove it",
                   {{s.before, s.at, " \"x\" "}}};
  }
  if (c == '@' || c == '%' || c == '$' || name_char(c)) {
    const uint32_t end = c == '%' || c == '$' ? s.bare_end(s.at) : field_word_end(s, s.at);
    if (end > s.at) return bare_word(s, s.at, end);
  }
  if (c == '*' || c == '?') {
    const uint32_t end = s.bare_end(s.at);
    return Finding{"E0119",
                   s.at,
                   end,
                   "this is neither a field, a string nor a number",
                   "put a text in quotes; wildcards are written as a regular expression: [field] =~ /^abc/",
                   {{s.at, end, "\"x\""}}};
  }
  return std::nullopt;
}

Finding pattern_mistake(const Scene& s) {
  const uint32_t end = s.here() == '['
                           ? static_cast<uint32_t>(std::min(s.text.find(']', s.at), s.text.size() - 1)) + 1
                           : s.bare_end(s.at);  // `/error/ =~ [message]`: the sides are exchanged.
  auto front = s.slice(0, s.before);
  const auto op = front.substr(front.size() - 2);
  front.remove_suffix(2);
  while (!front.empty() && space_char(front.back())) front.remove_suffix(1);
  if (front.ends_with('/') && s.here() == '[') {
    const auto open = front.substr(0, front.size() - 1).rfind('/');
    if (open != std::string_view::npos && s.line(static_cast<uint32_t>(open)) == s.line(s.at)) {
      const auto begin = static_cast<uint32_t>(open);
      const auto better = fmt::format("{} {} {}", s.slice(s.at, end), op, front.substr(open));
      return {"E0144",
              begin,
              end,
              "the regular expression stands on the left, and the field on the right",
              fmt::format("write {}", better),
              {{begin, end, better}},
              true,
              true};
    }
  }
  Finding f{"E0144",
            s.at,
            std::max(end, s.at + 1),
            "on the right of =~ and !~ stands a regular expression",
            "write it between slashes: [message] =~ /error/",
            {{s.at, end, "\"x\""}}};
  if (s.here() == '[') f.message = "a field cannot stand on the right of =~ and !~";
  if (s.here() == '{') f.repairs = {{s.at, s.at, "\"x\" "}};
  return f;
}

}  // namespace

std::optional<Finding> find_condition_mistake(const Scene& s) {
  if (!s.in_condition()) return std::nullopt;
  if (s.at > s.text.size()) return std::nullopt;
  const uint32_t word_begin = s.word_begin(s.before);
  const auto word = s.slice(word_begin, s.before);
  if (s.here() == ',' && s.wants(Want::word_rest)) {
    if (auto found = open_selector(s)) return found;
  }
  // A word was read as the name of a function; what follows is no parenthesis.
  if ((s.wants(Want::open_paren) && !word.empty() && word != "in" && word != "and" && word != "or") ||
      s.wants(Want::word_rest)) {
    if (word == "not") return negation(s, word_begin, s.before);
    if (!s.slice(0, word_begin).ends_with('!')) {
      const uint32_t end =
          std::max(field_word_end(s, word_begin), s.at == s.before ? field_word_end(s, s.at) : s.before);
      if (end > word_begin) return bare_word(s, word_begin, end);
    }
  }
  if (s.wants(Want::close_paren)) {
    if (auto found = not_in_front_of_parenthesis(s)) return found;
  }
  if (s.before > 0 && s.text[s.before - 1] == '!' && !s.wants(Want::operand) && s.here() != '=')
    return negation(s, s.before - 1, s.before);
  if (auto found = list_in_parentheses(s)) return found;
  if (s.wants(Want::pattern)) return pattern_mistake(s);
  if (auto found = regex_tail(s)) return found;
  if (s.wants(Want::close_bracket) || s.here() == ']' || s.here() == ',') {
    if (auto found = open_selector(s)) return found;
  }
  if (auto found = parenthesis(s)) return found;
  if (s.wants(Want::compare_op) || s.wants(Want::bool_op)) {
    if (auto found = operator_mistake(s)) return found;
  }
  if (s.wants(Want::operand)) {
    if (auto found = operand_mistake(s)) return found;
  }
  if (s.here() == '[' && s.before == s.at && s.at > 0 && s.text[s.at - 1] == '.') {
    return Finding{"E0146",        s.at - 1,
                   s.at,           "nothing stands between the parts of a field",
                   "write [a][b]", {{s.at - 1, s.at, ""}},
                   true,           true};
  }
  if (s.here() == '.' && s.peek(s.at + 1) == '[') {
    return Finding{"E0146",        s.at,
                   s.at + 1,       "nothing stands between the parts of a field",
                   "write [a][b]", {{s.at, s.at + 1, ""}},
                   true,           true};
  }
  const bool statement =
      s.at_end() || s.here() == '}' || (name_char(s.here()) && s.line(s.before) != s.line(s.at));
  if (s.wants(Want::open_brace) && statement && s.before > 0) {
    return Finding{"E0129",
                   s.before - 1,
                   s.before,
                   "there is no { behind this condition",
                   "write { at its end",
                   {{s.before, s.before, " {"}},
                   true,
                   !s.at_end() && s.here() != '}'};
  }
  return std::nullopt;
}

}  // namespace sluice::lang
