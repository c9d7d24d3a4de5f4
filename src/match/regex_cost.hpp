// What a pattern costs and why: which of its constructs keep it from a faster engine, and where matching it
// can take more than linear time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::match {

/// A construct that the engine for ASCII lines has no node for: bytes [begin, end) of the pattern.
struct Hindrance {
  size_t begin = 0, end = 0;
  std::string what;  ///< "a back-reference"
};

/// The first such construct, the smallest piece that is refused by itself; nothing when the pattern is taken.
std::optional<Hindrance> find_hindrance(std::string_view pattern, bool ignore_case);

/// A place where a text can be taken in many ways, which are all tried before the answer is no.
struct Hazard {
  enum class Kind { leading, adjacent, nested, branches };
  Kind kind = Kind::leading;
  size_t begin = 0, end = 0;  ///< bytes of the pattern
  int degree = 0;             ///< steps grow with this power of the text's length; 0: exponentially
  [[nodiscard]] std::string growth() const;       ///< "quadratic", "exponential", "n^3"
  [[nodiscard]] std::string_view what() const;    ///< what is there
  [[nodiscard]] std::string_view remedy() const;  ///< how to mend it
};

/// Errs on both sides: what lookarounds and references forbid is not seen.
std::vector<Hazard> find_hazards(std::string_view pattern, bool ignore_case);

}  // namespace sluice::match
