// The queue on disk between decoding and filters (`queue.type: persisted`): what is in it survives the
// process, and with its next sync the loss of power.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/env.hpp"
#include "event/batch.hpp"
#include "event/binary.hpp"
#include "queue/checkpoint.hpp"
#include "queue/disk_trouble.hpp"
#include "queue/segment.hpp"

namespace sluice::queue {

struct PersistentQueueSettings {
  std::string folder;
  std::string pipeline_id = "main";   ///< for the log
  uint64_t page_capacity = 64 << 20;  ///< bytes of a segment
  uint64_t max_bytes = 1024 << 20;    ///< of all segments; 0: as many as the disk holds
  uint64_t max_events = 0;            ///< not delivered yet; 0: as many as fit
  uint64_t checkpoint_writes = 1024;  ///< events written before they are synced at the latest
  uint64_t checkpoint_acks = 1024;    ///< events delivered before that is remembered at the latest
  int64_t checkpoint_millis = 1000;   ///< and the same by time
  int64_t commit_millis = 0;          ///< an acknowledgement waits this long for others to be synced with it
  uint64_t commit_bytes = 1 << 20;    ///< or until so much is to be synced; 0 ms: it waits for nobody
  Compression compression = Compression::none;
  bool background = true;  ///< false: only commit() syncs (tests)
};

/// Turns batches into records, one per worker: encodes without a lock. Keeps its buffers.
class RecordWriter {
 public:
  /// Encodes the events. They must fit 4 GiB.
  void encode(const Batch& batch, std::span<Event* const> events, Compression compression);

 private:
  friend class PersistentQueue;
  BinaryWriter events_;
  Buffer plain_;
  Buffer image_;  // header and payload
  RecordHeader header_;
};

/// Segments in a folder. Events get sequence numbers that are never used again. All methods are thread-safe
/// unless they say otherwise.
///
/// Acknowledgements of the input are released when a record has been synced; all that waits is synced
/// together. Records are forgotten when every output has confirmed them, whole segments at a time.
class PersistentQueue : public std::enable_shared_from_this<PersistentQueue> {
 public:
  /// Opens or begins the queue of a folder. Damaged bytes never prevent that: they are moved to the folder
  /// `damaged` beside the segments and logged. Errors: another process has the queue, or the folder cannot be
  /// written.
  static Result<std::shared_ptr<PersistentQueue>> open(Env& env, PersistentQueueSettings settings);
  ~PersistentQueue();

  enum class Next : uint8_t {
    run,  ///< the caller goes on with the batch: its acknowledgement is the record's
    read  ///< the caller lets the batch go: the record waits to be read
  };
  /// Writes the events of `batch` as one record and takes over the batch's acknowledgements. `run`: the
  /// caller would like to go on with the batch itself, which only the newest record allows. After an error
  /// nothing has been written, and the batch is as before; a full disk is a retriable error.
  Result<Next> append(RecordWriter& writer, Batch& batch, bool run);

  /// The next record that nobody has, into `batch`. False: there is none. An error is the system's.
  Result<bool> read(Batch& batch);
  /// True when records wait to be read.
  [[nodiscard]] bool has_unread() const { return has_unread_.load(std::memory_order_acquire); }
  /// False while the queue is as full as its settings allow.
  [[nodiscard]] bool has_room() const { return has_room_.load(std::memory_order_acquire); }
  /// Called, on any thread, each time that has_room() may have turned true. Set before the queue is used, and
  /// reset after.
  void on_room(std::function<void()> callback) { on_room_ = std::move(callback); }

  /// Syncs what has been written, releases the acknowledgements that waited for it, writes the checkpoint and
  /// removes delivered segments. The error is the first that happened.
  Status commit();
  /// The same, once more at the end, and ends the background thread. Called by the destructor too.
  Status close();

  struct Figures {
    uint64_t events = 0;  ///< not delivered yet
    uint64_t bytes = 0;   ///< of segments on disk
    uint64_t written = 0, delivered = 0, damaged_bytes = 0, lost_events = 0, syncs = 0;
  };
  [[nodiscard]] Figures figures() const;
  [[nodiscard]] const PersistentQueueSettings& settings() const { return settings_; }
  [[nodiscard]] const std::string& folder() const { return settings_.folder; }

 private:
  class RecordAck;
  struct Segment {
    uint64_t number = 0, first = 0, next = 0;  // next: the number behind its last event
    uint64_t bytes = 0;
  };

  // Where the next record to read stands.
  struct Cursor {
    uint64_t segment = 0,  // none yet
        offset = kSegmentHeader;
  };

  PersistentQueue(Env& env, PersistentQueueSettings settings);
  // Before there are threads.
  Status recover();
  Status find_segments();
  Result<Segment> measure(uint64_t number);
  Status scan(Segment& segment);
  void apply_checkpoint();
  // With the lock held.
  Status begin_segment();
  std::shared_ptr<Env::File> take_spare(const SegmentHeader& header);
  Status write(RecordWriter& writer);
  Result<bool> next_record(Record& record);
  void lose(Range range);
  void set_aside(const Damage& damage, SegmentReader& reader);
  [[nodiscard]] uint64_t undelivered() const;
  void publish();
  // Without it.
  void delivered(Range range);
  Status sync_written();
  Status save_checkpoint();
  void remove_delivered();
  bool keep_as_spare(uint64_t number);
  void run();
  [[nodiscard]] int64_t commit_due() const;
  [[nodiscard]] std::string path_of(uint64_t segment) const;
  [[nodiscard]] std::string spare_path() const;

  Env& env_;
  const PersistentQueueSettings settings_;
  std::unique_ptr<Env::Lock> folder_lock_;
  std::function<void()> on_room_;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<Segment> segments_;                      // the last is written
  uint64_t last_number_ = 0;                          // of a segment; tried ones count too
  std::shared_ptr<Env::File> head_;                   // null: the next record begins a segment
  uint64_t head_size_ = 0;                            // of its file when it was taken into use
  std::shared_ptr<Env::File> spare_;                  // a delivered segment's, to be used once more; or null
  std::vector<std::shared_ptr<Env::File>> unsynced_;  // files with bytes or names that were not synced
  uint64_t next_ = 1;                                 // sequence number of the next event
  uint64_t unread_ = 1;                               // of the first event that nobody has
  Cursor cursor_;                                     // where it stands
  std::unique_ptr<SegmentReader> reader_;             // opened there when needed
  Acknowledged acknowledged_{1};
  uint64_t bytes_ = 0;
  std::vector<AckRef> waiting_;  // for the next sync
  int64_t waiting_since_ = 0;    // steady nanoseconds, of the first of them
  uint64_t unsynced_bytes_ = 0;
  int64_t last_commit_ = 0;  // steady nanoseconds
  DiskTrouble trouble_;
  uint64_t synced_ = 1;        // events below are safe
  uint64_t checkpointed_ = 1;  // the mark that has been saved
  uint64_t acks_ = 0;          // events delivered since the checkpoint
  bool folder_changed_ = false;
  bool stop_ = false;
  Figures counted_;
  std::atomic<bool> has_unread_{false}, has_room_{true};  // what publish() found last

  std::mutex commit_mutex_;  // one commit at a time
  std::thread thread_;
};

}  // namespace sluice::queue
