// The thread of the file input: finds files, reads what is new, follows them through rotation, saves how far
// it got.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plugins/inputs/file/progress.hpp"
#include "plugins/inputs/file/reader.hpp"
#include "plugins/inputs/file/settings.hpp"
#include "plugins/inputs/file/sincedb.hpp"
#include "plugins/inputs/file/stream.hpp"
#include "plugins/inputs/stop_signal.hpp"

namespace sluice::plugins::file {

/// Used by one thread at a time: the input's own while run() lasts.
class Watcher {
 public:
  /// `env`: where positions are saved.
  Watcher(std::shared_ptr<const Settings> settings, plugin::InputSink& sink, const StopSignal& stop,
          Env& env = Env::system());

  /// Reads the sincedb; call before run().
  Status load();
  /// Watches until the stop signal, or with exit_after_read until all has been read; true in the second case.
  bool run();
  /// Ends all streams and saves the positions, after run() has returned.
  void finish();
  /// Saves the positions once more, when the last acknowledgements have come.
  void save() { write_sincedb(); }

 private:
  struct File {
    std::string path;
    FileId id;
    FileInfo info;                       // as last seen
    std::unique_ptr<Reader> reader;      // null: not open
    std::shared_ptr<FileStream> stream;  // from the first line on
    std::shared_ptr<Progress> progress;
    int64_t position = 0;         // where reading goes on when it is opened again
    int64_t checked_size = -1;    // the file's size when nothing more was in it
    int64_t last_read_nanos = 0;  // steady
    int64_t gone_nanos = 0;       // steady; the path no longer leads here. 0: it does
    bool ignored = false;         // too old, never read
    bool ended = false;           // mode read: everything has been pushed
    bool failed = false;
    bool completed = false;                      // mode read: done with, for good
    bool removed = false;                        // deleted by us, or its inode belongs to another file now
    std::shared_ptr<std::atomic<bool>> flushed;  // the stream has made its last event
  };
  using Files = std::map<FileId, std::unique_ptr<File>>;

  void discover();
  void meet(const std::string& path, const FileInfo& info);
  void set_start(File& file);
  [[nodiscard]] bool same_file(const Sincedb::Record& record, const File& file) const;
  [[nodiscard]] std::vector<File*> in_order();

  bool check_all();
  [[nodiscard]] bool over(const File& file) const;
  bool check(File& file);
  void look_again(File& file);
  void truncated(File& file);
  [[nodiscard]] bool too_old(const File& file) const;
  bool open(File& file);
  bool read(File& file);
  void push(File& file, Piece& piece);
  void name_stream(File& file);
  void end_stream(File& file);
  void retire(File& file);
  void complete(File& file);
  void run_completed_action(File& file);
  void close_idle(File& file);
  void write_sincedb();
  void write_sincedb_when_due();
  [[nodiscard]] bool all_completed() const;

  std::shared_ptr<const Settings> settings_;
  plugin::InputSink& sink_;
  const StopSignal& stop_;
  std::shared_ptr<Bell> bell_;
  Sincedb sincedb_;
  Files files_;
  bool first_discovery_ = true;
  bool rediscover_ = false;
  bool limit_told_ = false;
  size_t open_files_ = 0;
  int64_t next_look_ = 0, next_discovery_ = 0, next_save_ = 0;
};

}  // namespace sluice::plugins::file
