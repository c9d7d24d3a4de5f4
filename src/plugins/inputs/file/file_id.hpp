// Which file a path leads to, whatever it is called.
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <compare>
#include <cstdint>
#include <string>

namespace sluice::plugins::file {

/// Inode and device, as the sincedb writes them.
struct FileId {
  uint64_t inode = 0;
  uint32_t major = 0;
  uint32_t minor = 0;
  auto operator<=>(const FileId&) const = default;
};

/// What a look at a path gave.
struct FileInfo {
  FileId id;
  int64_t size = 0;
  int64_t modified_nanos = 0;
  int64_t born_nanos = 0;  // 0: the file system does not say
  uint32_t links = 0;
  bool regular = false;
};

/// False when there is nothing at the path.
bool look_at(const std::string& path, FileInfo& info);
/// The same for an open file.
bool look_at(int fd, FileInfo& info);

}  // namespace sluice::plugins::file
