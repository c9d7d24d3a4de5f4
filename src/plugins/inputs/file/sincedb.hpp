// The checkpoint file, in Logstash's format: one line a file, `inode major minor position last-active path`.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/env.hpp"
#include "base/status.hpp"
#include "plugins/inputs/file/file_id.hpp"
#include "plugins/inputs/file/progress.hpp"

namespace sluice::plugins::file {

/// How far each file has been read. Used by the watcher's thread only.
class Sincedb {
 public:
  struct Record {
    int64_t position = 0;
    int64_t last_active_nanos = 0;   // 0: unknown (the first version of the format)
    std::string path;                // empty: unknown
    std::shared_ptr<Progress> live;  // of a file read in this run: says the position
    uint64_t fingerprint = 0;        // of the file's first line, known in this run only; 0: none
    bool watched = false;
  };

  Sincedb(Env& env, std::string path) : env_(env), path_(std::move(path)) {}

  /// Reads the file; a missing one is empty. Lines that cannot be understood are skipped and counted.
  Status load(size_t& skipped);
  /// Replaces it in one step that survives a loss of power, when something changed; records of files that are
  /// not watched and were last active longer than `keep_millis` ago are dropped.
  Status save(int64_t keep_millis);

  [[nodiscard]] Record* find(const FileId& id);
  Record& at(const FileId& id) { return records_[id]; }
  void erase(const FileId& id) { records_.erase(id); }
  [[nodiscard]] const std::string& path() const { return path_; }

  /// The default place: below `path_data`, named by the MD5 of the paths.
  static std::string default_path(const std::string& path_data, const std::vector<std::string>& paths);

 private:
  std::string text(int64_t keep_millis);

  Env& env_;  // saves; loading is the system's
  std::string path_;
  std::map<FileId, Record> records_;
  std::string saved_;  // what the file holds
};

}  // namespace sluice::plugins::file
