// Writes dead letters: what plugins refuse, in segments that are sealed for readers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "queue/letters.hpp"

namespace sluice::queue {

struct LetterSettings {
  std::string folder;                           // of one pipeline
  uint64_t max_bytes = uint64_t{1} << 30;       // dead_letter_queue.max_bytes
  bool drop_older = false;                      // dead_letter_queue.storage_policy
  std::optional<int64_t> retain_millis;         // dead_letter_queue.retain.age
  int64_t flush_millis = 5000;                  // dead_letter_queue.flush_interval
  int64_t check_millis = 1000;                  // dead_letter_queue.flush_check_interval
  uint64_t segment_bytes = uint64_t{10} << 20;  // a segment is sealed before it gets larger
  bool background = true;                       // false: commit() and check() are called by a test
};

/// The dead letter queue of one pipeline. Letters wait in memory, with their batches, until the writer's
/// thread has them safely on disk; while the disk cannot take them the batches stay in flight, and so the
/// inputs pause. All methods are thread-safe.
class LetterWriter : public plugin::DeadLetters {
 public:
  /// Opens or begins the queue of a folder. What a killed process left is sealed, torn tails are set aside.
  /// Errors: another process writes there, or the folder cannot be used.
  static Result<std::shared_ptr<LetterWriter>> open(Env& env, LetterSettings settings);
  ~LetterWriter() override;

  bool keep(const Event& event, const plugin::Refusal& refusal) override;

  /// Writes and syncs what waits and lets its batches go. After an error everything waits on.
  Status commit();
  /// Seals the open segment when nothing came for the flush interval, and removes what is too old.
  Status check();
  /// Writes what waits, seals, and ends the thread. Batches of letters that could not be written are
  /// abandoned: their sources send again. The destructor calls it.
  void close() override;
  [[nodiscard]] Figures figures() const override;
  /// Steady nanoseconds: since then letters wait in memory for a disk that does not take them; 0: none have
  /// to.
  [[nodiscard]] int64_t failing_since() const { return failing_since_.load(std::memory_order_relaxed); }
  [[nodiscard]] const LetterSettings& settings() const { return settings_; }

 private:
  struct Waiting {
    Buffer payload;
    int64_t entry_time = 0;
    BatchRef batch;
  };
  struct Sealed {
    uint64_t number = 0, bytes = 0;
    std::optional<uint64_t> letters;      // unknown of a segment of an earlier run until it is asked for
    std::optional<int64_t> newest_nanos;  // the same
  };

  LetterWriter(Env& env, LetterSettings settings);
  bool refuse_for_size(uint64_t size);
  // With io_mutex_ held.
  Status recover();
  Status write_waiting();
  Status write_some();
  Status make_room();
  Status begin();
  Status seal();
  Status drop_oldest(uint64_t Figures::*counter);
  Status expire();
  Status refresh();
  Status look_into(Sealed& sealed);
  void removed(uint64_t bytes);
  void failed(const Status& status);
  void run();
  [[nodiscard]] std::string path_of(const LetterSegment& segment) const;

  Env& env_;
  const LetterSettings settings_;
  uint64_t for_letters_ = 0;  // of max_bytes, without what the headers of segments may take
  std::unique_ptr<Env::Lock> lock_;

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  LetterEncoder encoder_;
  std::deque<Waiting> incoming_;
  Figures figures_;
  int64_t last_line_ = 0;  // when a refused letter was last logged
  bool stop_ = false;

  std::mutex io_mutex_;  // of what follows; taken before mutex_
  std::deque<Waiting> waiting_;
  std::deque<Sealed> sealed_;
  std::unique_ptr<Env::File> file_;  // the open segment, or null
  uint64_t number_ = 0;              // of the newest segment that there was
  uint64_t marked_ = 0;              // the number that the folder remembers
  uint64_t size_ = 0, index_ = 0;
  int64_t newest_nanos_ = 0;    // entry time of its last letter
  int64_t written_steady_ = 0;  // when it was written
  Buffer image_;
  bool failing_ = false;
  std::atomic<int64_t> failing_since_{0};
  std::thread thread_;
};

}  // namespace sluice::queue
