// Grok: expressions of named patterns that take a line apart into fields.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "match/grok_expand.hpp"
#include "match/patterns.hpp"
#include "match/regex.hpp"

namespace sluice::match {

/// What the text of a capture becomes.
enum class CaptureType : uint8_t {
  string,
  integer,  ///< `:int`, Ruby's to_i (ruby_to_i in match/numbers.hpp)
  real,     ///< `:float`, Ruby's to_f (ruby_to_f in match/numbers.hpp)
};

/// One capture of an expression. The same field may come several times; each one that took part in the match
/// is a value of its own.
struct GrokCapture {
  std::string field;  ///< field reference as it is written: `clientip`, `[source][ip]`, `@timestamp`
  CaptureType type = CaptureType::string;
};

/// Bytes [begin, end) of an expression that an error is about; empty when that cannot be told.
struct GrokPlace {
  size_t begin = 0;
  size_t end = 0;
};

struct GrokOptions {
  /// False: `%{WORD}` without a field is captured as WORD, down to the patterns inside patterns.
  bool named_captures_only = true;
};

/// The result of a match, kept by the caller and used again for the next one.
class GrokMatch {
 public:
  /// The text of each capture, in the order of Grok::captures(); `data()` is null for one that took no part,
  /// which an empty capture is not. Views point into the text that was matched.
  [[nodiscard]] std::span<const std::string_view> values() const { return values_; }

 private:
  friend class Grok;
  Captures captures_;
  std::vector<std::string_view> values_;
};

/// A compiled grok expression. Immutable, cheap to copy, usable from several threads at once. The match is
/// not anchored, `.` matches line ends, `^` and `$` are line anchors.
class Grok {
 public:
  /// The error names the pattern and what is wrong with it, in the words of its author; `place` is set when
  /// it can be narrowed.
  static Result<Grok> compile(std::string_view expression, const PatternSet& patterns,
                              GrokOptions options = {}, GrokPlace* place = nullptr);

  /// The captures: by name in the order of first appearance, several groups of one name in the order they
  /// stand.
  [[nodiscard]] std::span<const GrokCapture> captures() const;
  /// Fills `match` when the text matches. No allocation once `match` has seen this expression.
  MatchResult match(const Subject& subject, GrokMatch& match, Budget budget = {}) const;
  MatchResult match(std::string_view text, GrokMatch& match, Budget budget = {}) const {
    return this->match(Subject(text), match, budget);
  }

  /// The regular expression that is searched with: the expanded one, with its groups renamed.
  [[nodiscard]] const Regex& regex() const;
  /// The expression as it was given, and the regular expression it stands for.
  [[nodiscard]] const std::string& expression() const;
  [[nodiscard]] const std::string& expanded() const;
  /// Which parts of expanded() stand for named patterns.
  [[nodiscard]] const std::vector<NamedSpan>& spans() const;

 private:
  struct Program;
  explicit Grok(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

}  // namespace sluice::match
