// Numbers as text and texts as numbers, as Java and Ruby have them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::match {

/// Bytes that the functions below may write.
inline constexpr size_t kDoubleTextSize = 32;

/// Java's Double.toString: "2.0", "1.0E21", "1.0E-7", "NaN", "Infinity". Returns the length; no NUL.
size_t java_double_text(double value, char* out);
std::string java_double_text(double value);

/// Ruby's Float#to_s: "2.0", "1.0e+21", "1.0e-07", "NaN", "Infinity".
size_t ruby_double_text(double value, char* out);
std::string ruby_double_text(double value);

/// A whole number: `value` when it fits 64 bits, else `big` holds it as decimal text
/// ("-123456789012345678901").
struct Integer {
  int64_t value = 0;
  std::string big;
  [[nodiscard]] bool fits() const { return big.empty(); }
};

/// Ruby's String#to_i: blanks, sign and digits at the start (single underscores between digits); none: 0.
Integer ruby_to_i(std::string_view text);
/// Ruby's String#to_f: the longest float at the start; none: 0.0.
double ruby_to_f(std::string_view text);

/// mutate's `convert => integer` of a text: nothing when it is no number (the event gets the failure tag).
std::optional<Integer> convert_to_integer(std::string_view text);
/// mutate's `convert => integer` of a float: cut to a whole number; nothing for NaN and infinities.
std::optional<Integer> convert_to_integer(double value);
/// mutate's `convert => float` of a text; nothing when it is no number.
std::optional<double> convert_to_float(std::string_view text);
/// Java's BigDecimal of a text, cut to a whole number; nothing when it is no number.
std::optional<Integer> big_decimal_to_integer(std::string_view text);

/// Java's BigDecimal of a text.
struct BigDecimal {
  enum class Kind : uint8_t {
    integer,  ///< written without point and exponent
    real,     ///< `real` holds it
    text,     ///< a double would lose something: `text` is its JSON text
  };
  Kind kind = Kind::real;
  Integer integer;
  double real = 0;
  std::string text;
};
std::optional<BigDecimal> parse_big_decimal(std::string_view text);

/// The double nearest to a number of JSON; infinite beyond the largest.
double decimal_value(std::string_view text);

/// `1.234,56` -> `1,234.56`: swaps commas and points, for integer_eu and float_eu.
std::string swap_decimal_marks(std::string_view text);

}  // namespace sluice::match
