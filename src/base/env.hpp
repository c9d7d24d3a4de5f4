// The operating system as durable state sees it: the seam at which tests stop the process, fill the disk or
// drop what was not synced.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"

namespace sluice {

/// Files and folders. Errors are the system's words without the path, which the caller knows; an error that
/// room on the disk would mend is retriable. Thread-safe; the files it opens are not.
class Env {
 public:
  /// An open file, closed by its destructor.
  class File {
   public:
    virtual ~File() = default;
    /// All of `bytes` at `offset`; after an error any part of them may be there.
    virtual Status write(uint64_t offset, std::string_view bytes) = 0;
    /// Up to `size` bytes at `offset`; fewer only at the end of the file.
    virtual Result<size_t> read(uint64_t offset, char* to, size_t size) = 0;
    /// Returns when what was written survives a loss of power.
    virtual Status sync() = 0;
    virtual Result<uint64_t> size() = 0;
  };
  /// Held until destroyed, also against other processes.
  class Lock {
   public:
    virtual ~Lock() = default;
  };

  virtual ~Env() = default;
  /// A new, empty file to read and write; an error when there is one of that name.
  virtual Result<std::unique_ptr<File>> create(const std::string& path) = 0;
  /// A file that exists, to read and write.
  virtual Result<std::unique_ptr<File>> open(const std::string& path) = 0;
  /// Replaces `to` in one step.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  /// Names of what is in a folder, in no order.
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  /// The folder and its parents; none is an error for being there.
  virtual Status make_folders(const std::string& folder) = 0;
  /// Returns when names created, renamed and removed in the folder survive a loss of power.
  virtual Status sync_folder(const std::string& folder) = 0;
  /// An error when another process, or this one, has it.
  virtual Result<std::unique_ptr<Lock>> lock(const std::string& path) = 0;

  /// The machine's.
  static Env& system();
};

}  // namespace sluice
