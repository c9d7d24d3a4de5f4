// SQL with placeholders.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/value.hpp"

namespace sluice::jdbc {

/// One statement, taken apart once. Placeholders in texts, quoted names and comments are none. Immutable.
class Statement {
 public:
  /// Placeholders are `:name`, for the names in `names`; their numbers are those of the names.
  static Statement named(std::string_view sql, std::span<const std::string> names);
  /// Placeholders are `?`, numbered from 0.
  static Statement positional(std::string_view sql);

  /// The statement for these parameters with $1, $2, ... (`marker` is '$' or '?'); `bound` gets the values in
  /// that order. A list becomes (a, b, c), as in `IN :list`.
  void render(std::span<const Value> parameters, char marker, std::string& sql,
              std::vector<Value>& bound) const;

  [[nodiscard]] size_t placeholders() const { return places_.size(); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  struct Place {
    size_t begin, end;  // in the text
    size_t parameter;
  };
  std::string text_;
  std::vector<Place> places_;
};

}  // namespace sluice::jdbc
