#include <algorithm>

#include <fmt/format.h>

#include "lang/mistakes.hpp"

namespace sluice::lang {

bool name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}
bool space_char(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string quoted(std::string_view text) {
  const char quote = text.find('"') == std::string_view::npos ? '"' : '\'';
  return fmt::format("{}{}{}", quote, text, quote);
}

namespace {

/// End of the string that begins at `at`; text.size() and false when it is not closed.
std::pair<uint32_t, bool> string_end(std::string_view text, uint32_t at) {
  const char quote = text[at];
  for (size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == quote)
      ++i;
    else if (text[i] == quote)
      return {static_cast<uint32_t>(i + 1), true};
  }
  return {static_cast<uint32_t>(text.size()), false};
}

/// A slash begins a regex behind `=~`, `!~`; elsewhere it is text.
bool regex_may_begin(std::string_view text, uint32_t at) {
  while (at > 0 && space_char(text[at - 1])) --at;
  return at >= 2 && text[at - 1] == '~';
}

std::vector<Token> tokenize(std::string_view text) {
  std::vector<Token> out;
  bool first = true;
  const auto size = static_cast<uint32_t>(text.size());
  for (uint32_t i = 0; i < size;) {
    const char c = text[i];
    if (space_char(c)) {
      first = first || c == '\n';
      ++i;
      continue;
    }
    if (c == '#') {
      while (i < size && text[i] != '\n') ++i;
      continue;
    }
    Token token{Token::Kind::other, i, i + 1, first};
    if (c == '"' || c == '\'') {
      token.kind = Token::Kind::string;
      std::tie(token.end, token.terminated) = string_end(text, i);
    } else if (c == '/' && regex_may_begin(text, i)) {
      token.kind = Token::Kind::string;
      std::tie(token.end, token.terminated) = string_end(text, i);
      if (!token.terminated) token.end = i + 1;
    } else if (name_char(c)) {
      token.kind = Token::Kind::word;
      while (token.end < size && name_char(text[token.end])) ++token.end;
    } else if (c == '{' || c == '[' || c == '(') {
      token.kind = Token::Kind::open;
    } else if (c == '}' || c == ']' || c == ')') {
      token.kind = Token::Kind::close;
    }
    out.push_back(token);
    i = token.end;
    first = false;
  }
  return out;
}

}  // namespace

Scene::Scene(const ParsedText& p, const Failure& f)
    : text(p.text), failure(f), parsed(p), at(f.at), before(f.before), tokens_(tokenize(p.text)) {
  while (before > 0 && space_char(text[before - 1])) --before;
}

std::string Scene::line_words(uint32_t place) const {
  const Span there = parsed.span(place, place);
  const Span near = parsed.span(at, at);
  if (there.file == near.file) return fmt::format("line {}", there.line);
  return fmt::format("line {} of {}", there.line, parsed.sources.path(there));
}

const Frame* Scene::frame(Node kind) const {
  for (size_t i = failure.open.size(); i-- > 0;) {
    if (failure.open[i].kind == kind) return &failure.open[i];
  }
  return nullptr;
}

const Frame* Scene::container() const {
  for (size_t i = failure.open.size(); i-- > 0;) {
    switch (failure.open[i].kind) {
      case Node::block:
      case Node::plugin_block:
      case Node::hash:
      case Node::array:
      case Node::paren:
      case Node::not_paren:
      case Node::call:
      case Node::if_:
      case Node::else_if:
        return &failure.open[i];
      default:
        break;
    }
  }
  return nullptr;
}

bool Scene::in_condition() const {
  for (size_t i = failure.open.size(); i-- > 0;) {
    const Node kind = failure.open[i].kind;
    if (kind == Node::if_ || kind == Node::else_if) return true;
    if (kind == Node::block || kind == Node::plugin || kind == Node::section) return false;
  }
  return false;
}

uint32_t Scene::word_begin(uint32_t end) const {
  while (end > 0 && name_char(text[end - 1])) --end;
  return end;
}

uint32_t Scene::word_end(uint32_t begin) const {
  while (begin < text.size() && name_char(text[begin])) ++begin;
  return begin;
}

uint32_t Scene::skip_space(uint32_t place) const {
  while (place < text.size()) {
    if (text[place] == '#')
      place = line_end(place);
    else if (space_char(text[place]))
      ++place;
    else
      break;
  }
  return place;
}

uint32_t Scene::line_begin(uint32_t place) const {
  while (place > 0 && text[place - 1] != '\n') --place;
  return place;
}

uint32_t Scene::line_end(uint32_t place) const {
  return static_cast<uint32_t>(std::min(text.find('\n', place), text.size()));
}

uint32_t Scene::indent(uint32_t place) const {
  uint32_t width = 0;
  for (uint32_t i = line_begin(place); i < text.size(); ++i) {
    if (text[i] == '\t')
      width = (width / 8 + 1) * 8;
    else if (text[i] == ' ')
      ++width;
    else
      break;
  }
  return width;
}

uint32_t Scene::bare_end(uint32_t begin) const {
  int depth = 0;
  uint32_t i = begin;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (space_char(c) || ((c == ',' || c == '#') && depth == 0)) break;
    if (c == '{' || c == '[' || c == '(') ++depth;
    if ((c == '}' || c == ']' || c == ')') && --depth < 0) break;
  }
  return i;
}

uint32_t Scene::matching(uint32_t open) const {
  int depth = 0;
  for (size_t i = token_at(open); i < tokens_.size(); ++i) {
    if (tokens_[i].kind == Token::Kind::open) ++depth;
    if (tokens_[i].kind == Token::Kind::close && --depth == 0) return tokens_[i].begin;
  }
  return npos;
}

size_t Scene::token_at(uint32_t place) const {
  return static_cast<size_t>(std::lower_bound(tokens_.begin(), tokens_.end(), place,
                                              [](const Token& t, uint32_t p) { return t.begin < p; }) -
                             tokens_.begin());
}

uint32_t Scene::value_end(uint32_t begin) const {
  int depth = 0;
  uint32_t end = begin;
  for (size_t i = token_at(begin); i < tokens_.size(); ++i) {
    const auto& t = tokens_[i];
    if (depth == 0 && end > begin && t.first_on_line && t.kind != Token::Kind::open) break;
    if (t.kind == Token::Kind::open) ++depth;
    if (t.kind == Token::Kind::close && --depth < 0) break;
    end = t.end;
  }
  return std::max(end, begin);
}

}  // namespace sluice::lang
