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

size_t longest(const Runs& runs) {
  const auto longer = [](const auto& one, const auto& other) { return one.size() < other.size(); };
  return static_cast<size_t>(std::max_element(runs.begin(), runs.end(), longer) - runs.begin());
}

void append(Runs& runs, Runs& more) {
  runs.back() += more.front();
  for (size_t i = 1; i < more.size(); ++i) runs.push_back(std::move(more[i]));
}

class Reader {
 public:
  explicit Reader(std::string_view pattern) : pattern_(pattern) {}

  Required read() {
    Runs runs = sequence(0);
    // Something here changes what characters stand for, or how often groups are entered.
    if (gave_up_ || at_ < pattern_.size()) return {};
    std::erase(runs, std::string());
    return {std::move(runs), std::move(choices_)};
  }

 private:
  static constexpr int kDeepest = 200;
  static constexpr size_t kShortestChoice = 3;
  static constexpr size_t kLargestChoice = 16;

  // The texts of which a branch must hold one: its longest, or those of a choice in it. `first` is where its
  // choices begin; they are taken back, for they hold in this branch only.
  std::vector<std::string> branch(Runs& runs, size_t first) {
    std::string& text = runs[longest(runs)];
    std::vector<std::string> texts;
    if (text.size() >= kShortestChoice) {
      texts.push_back(std::move(text));
    } else if (choices_.size() > first) {
      texts = std::move(choices_[first]);
    }
    choices_.resize(first);
    return texts;
  }

  // Up to the closing parenthesis or the end of the pattern.
  Runs sequence(int depth) {
    Runs runs{""};
    const size_t first = choices_.size();
    std::vector<std::string> choice;
    bool alternatives = false;
    bool each = true;  // branch so far has a text for the choice
    const auto end_branch = [&] {
      std::vector<std::string> texts = branch(runs, first);
      each = each && !texts.empty();
      choice.insert(choice.end(), texts.begin(), texts.end());
      runs = {""};
    };
    if (depth > kDeepest) gave_up_ = true;
    while (!gave_up_) {
      const RegexToken token = next_regex_token(pattern_, at_);
      if (token.kind == Kind::end || token.kind == Kind::group_close) break;
      at_ = token.end;
      if (token.kind == Kind::alternation) {
        alternatives = true;
        end_branch();
      } else if (token.kind == Kind::group_open) {
        group(token, runs, depth);
      } else if (token.kind == Kind::options || token.kind == Kind::comment) {
        gave_up_ = true;  // a quantifier behind a comment belongs to what stands before it
      } else {
        character(token, runs);
      }
    }
    if (!alternatives) return runs;
    end_branch();
    if (each && choice.size() <= kLargestChoice) choices_.push_back(std::move(choice));
    return {"", ""};
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
    const size_t first = choices_.size();
    Runs inner = sequence(depth + 1);
    if (at_ < pattern_.size()) ++at_;  // the parenthesis
    const Repeat repeat = quantifiers();
    if (repeat == Repeat::unknown || around) {
      choices_.resize(first);
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
        // No interval: the brace is a character of its own, which is left out.
        if (const size_t end = regex_interval_end(pattern_, at_); end != at_) at_ = end - 1;
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
  std::vector<std::vector<std::string>> choices_;
};

}  // namespace

Required required_literals(std::string_view pattern) { return Reader(pattern).read(); }

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

uint8_t byte_frequency(unsigned char byte) {
  // From the bytes of every line to those of some; what is not named is seldom.
  constexpr std::string_view kOrder = " etaoinsr0123456789-.:/lcdumpfghbwvky,=_[]()";
  const size_t at = kOrder.find(static_cast<char>(byte));
  return static_cast<uint8_t>(at == std::string_view::npos ? 0 : 255 - 5 * at);
}

Needle::Needle(std::string text) : text_(std::move(text)) {
  for (size_t i = 0; i < text_.size(); ++i) {
    const auto byte_at = [this](size_t at) { return static_cast<unsigned char>(text_[at]); };
    if (byte_frequency(byte_at(i)) < byte_frequency(byte_at(rarest_))) rarest_ = i;
  }
}

const char* Needle::find(const char* begin, const char* end) const {
  const size_t size = text_.size();
  if (static_cast<size_t>(end - begin) < size) return nullptr;
  const char* const last = end - size + 1 + rarest_;  // behind the last place of the rarest byte
  for (const char* at = begin + rarest_; at < last; ++at) {
    at = static_cast<const char*>(std::memchr(at, text_[rarest_], static_cast<size_t>(last - at)));
    if (!at) return nullptr;
    if (std::memcmp(at - rarest_, text_.data(), size) == 0) return at - rarest_;
  }
  return nullptr;
}

bool holds_literals(std::string_view text, std::span<const Needle> literals) {
  const char* at = text.data();
  const char* const end = at + text.size();
  for (const Needle& literal : literals) {
    const char* found = literal.find(at, end);
    if (!found) return false;
    at = found + literal.text().size();
  }
  return true;
}

}  // namespace sluice::match
