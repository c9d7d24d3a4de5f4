#include "base/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/env.hpp"

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

Status replace_file(Env& env, const std::string& path, std::string_view bytes) {
  const std::string fresh = path + ".tmp";
  (void)env.remove(fresh);  // of a run that was stopped here
  {
    auto file = env.create(fresh);
    if (!file.ok()) return file.status();
    if (auto status = (*file)->write(0, bytes); !status.ok()) return status;
    if (auto status = (*file)->sync(); !status.ok()) return status;
  }
  if (auto status = env.rename(fresh, path); !status.ok()) return status;
  const size_t slash = path.rfind('/');
  return env.sync_folder(slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1)));
}

}  // namespace sluice
