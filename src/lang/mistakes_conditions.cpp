// Mistakes in conditions: words, negations, operands; and which recogniser is asked when.
#include <algorithm>

#include <fmt/format.h>

#include "lang/mistakes_conditions.hpp"

namespace sluice::lang {
namespace {

Finding bare_word(const Scene& s, uint32_t begin, uint32_t end) {
  const auto word = s.slice(begin, end);
  const std::string low = lower_case(word);
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
