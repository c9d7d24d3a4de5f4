#include "base/env.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace sluice {
namespace {

Status failure(int error = errno) {
  const bool full = error == ENOSPC || error == EDQUOT;
  return Status::error(Fault::system, std::strerror(error), full);
}

// Larger writes make the system fetch large pages for its cache, which costs more than the calls.
constexpr size_t kWriteStep = 64 << 10;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

class SystemFile : public Env::File {
 public:
  explicit SystemFile(int fd) : fd_(fd) {}

  Status write(uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n =
          ::pwrite(fd_.get(), bytes.data(), std::min(bytes.size(), kWriteStep), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failure();
      bytes.remove_prefix(static_cast<size_t>(n));
      offset += static_cast<uint64_t>(n);
    }
    return {};
  }

  Result<size_t> read(uint64_t offset, char* to, size_t size) override {
    size_t done = 0;
    while (done < size) {
      const ssize_t n = ::pread(fd_.get(), to + done, size - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failure();
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }

  Status sync() override { return ::fdatasync(fd_.get()) == 0 ? Status{} : failure(); }

  Result<uint64_t> size() override {
    struct stat info {};
    if (::fstat(fd_.get(), &info) != 0) return failure();
    return static_cast<uint64_t>(info.st_size);
  }

 private:
  Descriptor fd_;
};

class SystemLock : public Env::Lock {
 public:
  explicit SystemLock(int fd) : fd_(fd) {}
  [[nodiscard]] bool take() const { return ::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0; }

 private:
  Descriptor fd_;
};

class SystemEnv : public Env {
 public:
  Result<std::unique_ptr<File>> create(const std::string& path) override {
    return opened(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC);
  }
  Result<std::unique_ptr<File>> open(const std::string& path) override {
    return opened(path, O_RDWR | O_CLOEXEC);
  }
  Status rename(const std::string& from, const std::string& to) override {
    return ::rename(from.c_str(), to.c_str()) == 0 ? Status{} : failure();
  }
  Status remove(const std::string& path) override {
    return ::unlink(path.c_str()) == 0 ? Status{} : failure();
  }
  Result<std::vector<std::string>> list(const std::string& folder) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()), ::closedir);
    if (!entries) return failure();
    std::vector<std::string> names;
    while (const auto* entry = ::readdir(entries.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    return names;
  }
  Status make_folders(const std::string& folder) override {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    return error ? failure(error.value()) : Status{};
  }
  Status sync_folder(const std::string& folder) override {
    const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0 || ::fsync(fd.get()) != 0) return failure();
    return {};
  }
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return failure();
    auto lock = std::make_unique<SystemLock>(fd);
    if (!lock->take()) return failure();
    return std::unique_ptr<Lock>(std::move(lock));
  }

 private:
  static Result<std::unique_ptr<File>> opened(const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags, 0644);
    if (fd < 0) return failure();
    return std::unique_ptr<File>(std::make_unique<SystemFile>(fd));
  }
};

}  // namespace

Env& Env::system() {
  static SystemEnv env;
  return env;
}

}  // namespace sluice
