// Mistakes in conditions: operators, regular expressions, brackets and parentheses.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lang/mistakes_conditions.hpp"

namespace sluice::lang {
namespace {

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

}  // namespace

std::string lower_case(std::string_view word) {
  std::string out(word);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

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
  const std::string low = lower_case(word);
  for (const auto& op : kWords) {
    if (low != op.wrong || word == op.right) continue;
    const bool joins = op.right == "and" || op.right == "or" || op.right == "xor" || op.right == "nand";
    return Finding{joins ? "E0116" : "E0117",
                   s.at,
                   end,
                   low == op.right ? fmt::format("{} must be written in lower case", word)
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

}  // namespace sluice::lang
