// What is compared: the shipped patterns, expressions made of them, and generated regular expressions.
#pragma once

#include <string>

#include "dice.hpp"
#include "match/patterns.hpp"
#include "match/regex.hpp"

namespace sluice::test {

/// One expression to compare the engines on.
struct Expression {
  enum class Source { shipped, combined, generated };
  Source source = Source::generated;
  std::string written;  ///< as a config would have it
  std::string regex;
  match::RegexOptions options;
};

/// The expressions by number: the same for the same number and seed.
class Patterns {
 public:
  explicit Patterns(uint64_t seed);
  /// False: this one cannot be expanded.
  bool make(uint64_t number, Expression& expression) const;
  /// How many named patterns ship, both sets together.
  [[nodiscard]] size_t shipped() const { return names_.size(); }

 private:
  struct Name {
    const match::PatternSet* set;
    std::string name;
  };
  bool expand(const match::PatternSet& set, bool named_only, Expression& expression) const;
  std::string combination(Dice& dice, const match::PatternSet& set) const;

  uint64_t seed_;
  match::PatternSet legacy_{match::BuiltinPatterns::legacy};
  match::PatternSet ecs_{match::BuiltinPatterns::ecs_v1};
  std::vector<Name> names_;
};

/// A regular expression with Ruby's syntax, valid more often than not.
std::string random_regex(Dice& dice, int depth = 0);

}  // namespace sluice::test
