// Finds the pairs of a text such as `a=1 b="two words"`.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "match/regex.hpp"
#include "plugins/kv/char_class.hpp"

namespace sluice::plugins::kv {

struct Pair {
  std::string_view key;
  std::string_view value;
};

/// How a text is written.
struct Syntax {
  std::string field_split, value_split;  // sets of characters
  std::optional<std::string> field_split_pattern, value_split_pattern;
  bool brackets = true;  // (…), […] and <…> around a value count as quotes
  bool lenient = true;   // blanks around the value split are not part of key and value
};

/// The option that an error is about.
struct SyntaxError {
  std::string_view option;
  std::string message;
};

/// A compiled Syntax. Immutable, shared by workers.
class PairPattern {
 public:
  /// Nothing after `error` was filled in.
  static std::optional<PairPattern> compile(const Syntax& syntax, SyntaxError& error);
  /// The expression that says what a pair is.
  [[nodiscard]] const match::Regex& expression() const { return scan_; }

 private:
  friend class PairScanner;
  PairPattern(const Syntax& syntax, match::Regex scan, match::Regex split)
      : scan_(std::move(scan)),
        split_(std::move(split)),
        brackets_(syntax.brackets),
        lenient_(syntax.lenient) {}
  void take_sets(const CharClass& field, const CharClass& value, const CharClass& key_end);

  // One expression says what a pair is; the table says the same where the splits are plain sets.
  match::Regex scan_, split_;
  enum : uint8_t { kField = 1, kValue = 2, kKeyEnd = 4 };
  std::array<uint8_t, 256> table_{};
  bool sets_ = false;
  bool brackets_, lenient_;
};

/// The time that a text may take, read from the clock only when an expression has to be searched for.
class Deadline {
 public:
  /// Zero: as long as it needs.
  explicit Deadline(int64_t millis) : millis_(millis) {}
  /// What is left of it; false when nothing is.
  bool left(match::Budget& budget);

 private:
  int64_t millis_;
  int64_t end_ = 0;
};

/// Takes one text apart, pair by pair.
class PairScanner {
 public:
  enum class Found : uint8_t { pair, end, timeout, failed };

  /// All of them outlive the scanner.
  PairScanner(const PairPattern& pattern, std::string_view text, match::Captures& captures,
              Deadline& deadline)
      : pattern_(pattern), text_(text), subject_(text), captures_(captures), deadline_(deadline) {}

  /// The next pair; views of the text. A value that is missing is empty.
  Found next(Pair& pair);
  /// How many bytes were walked to prepare searches (match::Subject::walked()).
  [[nodiscard]] size_t walked() const { return subject_.walked(); }

 private:
  // Where the byte `c` stands at or behind `from`; asked with growing `from`, it reads the text once.
  struct Place {
    size_t at = 0;
    bool known = false;
  };
  size_t find(char c, Place& place, size_t from) const;

  [[nodiscard]] uint8_t kind(size_t at) const {
    return pattern_.table_[static_cast<unsigned char>(text_[at])];
  }
  [[nodiscard]] size_t skip_blanks(size_t at) const;
  bool find_key(size_t& begin, size_t& end, size_t& value);
  enum class Quoted : uint8_t { no, yes, unclear };
  Quoted quoted(size_t at, Pair& pair);
  Found search(size_t from, Pair& pair);

  const PairPattern& pattern_;
  std::string_view text_;
  match::Subject subject_;
  match::Captures& captures_;
  Deadline& deadline_;
  size_t at_ = 0;
  bool checked_ = false;  // the text holds a value split
  std::array<Place, 5> closers_;
  Place backslash_;
};

}  // namespace sluice::plugins::kv
