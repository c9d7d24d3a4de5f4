// Which block lacks its brace, judged by how the lines are indented.
#include <algorithm>

#include <fmt/format.h>

#include "lang/mistakes.hpp"

namespace sluice::lang {

std::string block_name(const Scene& s, uint32_t brace) {
  uint32_t end = brace;
  while (end > 0 && space_char(s.text[end - 1])) --end;
  const uint32_t begin = std::max(s.line_begin(end), [&] {
    const auto cut = s.text.substr(0, end).find_last_of("{}");
    return cut == std::string_view::npos ? 0u : static_cast<uint32_t>(cut + 1);
  }());
  auto name = s.slice(begin, end);
  while (!name.empty() && space_char(name.front())) name.remove_prefix(1);
  if (name.size() > 40) name = name.substr(0, name.find(' '));
  if (name.ends_with("=>")) name.remove_suffix(2);
  while (!name.empty() && space_char(name.back())) name.remove_suffix(1);
  return fmt::format("`{}`", name);
}

namespace {

struct Opened {
  const Token* brace;
  uint32_t indent;        // of the line that opens it
  bool indented = false;  // its first line stands further right
};

/// `next` is the token in front of which the block should have ended; its brace goes behind the token before.
Finding not_closed(const Scene& s, uint32_t brace, uint32_t place, uint32_t next) {
  const auto name = block_name(s, brace);
  Finding f{"E0104", brace, brace + 1, "", "", {{place, place, " }"}}};
  f.message = name == "``" ? "this { is not closed"
                           : fmt::format("the block of {} opens here and is not closed", name);
  const Span opened = s.parsed.span(brace, brace);
  const Span until = s.parsed.span(next, next);
  if (next >= s.text.size() || opened.file != until.file) {
    const bool files = s.parsed.sources.files().size() > 1;
    f.help = fmt::format("write the missing }} at the end{}",
                         files ? fmt::format(" of {}", s.parsed.sources.path(opened)) : "");
  } else {
    f.help = fmt::format("write the missing }} in front of line {}", until.line);
  }
  f.offer = true;
  return f;
}

/// The innermost block that a line shows to be unclosed: a line that does not stand further right than the
/// one that opened the block, in a block whose lines do. `open` gets what is open at `limit`.
std::optional<Finding> find_misindented(const Scene& s, uint32_t limit, std::vector<Opened>& open) {
  const auto& tokens = s.tokens();
  for (size_t i = 0; i < tokens.size() && tokens[i].begin <= limit; ++i) {
    const Token& t = tokens[i];
    const char c = s.text[t.begin];
    if (t.first_on_line && !open.empty()) {
      Opened& top = open.back();
      const uint32_t here = s.indent(t.begin);
      if (here > top.indent) top.indented = true;
      const bool closes = t.kind == Token::Kind::close && c == '}';
      const bool header = t.kind == Token::Kind::word && i + 1 < tokens.size();
      if (top.indented && (closes ? here < top.indent : header && here <= top.indent)) {
        return not_closed(s, top.brace->begin, tokens[i - 1].end, t.begin);
      }
    }
    if (t.begin == limit) break;
    if (t.kind == Token::Kind::open && c == '{') open.push_back({&t, s.indent(t.begin)});
    if (t.kind == Token::Kind::close && c == '}' && !open.empty()) open.pop_back();
  }
  return std::nullopt;
}

}  // namespace

std::optional<Finding> misindented_block(const Scene& s, uint32_t limit) {
  std::vector<Opened> open;
  return find_misindented(s, limit, open);
}

Finding unclosed_block(const Scene& s, uint32_t limit) {
  std::vector<Opened> open;
  if (auto found = find_misindented(s, limit, open)) return std::move(*found);
  if (open.empty()) return describe_failure(s);
  return not_closed(s, open.back().brace->begin, limit, limit);
}

}  // namespace sluice::lang
