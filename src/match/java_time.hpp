// java.time's DateTimeFormatter patterns as `%{{yyyy-MM-dd}}` uses them: writing only, UTC, English words,
// weeks that start on Sunday.
// https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/time/format/DateTimeFormatter.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"

namespace sluice::match {

/// A compiled pattern. Immutable; may be used by all threads at once.
class JavaTimePattern {
 public:
  /// Refuses unknown and reserved letters, letters repeated too often, unclosed quotes and brackets.
  static Result<JavaTimePattern> compile(std::string_view pattern);
  /// Appends `nanos` (since the epoch) in UTC.
  void format(int64_t nanos, std::string& out) const;

 private:
  struct Step {
    char letter;  // '\'' for a literal
    uint8_t count;
    uint8_t pad;  // width set by `p`, 0: none
    std::string literal;
  };
  std::vector<Step> steps_;
};

}  // namespace sluice::match
