#include "patterns.hpp"

#include "match/grok_expand.hpp"

namespace sluice::test {
namespace {

using Texts = std::vector<std::string_view>;

std::string random_piece(Dice& dice, int depth) {
  static const Texts kGroups{"(",   "(?:", "(?:",  "(?<n>", "(?<m>", "(?>",
                             "(?=", "(?!", "(?<=", "(?<!",  "(?i:"};
  static const Texts kTexts{"a",   "b",   "c", "ab", "bc",  ": ",    "=",       "\\.",   "\\[",
                            "\\]", "\"",  "-", "/",  " ",   "x1",    "foo",     "error", "GET ",
                            "ä",   "\\t", "{", "}",  "\\n", "\\x41", "\\u00e4", "\\/",   "%"};
  static const Texts kClasses{
      ".",   "[ab]",  "[^c]",   "\\w",          "\\d",         "\\s",       "\\S",         "\\W",
      "\\h", "[^ ]",  "[^\"]",  "[a-c1]",       "[[:alpha:]]", "[^\\]]",    "[äb]",        "[0-9]",
      "\\D", "[-+]",  "[\\w.]", "[^[:space:]]", "[\\W]",       "[\\D_]",    "[a-z&&[^b]]", "[\\w-x]",
      "\\H", "[!-~]", "[\\d:]", "[^\\w\\s]",    "[[:punct:]]", "\\p{Alpha}"};
  static const Texts kEdges{"^",   "$",   "\\b",    "\\B",  "\\A",   "\\z",
                            "\\Z", "\\1", "\\k<n>", "(?i)", "(?#r)", "\\G"};
  if (depth < 4 && dice.below(10) < 3)
    return std::string(dice.one_of(kGroups)) + random_regex(dice, depth + 1) + ")";
  const size_t kind = dice.below(20);
  if (kind < 9) return std::string(dice.one_of(kTexts));
  if (kind < 17) return std::string(dice.one_of(kClasses));
  return std::string(dice.one_of(kEdges));
}

}  // namespace

std::string random_regex(Dice& dice, int depth) {
  static const Texts kQuantifiers{"+",    "*",      "?",   "{2}",    "{1,3}", "{0,2}", "{2,}", "{,2}",
                                  "+?",   "*?",     "??",  "{1,3}?", "{2,}?", "++",    "*+",   "?+",
                                  "{2}?", "{1,2}+", "{b}", "+",      "*",     "?",     "*?",   "+?"};
  std::string out;
  const size_t pieces = 1 + dice.below(depth == 0 ? 6 : 3);
  for (size_t i = 0; i < pieces; ++i) {
    out += random_piece(dice, depth);
    if (dice.one_in(3)) out += dice.one_of(kQuantifiers);
    if (dice.one_in(depth == 0 ? 20 : 5)) out += '|';
  }
  return out;
}

Patterns::Patterns(uint64_t seed) : seed_(seed) {
  for (const auto* set : {&legacy_, &ecs_}) {
    for (const auto name : set->names()) names_.push_back({set, std::string(name)});
  }
}

bool Patterns::expand(const match::PatternSet& set, bool named_only, Expression& expression) const {
  const auto expanded = match::expand_grok(expression.written, set, named_only);
  if (!expanded.ok()) return false;
  expression.regex = match::rename_groups(*expanded).regex;
  expression.options = {.dot_all = true, .no_numbered_groups = true};
  return true;
}

// As people write them: patterns with fields, blanks and other text between them, anchors now and then.
std::string Patterns::combination(Dice& dice, const match::PatternSet& set) const {
  static const Texts kBetween{" ", " ",   " ",    ": ", " - ", "",    ",",  "/",
                              ":", "\\[", "\\] ", "=",  " \"", "\" ", " +", "\\s*"};
  static const Texts kUsual{"DATA",
                            "GREEDYDATA",
                            "NOTSPACE",
                            "WORD",
                            "NUMBER",
                            "INT",
                            "IP",
                            "IPORHOST",
                            "SPACE",
                            "USER",
                            "QS",
                            "POSINT",
                            "LOGLEVEL",
                            "SYSLOGBASE",
                            "HOSTNAME",
                            "TIMESTAMP_ISO8601",
                            "SYSLOGTIMESTAMP",
                            "URIPATHPARAM"};
  const auto names = set.names();
  std::string out = dice.one_in(3) ? "^" : "";
  const size_t parts = 2 + dice.below(4);
  for (size_t i = 0; i < parts; ++i) {
    if (i > 0) out += dice.one_of(kBetween);
    const std::string name(dice.one_in(3) ? dice.one_of(names) : dice.one_of(kUsual));
    const std::string field = dice.one_in(4) ? "" : ":f" + std::to_string(dice.below(6));
    const std::string reference = "%{" + name + field + "}";
    out += dice.one_in(6) ? "(?:" + reference + "|-)" : dice.one_in(8) ? "(" + reference + ")?" : reference;
  }
  return dice.one_in(3) ? out + "$" : out;
}

bool Patterns::make(uint64_t number, Expression& expression) const {
  Dice dice(seed_ * 0x9E3779B97F4A7C15u + number);
  const uint64_t round = number / 4;
  switch (number % 4) {
    case 0: {
      // Every name in turn, first with the captures that it names, then with all patterns inside captured.
      const Name& name = names_[round % names_.size()];
      expression.source = Expression::Source::shipped;
      expression.written = "%{" + name.name + "}";
      return expand(*name.set, (round / names_.size()) % 2 == 0, expression);
    }
    case 1:
    case 2: {
      const auto& set = dice.one_in(2) ? legacy_ : ecs_;
      expression.source = Expression::Source::combined;
      expression.written = combination(dice, set);
      return expand(set, !dice.one_in(4), expression);
    }
    default:
      expression.source = Expression::Source::generated;
      expression.written = expression.regex = random_regex(dice);
      expression.options = {
          .ignore_case = dice.one_in(6), .dot_all = dice.one_in(2), .no_numbered_groups = dice.one_in(3)};
      return true;
  }
}

}  // namespace sluice::test
