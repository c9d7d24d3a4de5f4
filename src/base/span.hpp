// A place in a config source: what every diagnostic points at.
#pragma once

#include <cstdint>

namespace sluice {

/// Half-open byte range [begin, end) of file number `file`, with the line and column (from 1, column in
/// characters) of its begin. File numbers belong to lang::SourceSet; a default span points nowhere.
struct Span {
  uint32_t file = 0;
  uint32_t begin = 0;
  uint32_t end = 0;
  uint32_t line = 0;
  uint32_t column = 0;

  [[nodiscard]] bool known() const { return line != 0; }
};

}  // namespace sluice
