// Finds where the rows of a stream end: at the line ends that do not stand between quotes.
#pragma once

#include <string_view>

#include "plugins/csv/reader.hpp"

namespace sluice::plugins::csv {

/// Follows one stream, however it is cut into chunks. Not strict: what is no CSV ends with its line.
class Framer {
 public:
  explicit Framer(const Dialect& dialect) : dialect_(dialect) {}

  /// Behind the line end (\n, \r\n or \r) of the row, or npos when the row goes on behind `bytes`. 0 when it
  /// ended with the bytes before.
  size_t end(std::string_view bytes);
  /// The next byte begins a row.
  void reset();

 private:
  void step(char c);

  enum class State : uint8_t { begin, plain, quoted, closing };
  const Dialect dialect_;
  State state_ = State::begin;
  bool after_return_ = false;  // a carriage return has been met: a line feed may belong to it
  size_t separator_ = 0;  // bytes of the separator that stand before the next one
  size_t quote_ = 0;      // the same of the quote character
};

}  // namespace sluice::plugins::csv
