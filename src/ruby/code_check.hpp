// What can be known of Ruby code before it runs: whether it is Ruby, what it asks for that is not here, and
// whether it keeps state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ruby/interpreter.hpp"

namespace sluice::ruby {

/// One piece of a filter's code.
struct Piece {
  Code code;                    // first_line 1: findings count from the piece's own first line
  std::string_view parameters;  // of the method that it becomes
  bool script = false;          // a file with methods of its own instead
};

struct Finding {
  size_t piece = 0;  // number of the piece
  int line = 0;      // from 1
  int column = 0;    // from 1; 0: not known
  int length = 1;    // of the word that is meant
  std::string message;
  std::string help;
};

struct Inspection {
  std::vector<Finding> findings;
  /// Uses what outlives an event: instance, class and global variables, constants, classes or methods of its
  /// own.
  bool stateful = false;
  /// An event object goes elsewhere than into calls of its own methods.
  bool escapes = false;
  /// May hold on to event objects after the event has gone on.
  bool keeps_events = false;
};

/// Compiles the pieces in this thread's interpreter and looks through their bytecode. Runs nothing.
Inspection inspect(const std::vector<Piece>& pieces);

}  // namespace sluice::ruby
