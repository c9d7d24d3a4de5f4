#include "match/regex_tree.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "base/utf8.hpp"
#include "match/byte_syntax.hpp"
#include "match/regex_syntax.hpp"

namespace sluice::match {
namespace {

using Kind = RegexTree::Kind;
using Token = RegexToken::Kind;

class Reader {
 public:
  Reader(std::string_view pattern, bool ignore_case) : pattern_(pattern), ignore_case_(ignore_case) {}

  RegexTree read() {
    RegexTree tree = alternatives(0);
    // A parenthesis too many, which Oniguruma refuses.
    if (at_ < pattern_.size()) tree = make(Kind::unknown, 0, pattern_.size());
    return tree;
  }

 private:
  static constexpr int kDeepest = 200;

  static RegexTree make(Kind kind, size_t begin, size_t end) {
    RegexTree tree;
    tree.kind = kind;
    tree.begin = begin;
    tree.end = end;
    return tree;
  }

  RegexTree alternatives(int depth) {
    RegexTree all = make(Kind::alternatives, at_, at_);
    all.children.push_back(make(Kind::sequence, at_, at_));
    if (depth > kDeepest) {
      at_ = pattern_.size();
      return make(Kind::unknown, all.begin, at_);
    }
    for (;;) {
      const RegexToken token = next_regex_token(pattern_, at_);
      if (token.kind == Token::end || token.kind == Token::group_close) break;
      at_ = token.end;
      if (token.kind == Token::alternation) {
        all.children.push_back(make(Kind::sequence, at_, at_));
        continue;
      }
      if (token.kind == Token::options || token.kind == Token::comment) continue;
      RegexTree piece = token.kind == Token::group_open ? group(token, depth) : single(token);
      quantify(piece);
      all.children.back().children.push_back(std::move(piece));
      all.children.back().end = at_;
    }
    all.end = at_;
    if (all.children.size() > 1) return all;
    RegexTree only = std::move(all.children.front());
    return only;
  }

  RegexTree group(const RegexToken& open, int depth) {
    const std::string_view header = pattern_.substr(open.begin, open.end - open.begin);
    RegexTree inside = alternatives(depth + 1);
    if (at_ < pattern_.size()) ++at_;
    Kind kind = Kind::sequence;
    if (header == "(?>") kind = Kind::atomic;
    if (header == "(?=" || header == "(?!" || header == "(?<=" || header == "(?<!") kind = Kind::look;
    if (header == "(?~" || header.substr(0, 3) == "(?(") kind = Kind::unknown;
    RegexTree tree = make(kind, open.begin, at_);
    tree.children.push_back(std::move(inside));
    return tree;
  }

  RegexTree single(const RegexToken& token) const {
    const std::string_view part = pattern_.substr(token.begin, token.end - token.begin);
    RegexTree tree = make(Kind::set, token.begin, token.end);
    if (part == "\\b") tree.kind = Kind::word_edge;
    if (part == "^" || part == "$" || (part.size() == 2 && part[0] == '\\' && std::strchr("AzZBG", part[1])))
      tree.kind = Kind::edge;
    if (part.size() > 1 && part[0] == '\\' && std::strchr("123456789kgXRK", part[1]))
      tree.kind = Kind::unknown;
    if (tree.kind != Kind::set) return tree;
    uint32_t groups = 1;
    const auto bytes = read_byte_tree(part, true, ignore_case_, groups);
    const ByteTree* one = bytes ? &*bytes : nullptr;
    while (one && one->kind == ByteTree::Kind::sequence && one->children.size() == 1) one = &one->children[0];
    if (one && one->kind == ByteTree::Kind::set) tree.set = one->set;
    // Characters that the reader of bytes leaves out.
    if (!is_ascii(part)) {
      for (size_t byte = 0x80; byte < 256; ++byte) tree.set.set(byte);
    } else if (tree.set.none()) {
      tree.set.set();
    }
    return tree;
  }

  void quantify(RegexTree& piece) {
    for (;;) {
      int32_t min = 0, max = -1;
      const size_t begin = at_;
      if (!quantifier(min, max)) return;
      bool possessive = false;
      if (at_ < pattern_.size() && (pattern_[at_] == '?' || pattern_[at_] == '+')) {
        possessive = pattern_[at_] == '+' && pattern_[begin] != '{';
        if (possessive || pattern_[at_] == '?') ++at_;
      }
      RegexTree repeat = make(Kind::repeat, piece.begin, at_);
      repeat.min = min;
      repeat.max = max;
      repeat.children.push_back(std::move(piece));
      piece = std::move(repeat);
      if (!possessive) continue;
      RegexTree atomic = make(Kind::atomic, piece.begin, at_);
      atomic.children.push_back(std::move(piece));
      piece = std::move(atomic);
    }
  }

  // Steps over a quantifier; false when none stands here.
  bool quantifier(int32_t& min, int32_t& max) {
    if (at_ >= pattern_.size()) return false;
    const char c = pattern_[at_];
    if (c == '+' || c == '*' || c == '?') {
      min = c == '+' ? 1 : 0;
      max = c == '?' ? 1 : -1;
      ++at_;
      return true;
    }
    if (c != '{') return false;
    const size_t end = regex_interval_end(pattern_, at_);
    if (end < at_ + 3) return false;
    const std::string inside(pattern_.substr(at_ + 1, end - at_ - 2));
    const size_t comma = inside.find(',');
    min = std::atoi(inside.c_str());
    max = comma == std::string::npos  ? min
          : comma + 1 < inside.size() ? std::atoi(inside.c_str() + comma + 1)
                                      : -1;
    at_ = end;
    return true;
  }

  std::string_view pattern_;
  bool ignore_case_;
  size_t at_ = 0;
};

}  // namespace

bool RegexTree::nullable() const {
  const auto child = [](const RegexTree& one) { return one.nullable(); };
  switch (kind) {
    case Kind::set:
      return false;
    case Kind::sequence:
    case Kind::atomic:
      return std::all_of(children.begin(), children.end(), child);
    case Kind::alternatives:
      return std::any_of(children.begin(), children.end(), child);
    case Kind::repeat:
      return min == 0 || child(children[0]);
    default:
      return true;
  }
}

bool RegexTree::long_run() const {
  constexpr int32_t kLong = 10;
  return kind == Kind::repeat && children[0].kind == Kind::set && max != min && (max < 0 || max >= kLong);
}

RegexTree read_regex_tree(std::string_view pattern, bool ignore_case) {
  return Reader(pattern, ignore_case).read();
}

}  // namespace sluice::match
