#include <cctype>
#include <cstring>

#include "match/byte_program.hpp"
#include "match/regex_cost.hpp"
#include "match/regex_syntax.hpp"

namespace sluice::match {
namespace {

using Token = RegexToken::Kind;

// The engine is asked piece by piece, so that what is said here is always what it does.
class Search {
 public:
  Search(std::string_view pattern, bool ignore_case) : pattern_(pattern), ignore_case_(ignore_case) {}

  // Between two bytes of the pattern, which hold whole pieces.
  std::optional<Hindrance> between(size_t begin, size_t end) const {
    for (size_t at = begin; at < end;) {
      const RegexToken token = next_regex_token(pattern_, at);
      if (token.kind == Token::alternation) {
        at = token.end;
        continue;
      }
      const size_t piece_end = token.kind == Token::group_open ? group_end(token) : token.end;
      const size_t whole_end = quantifiers_end(piece_end);
      if (!taken(at, whole_end)) return inside(token, piece_end, whole_end);
      at = whole_end;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] bool taken(size_t begin, size_t end) const {
    return ByteProgram::compile(pattern_.substr(begin, end - begin), true, ignore_case_) != nullptr;
  }

  [[nodiscard]] size_t group_end(const RegexToken& open) const {
    size_t depth = 1;
    RegexToken token = open;
    while (depth > 0) {
      token = next_regex_token(pattern_, token.end);
      if (token.kind == Token::end) break;
      if (token.kind == Token::group_open) ++depth;
      if (token.kind == Token::group_close) --depth;
    }
    return token.end;
  }

  [[nodiscard]] size_t quantifiers_end(size_t at) const {
    while (at < pattern_.size() && std::strchr("*+?{", pattern_[at])) {
      if (pattern_[at] != '{') {
        ++at;
        continue;
      }
      const size_t end = regex_interval_end(pattern_, at);
      if (end == at) break;
      at = end;
    }
    return at;
  }

  [[nodiscard]] std::optional<Hindrance> inside(const RegexToken& token, size_t piece_end, size_t end) const {
    if (token.kind == Token::group_open) {
      if (auto deeper = between(token.end, piece_end - 1)) return deeper;
      if (!taken(token.begin, piece_end)) return Hindrance{token.begin, piece_end, group_name(token)};
    } else if (!taken(token.begin, piece_end)) {
      return Hindrance{token.begin, piece_end, name(token)};
    }
    return Hindrance{token.begin, end, quantifier_name(token.begin, piece_end, end)};
  }

  [[nodiscard]] std::string group_name(const RegexToken& open) const {
    const std::string_view header = pattern_.substr(open.begin, open.end - open.begin);
    if (header == "(?<=" || header == "(?<!") return "a lookbehind that captures, or whose length varies";
    if (header == "(?=" || header == "(?!") return "a lookahead that captures";
    if (header.substr(0, 3) == "(?(") return "a condition";
    if (header == "(?~") return "an absence operator";
    if (header.size() > 2 && (header[2] == '-' || std::isalpha(static_cast<unsigned char>(header[2]))))
      return "options of a group";
    return "this group";
  }

  [[nodiscard]] std::string name(const RegexToken& token) const {
    const std::string_view part = pattern_.substr(token.begin, token.end - token.begin);
    if (token.kind == Token::options) return "options within the pattern";
    if (token.kind == Token::comment) return "a comment";
    if (token.kind == Token::char_class) {
      if (part.find("&&") != std::string_view::npos) return "an intersection of classes";
      if (part.find("[:") != std::string_view::npos) return "a POSIX bracket that Unicode fills otherwise";
      if (part.find("\\p") != std::string_view::npos) return "a Unicode property";
      return "a class of this form";
    }
    if (token.kind == Token::escape && part.size() > 1) {
      if (part[1] == 'k' || (part[1] >= '1' && part[1] <= '9')) return "a back-reference";
      if (part[1] == 'g') return "a call of a group";
      if (part[1] == 'p' || part[1] == 'P') return "a Unicode property";
      if (std::strchr("ux0", part[1])) return "a character given by its number";
      return "an escape of this kind";
    }
    if (static_cast<unsigned char>(part[0]) >= 0x80) return "a letter beyond ASCII whose case is ignored";
    return "an operator where a character stands";
  }

  [[nodiscard]] std::string quantifier_name(size_t begin, size_t piece_end, size_t end) const {
    const std::string_view text = pattern_.substr(piece_end, end - piece_end);
    const bool interval = text.substr(0, 1) == "{";
    if (!interval && taken_with(begin, piece_end, "{2}")) return "quantifiers of this form";
    if (interval && taken_with(begin, piece_end, "+")) return "an interval of this form, or too large";
    return "a repetition of what can be empty";
  }
  [[nodiscard]] bool taken_with(size_t begin, size_t end, std::string_view quantifier) const {
    const std::string piece = std::string(pattern_.substr(begin, end - begin)) + std::string(quantifier);
    return ByteProgram::compile(piece, true, ignore_case_) != nullptr;
  }

  std::string_view pattern_;
  bool ignore_case_;
};

}  // namespace

std::optional<Hindrance> find_hindrance(std::string_view pattern, bool ignore_case) {
  if (ByteProgram::compile(pattern, true, ignore_case)) return std::nullopt;
  if (auto found = Search(pattern, ignore_case).between(0, pattern.size())) return found;
  return Hindrance{0, pattern.size(), "the size of the pattern"};
}

}  // namespace sluice::match
