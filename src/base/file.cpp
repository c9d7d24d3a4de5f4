#include "base/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sluice {

Result<std::string> read_file(const std::string& path, size_t limit) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Status::system(std::strerror(errno));
  std::string text;
  char piece[64 << 10];
  ssize_t n = 0;
  while (text.size() <= limit) {
    n = ::read(fd, piece, std::min(sizeof piece, limit + 1 - text.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(piece, static_cast<size_t>(n));
  }
  const int error = n < 0 ? errno : 0;
  ::close(fd);
  if (error) return Status::system(std::strerror(error));
  return text;
}

}  // namespace sluice
