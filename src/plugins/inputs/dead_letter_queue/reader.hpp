// Reads the dead letters of one pipeline in order, and keeps how far they are delivered.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/env.hpp"
#include "plugin/input.hpp"
#include "plugins/inputs/dead_letter_queue/progress.hpp"
#include "plugins/inputs/stop_signal.hpp"

namespace sluice::plugins::dead_letters {

struct ReaderConfig {
  std::string folder;                  // of the pipeline's letters
  std::string sincedb_path;            // the file that keeps the position
  bool commit = true;                  // commit_offsets
  bool clean = false;                  // clean_consumed
  std::optional<int64_t> start_nanos;  // start_timestamp
};

/// Used by one thread at a time.
class Reader {
 public:
  /// `env` holds the letters and takes the position; `sink` and `stop` outlive the reader. `stream` makes
  /// events of letters.
  Reader(Env& env, ReaderConfig config, std::shared_ptr<plugin::Stream> stream, plugin::InputSink& sink,
         const StopSignal& stop);

  /// Goes on at the saved position. The error says what to do.
  Status load();
  /// Pushes every letter that is there; false: the input was stopped.
  bool read_available();
  /// Saves the position, and removes segments that were delivered to their end when that is wanted.
  void maintain();

 private:
  void say_readable(const Status& status);
  void begin_anew_if_replaced(const std::vector<queue::LetterSegment>& segments);
  Status read_segment(const queue::LetterSegment& segment);
  bool too_old(const queue::Record& record);
  void clean(uint64_t first_needed);
  void push(queue::Record& record, queue::LetterId id);

  Env& env_;
  const ReaderConfig config_;
  Sincedb sincedb_;
  std::shared_ptr<plugin::Stream> stream_;
  plugin::InputSink& sink_;
  const StopSignal& stop_;
  std::shared_ptr<Progress> progress_;
  queue::LetterId next_;  // to be read
  BatchPool pool_;
  bool readable_ = true;
  bool started_ = false;  // a letter of start_timestamp or later was met
  int64_t maintained_ = 0;
  uint64_t cleaned_to_ = 0;  // segments before it are removed
};

}  // namespace sluice::plugins::dead_letters
