// Mistakes of the large shape: braces, sections, statements.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/nearest.hpp"
#include "lang/mistakes.hpp"

namespace sluice::lang {
namespace {

constexpr std::array<std::string_view, 3> kSections = {"input", "filter", "output"};

bool is_section(std::string_view word) {
  return std::find(kSections.begin(), kSections.end(), word) != kSections.end();
}

std::string lower(std::string_view word) {
  std::string out(word);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

/// A `}` that closed a block too early, in front of `s.before`, if the last token is one.
std::optional<uint32_t> brace_before(const Scene& s, uint32_t place) {
  const size_t i = s.token_at(place);
  if (i == 0) return std::nullopt;
  const Token& t = s.tokens()[i - 1];
  if (s.text[t.begin] != '}') return std::nullopt;
  return t.begin;
}

Finding option_outside(const Scene& s, uint32_t name_begin, uint32_t name_end, std::string_view inside) {
  Finding f{"E0120",
            name_begin,
            name_end,
            fmt::format("the option `{}` stands outside of a plugin", s.slice(name_begin, name_end)),
            fmt::format("options stand inside the braces of a plugin: {} {{ plugin {{ {} => ... }} }}",
                        inside, s.slice(name_begin, name_end)),
            {}};
  if (const auto brace = brace_before(s, name_begin)) {
    f.help = fmt::format(
        "if it belongs to the plugin in front of it, remove the }} on {}, which closes that plugin too early",
        s.line_words(*brace));
    f.repairs = {{*brace, *brace + 1, " "}};
  } else {
    f.repairs = {{name_begin, s.value_end(s.at), ""}};
  }
  return f;
}

Finding stray_brace(const Scene& s) {
  Finding f{"E0105",
            s.at,
            s.at + 1,
            "this } closes nothing: every { before it has its }",
            "remove it, or look for a { that is missing before it",
            {{s.at, s.at + 1, " "}}};
  return f;
}

Finding outside_of_section(const Scene& s, uint32_t begin, uint32_t end) {
  const auto word = s.slice(begin, end);
  Finding f{"E0121",
            begin,
            end,
            fmt::format("`{}` stands outside of any section", word),
            fmt::format("plugins and conditions stand inside input {{ }}, filter {{ }} or output {{ }}: "
                        "filter {{ {} {{ ... }} }}",
                        word),
            {}};
  const auto brace = brace_before(s, begin);
  const auto shut = s.text.rfind('}', begin);
  if (brace && shut != std::string_view::npos) {
    f.help = fmt::format(
        "the section before it ends at the }} on {}: if `{}` belongs to it, one }} too many stands before",
        s.line_words(*brace), word);
    // Only when braces are left over behind it is the early brace the likely mistake.
    int depth = 0;
    for (size_t i = s.token_at(begin); i < s.tokens().size() && depth >= 0; ++i) {
      const char c = s.text[s.tokens()[i].begin];
      if (s.tokens()[i].kind == Token::Kind::open && c == '{') ++depth;
      if (s.tokens()[i].kind == Token::Kind::close && c == '}') --depth;
    }
    if (depth < 0) {
      f.repairs = {{*brace, *brace + 1, " "}};
      return f;
    }
  }
  f.repairs = {{begin, begin, "filter { "}};
  uint32_t stop = s.value_end(begin);
  for (size_t i = s.token_at(begin); i < s.tokens().size(); ++i) {
    if (s.text[s.tokens()[i].begin] != '{') continue;
    if (const auto close = s.matching(s.tokens()[i].begin); close != Scene::npos) stop = close + 1;
    break;
  }
  f.repairs = {{begin, stop, ""}};
  return f;
}

std::optional<Finding> section_mistake(const Scene& s) {
  if (s.here() == '}') return stray_brace(s);
  uint32_t begin = s.at;
  if (s.before == s.at) begin = s.word_begin(s.at);
  const uint32_t end = s.word_end(begin);
  const uint32_t next = s.skip_space(end);
  if (begin == end) {
    if (s.here() == '{')
      return Finding{"E0102",
                     s.at,
                     s.at + 1,
                     "this { has no name in front of it",
                     "a config consists of input { }, filter { } and output { }",
                     {{s.at, s.at, "filter "}}};
    if (s.here() == ']' || s.here() == ')')
      return Finding{"E0124",     s.at,
                     s.at + 1,    fmt::format("this {} closes nothing", s.here()),
                     "remove it", {{s.at, s.at + 1, " "}}};
    return std::nullopt;
  }
  const auto word = s.slice(begin, end);
  if (s.text.substr(next).starts_with("=>") || (s.peek(next) == '=' && s.peek(next + 1) != '='))
    return option_outside(s, begin, end, "filter");
  if (is_section(word)) {
    Finding f{"E0129",
              begin,
              end,
              fmt::format("there is no {{ behind `{}`", word),
              fmt::format("write {} {{ ... }}", word),
              {{end, end, " {"}}};
    if (s.at_end() || is_section(s.slice(next, s.word_end(next)))) f.repairs[0].replacement = " { }";
    return f;
  }
  if (s.peek(next) != '{' && s.peek(next) != '[' && s.peek(next) != '"') {
    Finding f{"E0121",
              begin,
              end,
              fmt::format("`{}` stands outside of any section", word),
              "a config consists of input { }, filter { } and output { }",
              {{begin, s.line_end(begin), ""}}};
    return f;
  }
  if (const auto near = s.peek(next) == '{' ? nearest(word, kSections) : std::nullopt) {
    Finding f{"E0102",
              begin,
              end,
              fmt::format("there is no section `{}`", word),
              fmt::format("did you mean `{}`?", *near),
              {{begin, end, *near}},
              true,
              false};
    f.certain = lower(word) == *near || lower(word) == *near + "s";
    return f;
  }
  return outside_of_section(s, begin, end);
}

constexpr std::array<std::string_view, 6> kElseIf = {"elsif", "elseif", "elif", "elsf", "elsei", "else_if"};

Finding in_capitals(uint32_t begin, uint32_t end, std::string_view word, const std::string& low) {
  return {"E0115",
          begin,
          end,
          fmt::format("`{}` must be written in lower case", word),
          fmt::format("write: {}", low),
          {{begin, end, low}},
          true,
          true};
}

/// Behind `else` stands no `{`.
Finding else_mistake(const Scene& s, uint32_t begin, uint32_t end) {
  if (s.slice(s.at, s.word_end(s.at)) == "if") {
    return Finding{"E0128",
                   begin,
                   s.at + 2,
                   "this `else if` belongs to no `if`",
                   "an `else if` follows the closing brace of an `if` or `else if`, in front of any `else`",
                   {{begin, end, ""}}};
  }
  if (s.here() == '[' || s.here() == '(' || s.here() == '!' || s.here() == '"') {
    return Finding{"E0128",
                   begin,
                   end,
                   "behind `else` there is a condition but no `if`",
                   "write: else if",
                   {{begin, end, "else if"}},
                   true,
                   false};
  }
  return Finding{
      "E0129", begin, end, "there is no { behind `else`", "write: else { ... }", {{end, end, " {"}},
      true,    false};
}

std::optional<Finding> plugin_without_braces(const Scene& s, uint32_t begin, uint32_t end) {
  const auto word = s.slice(begin, end);
  const bool next_statement = s.at_end() || s.here() == '}' || name_char(s.here());
  if (!next_statement) return std::nullopt;
  Finding f{"E0122",
            begin,
            end,
            fmt::format("the plugin `{}` has no braces", word),
            fmt::format("write: {} {{ }}", word),
            {{end, end, " { }"}},
            true,
            true};
  if (s.text.substr(s.skip_space(s.word_end(s.at))).starts_with("=>")) {
    f.help = fmt::format("write {{ behind `{}`, and }} behind its last option", word);
    f.repairs = {{end, end, " {"}};
    f.certain = false;
    if (s.matching(s.at) == Scene::npos) f.offer = true;
  }
  return f;
}

/// A name stands in a block, and no `{` follows it.
std::optional<Finding> statement_mistake(const Scene& s) {
  const uint32_t end = s.before;
  const uint32_t begin = s.word_begin(end);
  const auto word = s.slice(begin, end);
  if (word.empty()) return std::nullopt;
  const std::string low = lower(word);
  const bool else_if = std::find(kElseIf.begin(), kElseIf.end(), low) != kElseIf.end();
  if (else_if)
    return Finding{"E0115",
                   begin,
                   end,
                   fmt::format("there is no word `{}`", word),
                   "write: else if",
                   {{begin, end, "else if"}},
                   true,
                   true};
  if (low != word && (low == "if" || low == "else")) return in_capitals(begin, end, word, low);
  if (s.starts("=>")) return option_outside(s, begin, end, "filter");
  if (word == "else") return else_mistake(s, begin, end);
  if (low == "unless" || low == "when" || low == "while" || low == "switch" || low == "case") {
    return Finding{"E0115",
                   begin,
                   end,
                   fmt::format("there is no word `{}` in this language", word),
                   "conditions are written with if, else if and else; ! negates: if !([a] == 1) { ... }",
                   {{begin, end, "if"}}};
  }
  if (s.at == s.before && !s.at_end() && s.here() != '}') {
    uint32_t stop = s.value_end(begin);
    const size_t opens = s.text.find('{', s.at);
    if (opens != std::string_view::npos && opens < s.line_end(s.at)) {
      if (const auto close = s.matching(static_cast<uint32_t>(opens)); close != Scene::npos) stop = close + 1;
    }
    return Finding{"E0137",
                   begin,
                   s.bare_end(begin),
                   "this is not the name of a plugin",
                   "names consist of letters, digits, _ and -",
                   {{begin, stop, ""}}};
  }
  return plugin_without_braces(s, begin, end);
}

/// `if { ... }` and a lone `else { ... }` have the shape of plugins until something else than an option
/// comes.
std::optional<Finding> word_as_plugin(const Scene& s, uint32_t brace) {
  uint32_t end = brace;
  while (end > 0 && space_char(s.text[end - 1])) --end;
  const uint32_t begin = s.word_begin(end);
  const auto word = s.slice(begin, end);
  const std::string low = lower(word);
  if (low != "if" && low != "else") return std::nullopt;
  if (low != word) return in_capitals(begin, end, word, low);
  if (word == "if") {
    return Finding{"E0127",
                   begin,
                   end,
                   "this `if` has no condition",
                   "write what must hold between `if` and {, such as: if [status] == 404 { ... }",
                   {{brace, brace, "\"x\" "}}};
  }
  if (auto found = misindented_block(s, begin)) return found;
  return Finding{"E0128",
                 begin,
                 end,
                 "this `else` belongs to no `if`",
                 "an `else` follows the closing brace of an `if` or `else if`, and there is one at most",
                 {{begin, end, "if \"x\""}}};
}

/// In the braces of a plugin stands a name, and behind it no `=>`.
std::optional<Finding> no_option(const Scene& s, uint32_t brace) {
  if (auto found = word_as_plugin(s, brace)) return found;
  const uint32_t begin = s.word_begin(s.before);
  const auto word = s.slice(begin, s.before);
  // Behind `name` comes a block: either `=>` is missing, or this is the next plugin and a `}` is missing
  // before.
  const bool left = s.line(begin) != s.line(brace) && s.indent(begin) <= s.indent(brace);
  if (s.here() == '{' && !word.empty()) {
    const uint32_t first = s.skip_space(s.at + 1);
    const bool entry = s.peek(first) == '"' || s.peek(first) == '\'';
    if (left || is_section(word) || !entry) return unclosed_block(s, begin);
  }
  if (word != "if" && word != "else") return std::nullopt;
  if (left) return unclosed_block(s, begin);
  uint32_t stop = s.value_end(begin);
  const size_t opens = s.text.find('{', s.at);
  if (opens != std::string_view::npos) {
    if (const auto close = s.matching(static_cast<uint32_t>(opens)); close != Scene::npos) stop = close + 1;
  }
  return Finding{"E0136",
                 begin,
                 s.before,
                 fmt::format("`{}` stands inside the plugin {}", word, block_name(s, brace)),
                 "conditions stand around plugins, never inside them: close the plugin before it, or put the "
                 "condition outside",
                 {{begin, stop, ""}}};
}

}  // namespace

std::optional<Finding> find_block_mistake(const Scene& s) {
  if (s.failure.too_deep) {
    return Finding{"E0134",
                   s.at,
                   s.at + 1,
                   fmt::format("blocks and brackets stand more than {} deep inside each other", kMaxNesting),
                   "look for a brace or bracket that is opened again and again",
                   {{s.at, static_cast<uint32_t>(s.text.size()), ""}}};
  }
  if (s.wants(Want::section_name)) return section_mistake(s);
  if (s.failure.open.size() == 1 && s.innermost() == Node::section && s.wants(Want::open_brace))
    return section_mistake(s);
  const Frame* inside = s.container();
  if (s.at_end() && (s.wants(Want::close_brace) || s.wants(Want::name)))
    return unclosed_block(s, static_cast<uint32_t>(s.text.size()));
  if (!inside) return std::nullopt;
  if (inside->kind == Node::block) {
    if (s.only_wants(Want::open_brace)) return statement_mistake(s);
    if (s.here() == ']' || s.here() == ')')
      return Finding{"E0124",     s.at,
                     s.at + 1,    fmt::format("this {} closes nothing", s.here()),
                     "remove it", {{s.at, s.at + 1, " "}}};
    if (s.here() == '{')
      return Finding{"E0129",
                     s.at,
                     s.at + 1,
                     "this { has no plugin name in front of it",
                     "write the name of a plugin, or a condition, in front of it",
                     {{s.at, s.at, "mutate "}}};
    if (s.here() == ',')
      return Finding{
          "E0112", s.at, s.at + 1, "there is no comma between plugins", "remove it", {{s.at, s.at + 1, ""}},
          true,    true};
  }
  if (inside->kind == Node::plugin_block && s.wants(Want::arrow)) return no_option(s, inside->begin);
  return std::nullopt;
}

}  // namespace sluice::lang
