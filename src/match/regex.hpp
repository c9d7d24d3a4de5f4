// Ruby's regular expressions over Oniguruma: what grok, gsub, conditions and pattern options match with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "match/required.hpp"

struct re_registers;
struct OnigMatchParamStruct;

namespace sluice::match {

struct ByteScratch;

/// What became of one search.
enum class MatchResult : uint8_t {
  match,
  no_match,
  timeout,  ///< the time budget ran out before the answer was known
  error,    ///< the engine gave up (out of memory, or a pattern that cannot be run over invalid UTF-8)
};

/// A text to search in, with what a search has to know of it first. That is found out once, at the first
/// search that needs it: whoever searches one text several times (in steps, or with several expressions)
/// makes one Subject of it. Used by one thread; the text outlives it and does not change.
class Subject {
 public:
  explicit Subject(std::string_view text) : text_(text.data() ? text : std::string_view("", 0)) {}
  [[nodiscard]] std::string_view text() const { return text_; }
  /// Bytes below 0x80 alone.
  [[nodiscard]] bool ascii() const { return (facts() & kAscii) != 0; }
  /// ASCII without a line end.
  [[nodiscard]] bool ascii_line() const { return (facts() & kLine) != 0; }
  [[nodiscard]] bool utf8() const { return (facts() & kUtf8) != 0; }
  /// How many bytes were walked to find these facts out.
  [[nodiscard]] size_t walked() const { return walked_; }

 private:
  enum : uint8_t { kKnown = 1, kAscii = 2, kLine = 4, kUtf8 = 8 };
  [[nodiscard]] uint8_t facts() const { return facts_ ? facts_ : find_out(); }
  uint8_t find_out() const;
  friend class Regex;

  std::string_view text_;
  mutable uint8_t facts_ = 0;
  mutable uint64_t serial_ = 0;  // of this text among all; 0 before it has been looked at
  mutable size_t walked_ = 0;
};

/// How long one search may take. Zero: as long as it needs.
struct Budget {
  int64_t millis = 0;
};

/// Where the groups of the last match lie. Each caller (a worker, say) keeps its own and passes it to every
/// search; it grows to the widest regex it has met and allocates no more. Views point into the text that was
/// searched.
class Captures {
 public:
  Captures();
  ~Captures();
  Captures(Captures&& other) noexcept;
  Captures& operator=(Captures&& other) noexcept;
  Captures(const Captures&) = delete;
  Captures& operator=(const Captures&) = delete;

  /// Number of groups of the last match, group 0 (the whole match) included.
  [[nodiscard]] size_t size() const { return size_; }
  /// False for a group that took no part in the match (another branch did).
  [[nodiscard]] bool participated(size_t group) const { return begin(group) >= 0; }
  /// Byte offsets of a group in the text; -1 when it took no part.
  [[nodiscard]] ptrdiff_t begin(size_t group) const { return group < size_ ? offsets_[2 * group] : -1; }
  [[nodiscard]] ptrdiff_t end(size_t group) const {
    return participated(group) ? offsets_[2 * group + 1] : -1;
  }
  /// The text of a group; `data()` is null when it took no part, which an empty group is not.
  [[nodiscard]] std::string_view group(size_t group) const {
    if (!participated(group)) return {};
    return {text_.data() + begin(group), static_cast<size_t>(end(group) - begin(group))};
  }

 private:
  friend class Regex;
  void set(size_t groups);

  re_registers* region_;
  OnigMatchParamStruct* param_;
  std::unique_ptr<ByteScratch> scratch_;
  std::string_view text_;
  const int32_t* offsets_ = nullptr;  // begin and end of each group, in scratch_
  size_t size_ = 0;
};

struct RegexOptions {
  bool ignore_case = false;
  bool dot_all = false;   ///< `.` matches a line end too (Ruby's /m; grok always sets it)
  bool extended = false;  ///< white space and # comments in the pattern are skipped (Ruby's /x)
  /// Plain `(…)` groups group only. Ignored while the pattern has back-references or calls, which need them.
  bool no_numbered_groups = false;
};

/// What answers a search in an ASCII line; all else is Oniguruma's.
enum class Tier : uint8_t {
  text,          ///< a plain search for bytes
  native,        ///< machine code
  byte_program,  ///< ByteProgram's scanner
  oniguruma,
};

class Replacement;

/// A compiled regular expression with Ruby's meaning: `^ $` are line anchors, `\d \s \w` are ASCII, `\b`, `.`
/// and POSIX brackets know Unicode, named groups switch numbered ones off. Immutable, cheap to copy, and
/// usable from several threads at once (each with its own Captures).
class Regex {
 public:
  /// The error says what is wrong and, where it can be known, at which character of the pattern. With
  /// `error_at` the byte offset is stored there instead (npos when unknown).
  static Result<Regex> compile(std::string_view pattern, RegexOptions options = {},
                               size_t* error_at = nullptr);

  /// First match in `text` at or after byte `from`. Text that is not valid UTF-8 is matched byte by byte.
  ///
  /// The budget holds without a second thread: the search runs with a limit of backtracking steps that only a
  /// pathological pair of pattern and text reaches (one million, some 20 ms; less for a budget under 50 ms).
  /// When it is reached the search starts again with a higher limit and a look at the clock, each further
  /// limit follows from the speed just seen, and so on until the budget is spent. Ordinary searches never
  /// read the clock.
  MatchResult search(const Subject& subject, Captures& captures, size_t from = 0, Budget budget = {}) const;
  /// The same for a text that is searched once.
  MatchResult search(std::string_view text, Captures& captures, size_t from = 0, Budget budget = {}) const {
    return search(Subject(text), captures, from, budget);
  }

  /// Ruby's String#gsub: `out` becomes `text` with every match replaced. `no_match` means that nothing was
  /// replaced
  /// (`out` is then untouched), `match` that something was.
  MatchResult gsub(std::string_view text, const Replacement& replacement, std::string& out,
                   Captures& captures, Budget budget = {}) const;

  /// The pattern as it was given.
  [[nodiscard]] const std::string& pattern() const;
  /// Numbers of the groups with this name, in the order they stand; empty when there is none.
  [[nodiscard]] std::vector<int> groups_named(std::string_view name) const;
  /// True when the pattern holds no operator at all: such a search is a plain search for bytes.
  [[nodiscard]] bool is_literal() const;
  /// The engine for ASCII lines.
  [[nodiscard]] Tier tier() const;
  /// Why a byte program is not machine code; empty when it is, or when there is none.
  [[nodiscard]] std::string why_not_native() const;
  /// False when `text` lacks what every match holds: much cheaper than a search, and so worth asking first
  /// where most texts do not match.
  [[nodiscard]] bool may_match(std::string_view text) const;
  /// What every match holds, with the longest few of the literals.
  [[nodiscard]] const Required& required() const;

 private:
  struct Program;
  explicit Regex(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  bool search_line(const Subject& subject, Captures& captures, size_t from, MatchResult& result) const;
  [[nodiscard]] bool holds_required(const Subject& subject, size_t from) const;
  MatchResult run(void* onig, std::string_view text, Captures& captures, size_t from, Budget budget) const;
  std::shared_ptr<const Program> program_;
};

/// The right-hand side of a gsub: text with `\0` or `\&` (the match), `\1` … `\9`, `\k<name>`, `` \` `` and
/// `\'` (what stands before and after), `\\`. A backslash before anything else stays as it is.
class Replacement {
 public:
  /// Fails when a name is no group of `regex`.
  static Result<Replacement> parse(std::string_view text, const Regex& regex);

  /// Appends the replacement of one match of `text`.
  void append(std::string& out, std::string_view text, const Captures& match) const;

 private:
  enum class Kind : uint8_t { literal, group, before, after };
  struct Piece {
    Kind kind;
    std::string literal;
    std::vector<int> groups;  // of one name: the last that took part counts, as in Ruby
  };
  std::vector<Piece> pieces_;
};

}  // namespace sluice::match
