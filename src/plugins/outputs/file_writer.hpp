// The thread behind a file output: opens, appends, compresses, waits for space, and confirms what is in the
// file.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/buffer.hpp"
#include "base/hash.hpp"
#include "event/batch.hpp"
#include "plugins/outputs/job_queue.hpp"
#include "plugins/outputs/spare_buffers.hpp"

namespace sluice::plugins {

/// What a batch adds to one file.
struct FilePiece {
  std::string path;
  Buffer bytes;
};

/// One batch, encoded.
struct FileJob {
  BatchRef batch;
  std::vector<FilePiece> pieces;
};

/// Owns the files of one output. A batch is let go when all its bytes were written (for gzip: with the member
/// that holds them). An error such as a full disk delays the file it concerns and is retried until stop().
class FileWriter {
 public:
  struct Settings {
    std::string failure_path;
    int64_t flush_interval_millis = 2000;  // of compressed data
    int64_t stale_millis = 10000;
    bool gzip = false;
    bool create_if_deleted = true;
    bool overwrite = false;
    bool dynamic = false;  // the path depends on the event
    int dir_mode = -1;
    int file_mode = -1;
  };

  explicit FileWriter(Settings settings);
  ~FileWriter();
  void start();
  /// Waits while the thread has much to write; what has to wait for a file that cannot be written is no part
  /// of that. Thread-safe.
  void push(FileJob job);
  /// An empty buffer for a piece. Thread-safe.
  Buffer buffer() { return spare_.take(); }
  /// Writes what is being gathered now.
  void flush();
  /// A last attempt, then what could not be written is abandoned and the files are closed.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct File {
    std::string path;
    int fd = -1;
    dev_t device = 0;
    ino_t inode = 0;
    Buffer gathered;                  // gzip: plain bytes of the next member
    std::vector<BatchRef> gathering;  // the batches that they belong to
    Clock::time_point gathered_since;
    std::vector<Buffer> pending;  // bytes for the file, none of them empty
    size_t written = 0;           // how many of them all are in the file
    std::vector<BatchRef> waiting;
    std::chrono::milliseconds delay{0};  // back-off; zero while all is well
    Clock::time_point retry_at;
    Clock::time_point last_use;
    [[nodiscard]] bool idle() const { return pending.empty() && gathered.empty(); }
  };
  enum class Opened { yes, no, elsewhere };

  void run();
  void finished(size_t bytes);
  void absorb(FileJob& job);
  void service(Clock::time_point now, bool force);
  void service(File& file, Clock::time_point now, bool force);
  void compress(File& file);
  void write_pending(File& file);
  void forget_pending(File& file);
  Opened open(File& file);
  int open_now(File& file);
  int make_folders(const std::string& path) const;
  bool close_least_used(const File& except);
  void redirect(File& file);
  void back_off(File& file, int error);
  void close_stale(Clock::time_point now);
  void give_up();
  File& file(const std::string& path);
  [[nodiscard]] std::optional<Clock::time_point> next_deadline() const;

  Settings settings_;
  JobQueue<FileJob> queue_;
  SpareBuffers spare_;
  std::mutex room_mutex_;
  std::condition_variable room_;
  size_t to_write_ = 0;  // bytes that were pushed and not tried to be written
  TextMap<std::unique_ptr<File>> files_;
  Clock::time_point next_stale_check_{};
  std::atomic<bool> flush_{false};
  std::thread thread_;
};

}  // namespace sluice::plugins
