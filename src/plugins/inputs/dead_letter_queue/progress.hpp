// How far the letters of a queue have been delivered.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "base/env.hpp"
#include "event/source.hpp"
#include "queue/letters.hpp"

namespace sluice::plugins::dead_letters {

/// Letters in the order in which they were read, and which of them are delivered. Thread-safe.
class Progress {
 public:
  explicit Progress(queue::LetterId next) : next_(next) {}

  /// A letter goes on its way; the result names it for settled().
  uint64_t read(queue::LetterId letter);
  /// All letters of the segment are on their way, or delivered.
  void read_to_end(uint64_t segment);
  void settled(uint64_t letter, bool delivered);

  /// The first letter that is not delivered.
  [[nodiscard]] queue::LetterId next() const;

 private:
  struct Item {
    queue::LetterId letter;
    bool end = false;  // of the segment
    bool done = false;
  };
  void advance();

  mutable std::mutex mutex_;
  std::deque<Item> items_;
  uint64_t first_ = 0;  // the number of the first of items_
  queue::LetterId next_;
};

/// The token of one letter.
class LetterAck : public Acknowledgement {
 public:
  LetterAck(std::shared_ptr<Progress> progress, uint64_t letter)
      : progress_(std::move(progress)), letter_(letter) {}
  void settled(bool delivered) noexcept override { progress_->settled(letter_, delivered); }

 private:
  std::shared_ptr<Progress> progress_;
  uint64_t letter_;
};

/// The file that remembers the position between runs: `segment letter`, one line.
class Sincedb {
 public:
  Sincedb(Env& env, std::string path) : env_(env), path_(std::move(path)) {}
  /// Nothing when there is no file; an error when it cannot be read or understood.
  [[nodiscard]] Result<std::optional<queue::LetterId>> load() const;
  /// Replaces the file in one step that survives a loss of power; nothing to do when it says so already.
  Status save(queue::LetterId next);
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  Env& env_;  // saves; loading is the system's
  std::string path_;
  std::optional<queue::LetterId> saved_;
};

}  // namespace sluice::plugins::dead_letters
