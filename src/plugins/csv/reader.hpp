// Rows of comma-separated values, with the strictness of Ruby's CSV library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"

namespace sluice::plugins::csv {

struct Dialect {
  std::string separator = ",";  // one character or more
  std::string quote = "\"";     // exactly one character
  /// Why nothing can be read with it; empty when all is well.
  [[nodiscard]] std::string_view problem() const;
};

/// One value of a row; `data()` is null when nothing stands between two separators.
using Field = std::string_view;

/// Takes rows off a text. Keeps its memory between rows; used by one thread at a time.
class Reader {
 public:
  explicit Reader(const Dialect& dialect);

  enum class Result : uint8_t { row, end, malformed };
  /// Reads the row at `at` and moves `at` behind its end. A blank line is a row without fields; `end` is what
  /// an empty text has. What ends a row (\n, \r\n or \r) is what is met first. Fields are views of the text,
  /// or of `arena` when quotes within them were resolved.
  Result read(std::string_view text, size_t& at, Arena& arena, std::vector<Field>& fields);
  /// Why the last row was malformed.
  [[nodiscard]] std::string_view error() const { return error_; }

 private:
  bool split(std::string_view line, std::vector<Field>& fields) const;
  Result robust(std::string_view text, Arena& arena, std::vector<Field>& fields);
  bool value(Arena& arena, Field& field);
  bool quoted(Arena& arena, Field& field);
  Field unquoted();
  [[nodiscard]] size_t count_quotes() const;
  void skip_unquoted();
  [[nodiscard]] std::string_view why() const;
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }

  const Dialect dialect_;
  std::string_view first_;  // the separator's first character
  std::string_view text_;
  std::string_view row_end_;
  size_t at_ = 0;
  bool after_quoted_ = false;
  std::string scratch_;
  std::string_view error_;
};

}  // namespace sluice::plugins::csv
