#include "match/byte_syntax.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>

#include "match/regex_syntax.hpp"

namespace sluice::match {
namespace {

using Kind = ByteTree::Kind;
using Token = RegexToken::Kind;
using Set = std::bitset<256>;

Set range(unsigned from, unsigned to) {
  Set set;
  for (unsigned c = from; c <= to; ++c) set.set(c);
  return set;
}

Set letters() { return range('a', 'z') | range('A', 'Z'); }

// `\w \d \s \h` and their capitals.
std::optional<Set> short_class(char letter) {
  Set set;
  switch (letter | 0x20) {
    case 'w':
      set = letters() | range('0', '9') | range('_', '_');
      break;
    case 'd':
      set = range('0', '9');
      break;
    case 's':
      set = range('\t', '\r') | range(' ', ' ');
      break;
    case 'h':
      set = range('0', '9') | range('a', 'f') | range('A', 'F');
      break;
    default:
      return std::nullopt;
  }
  return letter & 0x20 ? set : ~set;
}

std::optional<Set> posix_class(std::string_view name) {
  if (name == "alpha") return letters();
  if (name == "digit") return range('0', '9');
  if (name == "alnum") return letters() | range('0', '9');
  if (name == "upper") return range('A', 'Z');
  if (name == "lower") return range('a', 'z');
  if (name == "space") return range('\t', '\r') | range(' ', ' ');
  if (name == "xdigit") return range('0', '9') | range('a', 'f') | range('A', 'F');
  if (name == "word") return letters() | range('0', '9') | range('_', '_');
  return std::nullopt;
}

// The one byte that an escape stands for.
std::optional<unsigned char> escaped_byte(std::string_view escape) {
  if (escape.size() == 4 && escape[1] == 'x') {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(escape.data() + 2, escape.data() + 4, value, 16);
    if (error != std::errc() || end != escape.data() + 4 || value > 0x7f) return std::nullopt;
    return static_cast<unsigned char>(value);
  }
  if (escape.size() != 2) return std::nullopt;
  const char c = escape[1];
  if (const char* at = std::strchr("tnrfvae", c); at && c) {
    return static_cast<unsigned char>("\t\n\r\f\v\a\x1b"[at - "tnrfvae" + 0]);
  }
  const bool sign = c >= ' ' && c < 0x7f && !std::isalnum(static_cast<unsigned char>(c));
  if (!sign) return std::nullopt;
  return static_cast<unsigned char>(c);
}

class Reader {
 public:
  Reader(std::string_view pattern, bool plain_groups, bool ignore_case)
      : pattern_(pattern), plain_groups_(plain_groups), ignore_case_(ignore_case) {}

  std::optional<ByteTree> read(uint32_t& groups) {
    ByteTree tree = alternatives(0);
    if (failed_ || at_ != pattern_.size()) return std::nullopt;
    if (tree.begins_with_run_behind_condition()) return std::nullopt;
    groups = groups_;
    return tree;
  }

 private:
  static constexpr int kDeepest = 100;

  ByteTree fail() {
    failed_ = true;
    return {};
  }

  ByteTree alternatives(int depth) {
    if (depth > kDeepest) return fail();
    ByteTree all;
    all.kind = Kind::alternatives;
    all.children.emplace_back();
    while (!failed_) {
      const RegexToken token = next_regex_token(pattern_, at_);
      if (token.kind == Token::end || token.kind == Token::group_close) break;
      at_ = token.end;
      if (token.kind == Token::alternation) {
        all.children.emplace_back();
        continue;
      }
      ByteTree piece = token.kind == Token::group_open ? group(token, depth) : single(token);
      quantify(piece);
      all.children.back().children.push_back(std::move(piece));
    }
    if (all.children.size() == 1) return std::move(all.children.front());
    return all;
  }

  ByteTree group(const RegexToken& open, int depth) {
    const std::string_view header = pattern_.substr(open.begin, open.end - open.begin);
    ByteTree tree;
    if (header == "(?:") {
      tree.kind = Kind::sequence;
    } else if (header == "(?>") {
      tree.kind = Kind::atomic;
    } else if (header == "(?=" || header == "(?!" || header == "(?<=" || header == "(?<!") {
      tree.kind = Kind::look;
      tree.behind = header.size() == 4;
      tree.negate = header.back() == '!';
    } else if (header == "(") {
      tree.kind = plain_groups_ ? Kind::group : Kind::sequence;
    } else if (header.substr(0, 3) == "(?<") {
      tree.kind = Kind::group;
    } else {
      return fail();
    }
    if (tree.kind == Kind::group) tree.group = groups_++;
    tree.children.push_back(alternatives(depth + 1));
    if (at_ >= pattern_.size()) return fail();
    ++at_;
    // Captures inside lookarounds have rules of their own.
    if (tree.kind == Kind::look && holds_group(tree)) return fail();
    if (tree.behind && !tree.children[0].width()) return fail();
    return tree;
  }

  static bool holds_group(const ByteTree& tree) {
    return tree.kind == Kind::group || std::any_of(tree.children.begin(), tree.children.end(),
                                                   [](const auto& c) { return holds_group(c); });
  }

  static ByteTree of(Kind kind) {
    ByteTree tree;
    tree.kind = kind;
    return tree;
  }
  static ByteTree of(const Set& set) {
    ByteTree tree = of(Kind::set);
    tree.set = set;
    return tree;
  }

  ByteTree single(const RegexToken& token) {
    const std::string_view part = pattern_.substr(token.begin, token.end - token.begin);
    if (token.kind == Token::char_class) {
      const auto set = char_class(part);
      return set ? of(*set) : fail();
    }
    if (token.kind == Token::escape) {
      if (part == "\\b") return of(Kind::word_edge);
      if (part == "\\B") return of(Kind::no_word_edge);
      if (part == "\\A") return of(Kind::line_begin);
      if (part == "\\z" || part == "\\Z") return of(Kind::line_end);
      if (part.size() == 2) {
        if (const auto set = short_class(part[1])) return of(*set);
      }
      const auto byte = escaped_byte(part);
      return byte ? of(folded(range(*byte, *byte))) : fail();
    }
    if (token.kind != Token::text) return fail();
    const char c = part[0];
    if (static_cast<unsigned char>(c) >= 0x80) {
      // Not to be found in ASCII, unless by ignoring case: then it may stand for several letters.
      return ignore_case_ ? fail() : of(Set());
    }
    if (c == '^') return of(Kind::line_begin);
    if (c == '$') return of(Kind::line_end);
    if (c == '.') return of(~Set());
    if (std::strchr("*+?{}", c)) return fail();
    return of(folded(range(static_cast<unsigned char>(c), static_cast<unsigned char>(c))));
  }

  [[nodiscard]] Set folded(Set set) const {
    if (!ignore_case_) return set;
    for (unsigned lower = 'a'; lower <= 'z'; ++lower)
      if (set.test(lower) || set.test(lower - 0x20)) set.set(lower).set(lower - 0x20);
    return set;
  }

  // `[…]` without classes inside and without `&&`.
  [[nodiscard]] std::optional<Set> char_class(std::string_view part) const {
    if (part.size() < 3 || part.find("&&") != std::string_view::npos) return std::nullopt;
    size_t i = 1;
    const bool negate = part[i] == '^';
    if (negate) ++i;
    if (part[i] == ']') return std::nullopt;
    Set set;
    const size_t end = part.size() - 1;
    while (i < end) {
      if (part[i] == '[') {
        const size_t close = part.find(":]", i);
        if (part.substr(i, 2) != "[:" || close == std::string_view::npos) return std::nullopt;
        const auto posix = posix_class(part.substr(i + 2, close - i - 2));
        if (!posix) return std::nullopt;
        set |= *posix;
        i = close + 2;
        continue;
      }
      if (part[i] == '\\' && i + 1 < end) {
        if (const auto named = short_class(part[i + 1])) {
          set |= *named;
          i += 2;
          // `[\w-x]`: left to who knows what the hyphen means there
          if (i + 1 < end && part[i] == '-') return std::nullopt;
          continue;
        }
      }
      if (static_cast<unsigned char>(part[i]) >= 0x80) {
        if (ignore_case_) return std::nullopt;
        while (i < end && static_cast<unsigned char>(part[i]) >= 0x80) ++i;
        if (part[i] == '-') return std::nullopt;
        continue;
      }
      const auto from = class_byte(part, i);
      if (!from) return std::nullopt;
      if (i + 1 >= end || part[i] != '-') {
        set.set(*from);
        continue;
      }
      ++i;
      const auto to = class_byte(part, i);
      if (!to || *to < *from) return std::nullopt;
      set |= range(*from, *to);
    }
    set = folded(set);
    return negate ? ~set : set;
  }

  // The byte at `i` of a class, which moves on behind it.
  static std::optional<unsigned char> class_byte(std::string_view part, size_t& i) {
    const auto c = static_cast<unsigned char>(part[i]);
    if (c == '[' || c >= 0x80) return std::nullopt;
    if (c != '\\') {
      ++i;
      return c;
    }
    const RegexToken escape = next_regex_token(part, i);
    const std::string_view text = part.substr(i, escape.end - i);
    i = escape.end;
    return escaped_byte(text);
  }

  // The quantifiers behind a piece. Two in a row have meanings of their own, but for `++`, `*+`, `?+`.
  void quantify(ByteTree& piece) {
    if (failed_ || at_ >= pattern_.size()) return;
    int32_t min = 0;
    int32_t max = -1;
    const char c = pattern_[at_];
    const bool interval = c == '{';
    bool ranged = false;
    if (c == '+') {
      min = 1;
    } else if (c == '?') {
      max = 1;
    } else if (interval) {
      if (!read_interval(min, max, ranged)) {
        failed_ = true;
        return;
      }
    } else if (c != '*') {
      return;
    }
    if (!interval) ++at_;
    ByteTree repeat = of(Kind::repeat);
    repeat.min = min;
    repeat.max = max;
    bool possessive = false;
    if (at_ < pattern_.size() && std::strchr("?+", pattern_[at_])) {
      // Behind {n} a `?` is a quantifier of its own, and so is `+` behind every interval.
      if (interval && (pattern_[at_] == '+' || !ranged)) {
        failed_ = true;
        return;
      }
      possessive = pattern_[at_] == '+';
      repeat.greedy = possessive;
      ++at_;
    }
    if (at_ < pattern_.size() && std::strchr("?+*{", pattern_[at_])) failed_ = true;
    const bool single = piece.kind == Kind::set;
    if (!single && (piece.shortest() == 0 || max > 1000)) failed_ = true;  // loops that may stand still
    repeat.children.push_back(std::move(piece));
    piece = std::move(repeat);
    if (!possessive) return;
    ByteTree atomic = of(Kind::atomic);
    atomic.children.push_back(std::move(piece));
    piece = std::move(atomic);
  }

  // {n} {n,} {n,m} {,m}
  bool read_interval(int32_t& min, int32_t& max, bool& ranged) {
    const size_t close = pattern_.find('}', at_);
    if (close == std::string_view::npos) return false;
    const std::string_view inside = pattern_.substr(at_ + 1, close - at_ - 1);
    const size_t comma = inside.find(',');
    ranged = comma != std::string_view::npos;
    const auto number = [](std::string_view text, int32_t& value) {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      return error == std::errc() && end == text.data() + text.size() && value >= 0;
    };
    const std::string_view low = inside.substr(0, comma);
    if (low.empty() && (comma == std::string_view::npos || inside.size() == 1)) return false;
    if (!low.empty() && !number(low, min)) return false;
    if (!ranged) {
      max = min;
    } else if (comma + 1 < inside.size() && (!number(inside.substr(comma + 1), max) || max < min)) {
      return false;
    }
    at_ = close + 1;
    return true;
  }

  std::string_view pattern_;
  bool plain_groups_;
  bool ignore_case_;
  size_t at_ = 0;
  uint32_t groups_ = 1;
  bool failed_ = false;
};

}  // namespace

std::optional<ByteTree> read_byte_tree(std::string_view pattern, bool plain_groups, bool ignore_case,
                                       uint32_t& groups) {
  return Reader(pattern, plain_groups, ignore_case).read(groups);
}

}  // namespace sluice::match
