// Mistakes inside a plugin: arrows, values, quotes, commas, lists and hashes.
#include <algorithm>

#include <fmt/format.h>

#include "lang/mistakes.hpp"

namespace sluice::lang {
namespace {

bool bracket(char c) { return c == '{' || c == '[' || c == '}' || c == ']'; }

/// The `name`, word or string in front of the place, with its quotes.
uint32_t item_begin(const Scene& s) {
  const size_t i = s.token_at(s.before);
  return i == 0 ? s.before : s.tokens()[i - 1].begin;
}

Finding needs_quotes(const Scene& s, uint32_t begin, uint32_t end, std::string_view what = "this text") {
  auto word = s.slice(begin, end);
  Finding f{"E0110",
            begin,
            end,
            fmt::format("{} needs quotes: only letters, digits and _ may stand without", what),
            fmt::format("write {}", quoted(word)),
            {{begin, end, quoted(word)}},
            true,
            true};
  const bool both = word.find('"') != std::string_view::npos && word.find('\'') != std::string_view::npos;
  if (both || word.ends_with('\\') || word.find("=>") != std::string_view::npos) f.certain = false;
  const bool digits = word.find_first_not_of("0123456789_,") == std::string_view::npos;
  if (digits && word.find('_') != std::string_view::npos) {
    std::string plain;
    for (const char c : word)
      if (c != '_' && c != ',') plain += c;
    f.message = "a number has digits only, no _ between them";
    f.help = fmt::format("write {}", plain);
    f.repairs[0].replacement = plain;
  } else if (word.find_first_not_of("0123456789.eE+-") == std::string_view::npos &&
             word.find_first_of("eE") != std::string_view::npos) {
    f.message = "a number has no exponent";
    f.help = "write it out in digits, such as 1000 for 1e3";
    f.certain = f.offer = false;
  }
  return f;
}

/// A regular expression where an option wants a value.
Finding regex_value(const Scene& s) {
  const uint32_t end = s.bare_end(s.at);
  auto body = s.slice(s.at, end);
  Finding f = needs_quotes(s, s.at, end);
  if (body.size() > 2 && body.ends_with('/') && body.find('/', 1) == body.size() - 1) {
    body = body.substr(1, body.size() - 2);
    f.message = "options take no /.../; a regular expression in an option is a string";
    f.help = fmt::format("write {}", quoted(body));
    f.repairs[0].replacement = quoted(body);
    f.certain = false;
  }
  return f;
}

/// `"a" => "b"` inside brackets, or a list inside braces.
Finding wrong_brackets(const Scene& s, uint32_t open, bool hash) {
  const char* message = hash ? "=> stands inside [ ]; name and value pairs stand inside { }"
                             : "a list stands inside [ ]; inside { } each name has its => and value";
  Finding f{"E0130", s.at, s.at + (hash ? 2u : 1u), message, "", {}};
  const uint32_t close = s.matching(open);
  if (close == Scene::npos) {
    f.help = hash ? "write { in place of [" : "write [ in place of {";
    f.repairs = {{open, open + 1, hash ? "{" : "["}};
    return f;
  }
  f.repairs = {{open, open + 1, hash ? "{" : "["}};
  int depth = 0;
  bool commas = false;
  for (size_t i = s.token_at(open); hash && i < s.tokens().size() && s.tokens()[i].begin < close; ++i) {
    const Token& t = s.tokens()[i];
    if (t.kind == Token::Kind::open) ++depth;
    if (t.kind == Token::Kind::close) --depth;
    if (depth == 1 && t.kind == Token::Kind::other && s.text[t.begin] == ',') {
      f.repairs.push_back({t.begin, t.begin + 1, ""});
      commas = true;
    }
  }
  f.repairs.push_back({close, close + 1, hash ? "}" : "]"});
  f.help = hash ? fmt::format("write {{ }} in place of [ ]{}", commas ? ", without the commas" : "")
                : "write [ ] in place of { }";
  f.offer = true;
  f.certain = hash;
  return f;
}

/// A string ended, and right behind its quote text goes on at `place`.
Finding text_behind_string(const Scene& s, uint32_t place) {
  const char quote = s.text[place - 1];
  const size_t i = s.token_at(place);
  const uint32_t begin = i ? s.tokens()[i - 1].begin : place;
  const bool key = i < 2 || s.text[s.tokens()[i - 2].begin] != '>';
  uint32_t end = s.line_end(place);
  if (key)
    end = std::min(
        end, place + static_cast<uint32_t>(std::min(s.text.substr(place).find("=>"), s.text.size() - place)));
  const auto close = s.slice(place, end).rfind(quote);
  end = close == std::string_view::npos ? s.bare_end(place) : place + static_cast<uint32_t>(close) + 1;
  Finding f{"E0135", place - 1,
            place,   fmt::format("the string ends at this {}, but text goes on behind it", quote),
            "",      {}};
  f.help = fmt::format("to have {0} inside a string, put the string between {1}: {1}...{1}", quote,
                       quote == '"' ? '\'' : '"');
  f.repairs = {{begin, end, key ? "\"x\"" : "\"\""}};
  return f;
}

/// `name` stands there, and something else than `=>` follows.
std::optional<Finding> arrow_mistake(const Scene& s, const Frame& inside) {
  const uint32_t begin = item_begin(s);
  const auto name = s.slice(begin, s.before);
  const char* what = inside.kind == Node::hash ? "key" : "option";
  const auto arrow = [&](uint32_t end) {
    Finding f{"E0103",
              s.at,
              end,
              fmt::format("between a name and its value stands =>, not {}", s.slice(s.at, end)),
              fmt::format("write {} => ...", name),
              {{s.at, end, "=>"}},
              true,
              true};
    const uint32_t next = s.skip_space(end);
    if (next < s.text.size() && !bracket(s.text[next]))
      f.help =
          fmt::format("write {} => {}", name, s.slice(next, std::min(s.value_end(next), s.line_end(next))));
    return f;
  };
  if (s.at_end())
    return Finding{"E0123",
                   begin,
                   s.before,
                   fmt::format("the config ends behind the {} {}", what, name),
                   "write => and a value, and close what is open",
                   {{begin, s.before, ""}}};
  if (s.here() == '=' || s.here() == ':' || s.here() == '-' || s.here() == '~') {
    uint32_t end = s.at + 1;
    while (end < s.text.size() && (s.text[end] == '=' || s.text[end] == '>' || s.text[end] == ':')) ++end;
    uint32_t wide = end;
    while (wide < s.text.size() && (s.text[wide] == ' ' || s.text[wide] == '\t')) ++wide;
    if (s.text[end - 1] != '>' && s.peek(wide) == '>') end = wide + 1;
    if (s.here() != '-' || end > s.at + 1) {
      Finding f = arrow(end);
      if (s.slice(s.at, end).find_first_of(" \t") != std::string_view::npos)
        f.message = "=> is written in one, without a space in it";
      return f;
    }
  }
  if (s.here() == ',' && inside.kind == Node::hash) return wrong_brackets(s, inside.begin, false);
  if (s.here() == '}' || s.here() == ',') {
    if (inside.kind == Node::hash && s.text.substr(0, begin).ends_with('{'))
      return wrong_brackets(s, inside.begin, false);
    return Finding{"E0123",
                   begin,
                   s.before,
                   fmt::format("the {} {} has no value", what, name),
                   fmt::format("write {} => and a value, or remove it", name),
                   {{begin, s.at, ""}}};
  }
  if (begin > 0 && (s.text[begin - 1] == '"' || s.text[begin - 1] == '\'') && name_char(s.text[begin])) {
    return text_behind_string(s, begin);
  }
  // Two words behind an arrow: a text without quotes.
  const size_t i = s.token_at(begin);
  if (i >= 2 && inside.kind == Node::plugin_block && s.tokens()[i - 1].kind == Token::Kind::word &&
      !s.tokens()[i].first_on_line && s.text[s.tokens()[i - 2].begin] == '>') {
    const uint32_t from = s.tokens()[i - 1].begin;
    uint32_t end = s.before;
    for (size_t k = i;
         k < s.tokens().size() && s.tokens()[k].kind == Token::Kind::word && !s.tokens()[k].first_on_line;
         ++k)
      end = s.tokens()[k].end;
    Finding f = needs_quotes(s, from, end);
    f.message = "a text of several words needs quotes";
    f.certain = false;
    return f;
  }
  if (s.slice(begin, s.before) == "\"\"" && s.at == s.before && name_char(s.here()))
    return text_behind_string(s, s.at);
  if (s.at == s.before && !bracket(s.here()) && s.here() != '"' && s.here() != '\'') {
    const uint32_t end = s.bare_end(begin);
    Finding f = needs_quotes(s, begin, end, fmt::format("this {}", what));
    if (inside.kind != Node::hash) f.certain = false;
    return f;
  }
  if (s.here() == '[' || s.here() == '{' || s.here() == '"' || s.here() == '\'' || name_char(s.here())) {
    const uint32_t word = s.word_end(s.at);
    if (name_char(s.here()) && s.text.substr(s.skip_space(word)).starts_with("=>")) {
      return Finding{"E0123",
                     begin,
                     s.before,
                     fmt::format("the {} {} has no value", what, name),
                     fmt::format("write {} => and a value, or remove it", name),
                     {{begin, s.before, ""}}};
    }
    Finding f{"E0103",
              begin,
              s.before,
              fmt::format("there is no => between the {} {} and its value", what, name),
              fmt::format("write {} => ...", name),
              {{s.before, s.at, " => "}},
              true,
              false};
    f.certain = s.line(begin) == s.line(s.at);
    return f;
  }
  return std::nullopt;
}

std::optional<Finding> list_mistake(const Scene& s, const Frame& inside) {
  const char c = s.here();
  const uint32_t last = s.before ? s.before - 1 : 0;
  if (s.starts("=>")) return wrong_brackets(s, inside.begin, true);
  if (c == ']' && s.peek(last) == ',')
    return Finding{"E0114",     last,
                   last + 1,    "there is a comma behind the last element of this list",
                   "remove it", {{last, last + 1, ""}},
                   true,        true};
  if (c == ',')
    return Finding{"E0114",     s.at,
                   s.at + 1,    "there is no element in front of this comma",
                   "remove it", {{s.at, s.at + 1, ""}},
                   true,        true};
  const bool closes_other = c == '}' || c == ')' || s.at_end();
  const bool next_option = name_char(c) && s.text.substr(s.skip_space(s.word_end(s.at))).starts_with("=>") &&
                           s.line(s.at) != s.line(s.before);
  if (closes_other || next_option) {
    if (c == '}' && s.matching(inside.begin) == s.at && s.line(s.at) == s.line(inside.begin))
      return Finding{"E0124",
                     s.at,
                     s.at + 1,
                     "this list begins with [ and ends with }",
                     "write ] in place of }",
                     {{s.at, s.at + 1, "]"}},
                     true,
                     false};
    return Finding{"E0124",
                   inside.begin,
                   inside.begin + 1,
                   "the [ here is not closed",
                   fmt::format("write the missing ] on {}", s.line_words(s.before)),
                   {{s.before, s.before, " ]"}},
                   true,
                   false};
  }
  if (s.before < s.at && s.wants(Want::comma) &&
      (c == '"' || c == '\'' || c == '{' || c == '[' || name_char(c))) {
    return Finding{"E0113",
                   s.before ? s.before - 1 : 0,
                   s.before,
                   "a comma is missing between this element of the list and the next",
                   "write a comma behind it",
                   {{s.before, s.before, ","}},
                   true,
                   true};
  }
  return std::nullopt;
}

/// Behind a value stands a sign that separates or closes nothing here.
std::optional<Finding> wrong_separator(const Scene& s, const Frame& inside) {
  const char c = s.here();
  if (c == ',') {
    Finding f{"E0112",
              s.at,
              s.at + 1,
              inside.kind == Node::hash ? "no commas stand between the entries of a hash"
                                        : "no commas stand between the options of a plugin",
              "remove it",
              {{s.at, s.at + 1, space_char(s.peek(s.at + 1)) ? "" : " "}},
              true,
              true};
    return f;
  }
  if (c == ']' || c == ')') {
    if (inside.kind == Node::hash && s.matching(inside.begin) == s.at)
      return Finding{"E0124",
                     s.at,
                     s.at + 1,
                     fmt::format("this hash begins with {{ and ends with {}", c),
                     "write } in its place",
                     {{s.at, s.at + 1, "}"}},
                     true,
                     false};
    return Finding{"E0124",     s.at,
                   s.at + 1,    fmt::format("this {} closes nothing", c),
                   "remove it", {{s.at, s.at + 1, " "}}};
  }
  if (c == ';')
    return Finding{"E0112",        s.at,
                   s.at + 1,       "nothing stands between options but white space",
                   "remove the ;", {{s.at, s.at + 1, " "}},
                   true,           true};
  return std::nullopt;
}

/// A value stands there, and what follows touches it or has no place.
std::optional<Finding> behind_value(const Scene& s, const Frame& inside) {
  const char c = s.here();
  const char last = s.peek(s.before ? s.before - 1 : 0);
  const bool touches = s.at == s.before;
  const uint32_t name_end = s.word_end(s.at);
  const bool option = name_end > s.at && s.text.substr(s.skip_space(name_end)).starts_with("=>");
  if (touches && (name_char(last) || last == '.') && !bracket(c) && c != ',' && c != '"' && c != '\'' &&
      !space_char(c)) {
    const size_t i = s.token_at(s.at);
    uint32_t begin = i ? s.tokens()[i - 1].begin : s.at;
    if (begin < s.at && s.text[begin] == '.' && i > 1) begin = s.tokens()[i - 2].begin;
    while (begin > 0 && !space_char(s.text[begin - 1]) && !bracket(s.text[begin - 1]) &&
           s.text[begin - 1] != ',' && s.text[begin - 1] != '>')
      --begin;
    return needs_quotes(s, begin, s.bare_end(begin));
  }
  if (touches && option && inside.kind == Node::plugin_block) {
    return Finding{
        "E0132",
        s.at,
        name_end,
        fmt::format("there is no white space in front of the option `{}`", s.slice(s.at, name_end)),
        "put a space or a new line in front of it",
        {{s.at, s.at, " "}},
        true,
        true};
  }
  if (!touches && option && s.text[s.before] == '#') {
    return Finding{"E0132",
                   s.before,
                   s.before + 1,
                   "there is no white space between this value and the comment",
                   "put a space in front of #",
                   {{s.before, s.before, " "}},
                   true,
                   true};
  }
  if (touches && (last == '"' || last == '\'') &&
      (name_char(c) || c == '"' || c == '\'' || c == '%' || c == '\\' || c == '.')) {
    return text_behind_string(s, s.at);
  }
  return wrong_separator(s, inside);
}

/// `name =>` in front of `arrow_end`, and then nothing of use up to `until`.
Finding no_value(const Scene& s, uint32_t arrow_end, uint32_t until, const Frame& inside) {
  size_t i = s.token_at(arrow_end);
  i = i >= 3 ? i - 3 : 0;
  const Token& name = s.tokens()[i];
  return {"E0123",
          arrow_end - 2,
          arrow_end,
          fmt::format("there is no value behind {} =>", s.slice(name.begin, name.end)),
          inside.kind == Node::hash ? "write the value, or remove the entry"
                                    : "write the value, or remove the option",
          {{name.begin, until, " "}}};
}

std::optional<Finding> missing_value(const Scene& s, const Frame& inside) {
  const char c = s.here();
  if (c == '/') return regex_value(s);
  if (c == '=' || c == '>') {
    uint32_t end = s.at;
    while (s.peek(end) == '=' || s.peek(end) == '>') ++end;
    return Finding{"E0103",           s.at, end, "=> stands there once only", "remove the rest",
                   {{s.at, end, ""}}, true, true};
  }
  const bool nothing = s.at_end() || c == '}' || c == ']' || c == ')' || c == ',';
  if (nothing && s.slice(0, s.before).ends_with("=>"))
    return no_value(s, s.before, c == ',' ? s.at + 1 : s.at, inside);
  if (nothing) return std::nullopt;
  const uint32_t end = s.bare_end(s.at);
  return end > s.at ? std::optional(needs_quotes(s, s.at, end)) : std::nullopt;
}

}  // namespace

std::optional<Finding> find_value_mistake(const Scene& s) {
  const Frame* inside = s.container();
  if (!inside || inside->kind == Node::block) return std::nullopt;
  // A word with `{` or a second character still to come: too short, or not to be written without quotes.
  const bool after_word =
      s.wants(Want::open_brace) && !s.wants(Want::value) && name_char(s.peek(s.before ? s.before - 1 : 0));
  const bool attempt = after_word && !s.wants(Want::arrow) && !s.wants(Want::space) && !s.wants(Want::comma);
  if (attempt || s.wants(Want::word_rest)) {
    const uint32_t begin = s.word_begin(s.before);
    const auto front = s.slice(0, begin);
    const auto gap = front.find_last_not_of(" \t\r\n");
    const auto gap_place = static_cast<uint32_t>(gap);
    const bool value =
        gap != std::string_view::npos && (front[gap] == '>' || front[gap] == '[' || front[gap] == ',');
    if (value && s.before - begin == 1 && (s.at > s.before || !name_char(s.here())) &&
        s.bare_end(begin) == s.before) {
      return Finding{"E0111",
                     begin,
                     s.before,
                     "a word without quotes has at least two characters",
                     fmt::format("write \"{}\"", s.slice(begin, s.before)),
                     {{begin, s.before, fmt::format("\"{}\"", s.slice(begin, s.before))}},
                     true,
                     true};
    }
    if (value && front[gap] == '>' && s.starts("=>") && s.line(gap_place) != s.line(begin)) {
      return no_value(s, gap_place + 1, begin, *inside);
    }
    if (value) return needs_quotes(s, begin, std::max(s.bare_end(begin), s.before));
  }
  if (inside->kind == Node::array) {
    if (auto found = list_mistake(s, *inside)) return found;
  }
  if (s.wants(Want::arrow)) return arrow_mistake(s, *inside);
  if (s.wants(Want::value)) return missing_value(s, *inside);
  if (inside->kind == Node::hash && s.wants(Want::close_brace) &&
      (s.here() == '[' || s.here() == '%' || s.here() == '@' || s.here() == '$')) {
    return needs_quotes(s, s.at, s.bare_end(s.at), "this key");
  }
  return behind_value(s, *inside);
}

}  // namespace sluice::lang
