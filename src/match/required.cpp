#include "match/required.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "match/regex_syntax.hpp"

namespace sluice::match {
namespace {

using Kind = RegexToken::Kind;

// Runs of text in order. Between two runs anything may stand; the first one touches the beginning of the
// expression, the last one its end (either may be empty).
using Runs = std::vector<std::string>;

void cut(Runs& runs) { runs.emplace_back(); }

void append(Runs& runs, Runs& more) {
  runs.back() += more.front();
  for (size_t i = 1; i < more.size(); ++i) runs.push_back(std::move(more[i]));
}

class Reader {
 public:
  explicit Reader(std::string_view pattern) : pattern_(pattern) {}

  Runs read() {
    Runs runs = sequence(0);
    // Something here changes what characters stand for, or how often groups are entered.
    if (gave_up_ || at_ < pattern_.size()) return {};
    return runs;
  }

 private:
  static constexpr int kDeepest = 200;

  // Up to the closing parenthesis or the end of the pattern.
  Runs sequence(int depth) {
    Runs runs{""};
    bool alternatives = false;
    if (depth > kDeepest) gave_up_ = true;
    while (!gave_up_) {
      const RegexToken token = next_regex_token(pattern_, at_);
      if (token.kind == Kind::end || token.kind == Kind::group_close) break;
      at_ = token.end;
      if (token.kind == Kind::alternation) {
        alternatives = true;
      } else if (token.kind == Kind::group_open) {
        group(token, runs, depth);
      } else if (token.kind == Kind::options || token.kind == Kind::comment) {
        gave_up_ = true;  // a quantifier behind a comment belongs to what stands before it
      } else {
        character(token, runs);
      }
    }
    if (alternatives) return {"", ""};
    return runs;
  }

  void group(const RegexToken& open, Runs& runs, int depth) {
    const std::string_view header = pattern_.substr(open.begin, open.end - open.begin);
    const bool around = header == "(?=" || header == "(?!" || header == "(?<=" || header == "(?<!";
    const bool plain = header == "(" || header == "(?:" || header == "(?>" ||
                       (!around && (header.substr(0, 3) == "(?<" || header.substr(0, 3) == "(?'"));
    if (!around && !plain) {  // conditions, absence, options
      gave_up_ = true;
      return;
    }
    Runs inner = sequence(depth + 1);
    if (at_ < pattern_.size()) ++at_;  // the parenthesis
    const Repeat repeat = quantifiers();
    if (repeat == Repeat::unknown || around) {
      cut(runs);
      return;
    }
    if (repeat == Repeat::more) {
      cut(runs);
      append(runs, inner);
      cut(runs);
      return;
    }
    append(runs, inner);
  }

  void character(const RegexToken& token, Runs& runs) {
    std::string text = text_of(token);
    const Repeat repeat = quantifiers();
    if (text.empty() || repeat == Repeat::unknown) {
      cut(runs);
      return;
    }
    runs.back() += text;
    if (repeat == Repeat::more) cut(runs);
  }

  // What a token stands for when that is one text only.
  [[nodiscard]] std::string text_of(const RegexToken& token) const {
    const std::string_view part = pattern_.substr(token.begin, token.end - token.begin);
    if (token.kind == Kind::text) {
      if (part.size() == 1 && std::strchr(".^$*+?{}", part[0])) return {};
      return std::string(part);
    }
    if (token.kind != Kind::escape || part.size() != 2) return {};
    switch (part[1]) {
      case 't':
        return "\t";
      case 'n':
        return "\n";
      case 'r':
        return "\r";
      default:
        break;
    }
    const auto c = static_cast<unsigned char>(part[1]);
    const bool sign = c > ' ' && c < 0x7f && !std::isalnum(c) && c != '_';
    return sign || c == ' ' ? std::string(1, part[1]) : std::string();
  }

  enum class Repeat { once, more, unknown };

  // Takes in the quantifiers that stand here. Only a bare `+` is certain to ask for one at least.
  Repeat quantifiers() {
    Repeat repeat = Repeat::once;
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (c == '+') {
        if (repeat == Repeat::once) repeat = Repeat::more;
      } else if (c == '*' || c == '?') {
        repeat = Repeat::unknown;
      } else if (c == '{') {
        repeat = Repeat::unknown;
        size_t end = at_ + 1;
        while (end < pattern_.size() &&
               (std::isdigit(static_cast<unsigned char>(pattern_[end])) || pattern_[end] == ',')) {
          ++end;
        }
        // No interval: the brace is a character of its own, which is left out.
        if (end < pattern_.size() && pattern_[end] == '}') at_ = end;
      } else {
        break;
      }
      ++at_;
    }
    return repeat;
  }

  std::string_view pattern_;
  size_t at_ = 0;
  bool gave_up_ = false;
};

}  // namespace

std::vector<std::string> required_literals(std::string_view pattern) {
  std::vector<std::string> literals = Reader(pattern).read();
  std::erase(literals, std::string());
  return literals;
}

std::vector<std::string> choose_literals(std::vector<std::string> literals) {
  constexpr size_t kMost = 4;
  while (literals.size() > kMost) {
    // Of equals the last one goes: a line of another kind differs early.
    auto shortest = literals.begin();
    for (auto it = literals.begin(); it != literals.end(); ++it) {
      if (it->size() <= shortest->size()) shortest = it;
    }
    literals.erase(shortest);
  }
  return literals;
}

bool holds_literals(std::string_view text, const std::vector<std::string>& literals) {
  const char* at = text.data();
  const char* const end = at + text.size();
  for (const std::string& literal : literals) {
    const auto left = static_cast<size_t>(end - at);
    const void* found = literal.size() == 1 ? std::memchr(at, literal[0], left)
                                            : ::memmem(at, left, literal.data(), literal.size());
    if (!found) return false;
    at = static_cast<const char*>(found) + literal.size();
  }
  return true;
}

}  // namespace sluice::match
