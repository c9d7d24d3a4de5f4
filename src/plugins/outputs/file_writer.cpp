#include "plugins/outputs/file_writer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/log.hpp"
#include "net/compress.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.outputs.file";
constexpr int kGzipLevel = 6;
constexpr size_t kMemberBytes = 1 << 20;  // gathered bytes that are not worth waiting with
constexpr size_t kKeptBuffer = 4 << 20;
constexpr size_t kMostVectors = 64;  // buffers to one system call
// Bytes to one system call. For larger ones the kernel puts large pages into its cache, which are the ones
// that a virtual machine gives back to its host when they are free, and has to ask for again: 40 % of a
// case's CPU time.
constexpr size_t kMostBytes = 64 << 10;
// Workers do not get further ahead than this: behind the bytes are whole batches, and memory that is used
// again soon is still in the processor's cache.
constexpr size_t kMostToWrite = 2 << 20;
constexpr std::chrono::milliseconds kFirstDelay{500}, kLongestDelay{30000}, kPipeDelay{50};

// Errors that the event's own text causes: waiting cannot mend them.
bool path_is_at_fault(int error) {
  return error == ENAMETOOLONG || error == EISDIR || error == ENOTDIR || error == EINVAL || error == ELOOP;
}

size_t bytes_of(const FileJob& job) {
  size_t bytes = 0;
  for (const auto& piece : job.pieces) bytes += piece.bytes.size();
  return bytes;
}

// What is left of `buffers` behind their first `skip` bytes, as many of them as one call may write.
size_t vectors_behind(std::vector<Buffer>& buffers, size_t skip, std::array<iovec, kMostVectors>& vectors) {
  size_t n = 0, room = kMostBytes;
  for (auto& buffer : buffers) {
    if (n == kMostVectors || room == 0) break;
    if (skip < buffer.size()) {
      const size_t taken = std::min(buffer.size() - skip, room);
      vectors[n++] = {buffer.data() + skip, taken};
      room -= taken;
    }
    skip -= std::min(skip, buffer.size());
  }
  return n;
}

}  // namespace

FileWriter::FileWriter(Settings settings) : settings_(std::move(settings)) {}

FileWriter::~FileWriter() { stop(); }

void FileWriter::start() {
  thread_ = std::thread([this] { run(); });
}

void FileWriter::push(FileJob job) {
  {
    std::unique_lock lock(room_mutex_);
    room_.wait(lock, [this] { return to_write_ < kMostToWrite; });
    to_write_ += bytes_of(job);
  }
  queue_.push(std::move(job));
}

void FileWriter::finished(size_t bytes) {
  {
    const std::scoped_lock lock(room_mutex_);
    to_write_ -= bytes;
  }
  room_.notify_all();
}

void FileWriter::flush() {
  flush_.store(true);
  queue_.wake();
}

void FileWriter::stop() {
  queue_.close();
  if (thread_.joinable()) thread_.join();
}

void FileWriter::run() {
  std::vector<FileJob> jobs;
  while (queue_.take(jobs, next_deadline())) {
    size_t bytes = 0;
    for (auto& job : jobs) {
      bytes += bytes_of(job);
      absorb(job);
    }
    jobs.clear();
    service(Clock::now(), flush_.exchange(false));
    finished(bytes);
  }
  service(Clock::now(), true);
  give_up();
}

FileWriter::File& FileWriter::file(const std::string& path) {
  auto& slot = files_[path];
  if (!slot) {
    slot = std::make_unique<File>();
    slot->path = path;
  }
  return *slot;
}

void FileWriter::absorb(FileJob& job) {
  const auto now = Clock::now();
  for (auto& piece : job.pieces) {
    if (piece.bytes.empty()) continue;
    File& target = file(piece.path);
    target.last_use = now;
    if (settings_.gzip) {
      if (target.gathered.empty()) target.gathered_since = now;
      if (settings_.overwrite) target.gathered.clear();  // only the newest event counts
      target.gathered.append(piece.bytes.view());
      spare_.give_back(std::move(piece.bytes));
    } else {
      if (settings_.overwrite) forget_pending(target);
      target.pending.push_back(std::move(piece.bytes));
    }
    auto& owners = settings_.gzip ? target.gathering : target.waiting;
    if (owners.empty() || owners.back().get() != job.batch.get()) owners.push_back(job.batch);
  }
}

void FileWriter::service(Clock::time_point now, bool force) {
  // redirect() may add the failure file while we look at the others.
  std::vector<File*> all;
  for (auto& [path, file] : files_)
    if (!file->idle()) all.push_back(file.get());
  for (auto* file : all) service(*file, now, force);
  if (const auto failure = files_.find(settings_.failure_path); failure != files_.end())
    service(*failure->second, now, force);
  close_stale(now);
}

void FileWriter::service(File& file, Clock::time_point now, bool force) {
  if (!file.gathered.empty()) {
    const auto interval = std::chrono::milliseconds(settings_.flush_interval_millis);
    if (force || file.gathered.size() >= kMemberBytes || now - file.gathered_since >= interval)
      compress(file);
  }
  if (!file.pending.empty() && (force || now >= file.retry_at)) write_pending(file);
}

// One whole gzip member: a reader of the file never meets an unfinished one, whatever happens to us.
void FileWriter::compress(File& file) {
  if (settings_.overwrite) forget_pending(file);
  Buffer member = spare_.take();
  member.append(net::compress(net::Compression::gzip, file.gathered.view(), kGzipLevel).view());
  file.pending.push_back(std::move(member));
  if (file.gathered.capacity() > kKeptBuffer)
    file.gathered = Buffer();
  else
    file.gathered.clear();
  for (auto& batch : file.gathering) file.waiting.push_back(std::move(batch));
  file.gathering.clear();
}

void FileWriter::forget_pending(File& file) {
  for (auto& buffer : file.pending) spare_.give_back(std::move(buffer));
  file.pending.clear();
  file.written = 0;
}

void FileWriter::write_pending(File& file) {
  switch (open(file)) {
    case Opened::no:
      return;
    case Opened::elsewhere:
      return redirect(file);
    case Opened::yes:
      break;
  }
  if (settings_.overwrite && file.written == 0 &&
      (::ftruncate(file.fd, 0) != 0 || ::lseek(file.fd, 0, SEEK_SET) != 0) && errno != EINVAL &&
      errno != ESPIPE)
    return back_off(file, errno);
  std::array<iovec, kMostVectors> vectors;
  while (const size_t count = vectors_behind(file.pending, file.written, vectors)) {
    const ssize_t n = ::writev(file.fd, vectors.data(), static_cast<int>(count));
    if (n >= 0)
      file.written += static_cast<size_t>(n);
    else if (errno != EINTR)
      return back_off(file, errno);
  }
  forget_pending(file);
  if (file.delay.count() != 0) log::info(kLogger, "Writing again", {{"path", file.path}});
  file.delay = {};
  file.retry_at = {};
  file.waiting.clear();
}

// The file may have been removed or replaced (log rotation) since the last batch.
FileWriter::Opened FileWriter::open(File& file) {
  struct stat now {};
  const bool there = ::stat(file.path.c_str(), &now) == 0;
  if (file.fd >= 0 && there && now.st_dev == file.device && now.st_ino == file.inode) return Opened::yes;
  if (file.fd >= 0) ::close(std::exchange(file.fd, -1));
  if (!there && errno == ENOENT && !settings_.create_if_deleted && file.path != settings_.failure_path)
    return Opened::elsewhere;
  int error = open_now(file);
  if ((error == EMFILE || error == ENFILE) && close_least_used(file)) error = open_now(file);
  if (error == 0) return Opened::yes;
  if (settings_.dynamic && path_is_at_fault(error) && file.path != settings_.failure_path) {
    log::warn(kLogger, "No file can have this path; its events go to the failure file",
              {{"path", file.path}, {"error", std::strerror(error)}, {"filename", settings_.failure_path}});
    return Opened::elsewhere;
  }
  back_off(file, error);
  return Opened::no;
}

// Zero, or the error.
int FileWriter::open_now(File& file) {
  if (const int error = make_folders(file.path)) return error;
  struct stat s {};
  const bool existed = ::stat(file.path.c_str(), &s) == 0;
  // A named pipe is opened for both ends, so that neither opening nor writing waits for its reader.
  const bool pipe = existed && S_ISFIFO(s.st_mode);
  const int flags =
      (pipe ? O_RDWR | O_NONBLOCK : O_WRONLY | O_CREAT) | (settings_.overwrite ? 0 : O_APPEND) | O_CLOEXEC;
  file.fd = ::open(file.path.c_str(), flags, 0666);
  if (file.fd < 0) return errno;
  if (!existed && settings_.file_mode >= 0) (void)::fchmod(file.fd, static_cast<mode_t>(settings_.file_mode));
  if (::fstat(file.fd, &s) == 0) {
    file.device = s.st_dev;
    file.inode = s.st_ino;
  }
  file.written = 0;  // another file: it gets the whole of what is pending
  return 0;
}

int FileWriter::make_folders(const std::string& path) const {
  const size_t last = path.rfind('/');
  if (last == std::string::npos || last == 0) return 0;
  struct stat s {};
  if (::stat(path.substr(0, last).c_str(), &s) == 0) return 0;
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (::mkdir(folder.c_str(), 0777) == 0) {
      if (settings_.dir_mode >= 0) (void)::chmod(folder.c_str(), static_cast<mode_t>(settings_.dir_mode));
    } else if (errno != EEXIST && ::stat(folder.c_str(), &s) != 0) {
      return errno;
    }
  }
  return 0;
}

bool FileWriter::close_least_used(const File& except) {
  File* oldest = nullptr;
  for (auto& [path, file] : files_) {
    const bool candidate = file->fd >= 0 && file.get() != &except;
    if (candidate && (!oldest || file->last_use < oldest->last_use)) oldest = file.get();
  }
  // A half-written one would be written anew from its start.
  if (!oldest || oldest->written != 0) return false;
  ::close(std::exchange(oldest->fd, -1));
  return true;
}

void FileWriter::redirect(File& file) {
  File& failure = this->file(settings_.failure_path);
  failure.last_use = Clock::now();
  for (auto& buffer : file.pending) failure.pending.push_back(std::move(buffer));
  file.pending.clear();
  for (auto& batch : file.waiting) failure.waiting.push_back(std::move(batch));
  file.waiting.clear();
  file.written = 0;
}

void FileWriter::back_off(File& file, int error) {
  if (error == EAGAIN) {  // a named pipe that is full
    file.retry_at = Clock::now() + kPipeDelay;
    return;
  }
  file.delay = file.delay.count() == 0 ? kFirstDelay : std::min(file.delay * 2, kLongestDelay);
  file.retry_at = Clock::now() + file.delay;
  log::error(kLogger, "The file cannot be written; its events wait and will be written later",
             {{"path", file.path}, {"error", std::strerror(error)}, {"retry_in_ms", file.delay.count()}});
}

void FileWriter::close_stale(Clock::time_point now) {
  if (now < next_stale_check_) return;
  const auto interval = std::chrono::milliseconds(std::max<int64_t>(settings_.stale_millis, 100));
  next_stale_check_ = now + interval;
  std::erase_if(files_, [&](auto& entry) {
    File& file = *entry.second;
    if (!file.idle() || now - file.last_use < interval) return false;
    if (file.fd >= 0) ::close(file.fd);
    return true;
  });
}

void FileWriter::give_up() {
  for (auto& [path, file] : files_) {
    const bool lost = !file->idle();
    if (lost)
      log::warn(kLogger, "Events were not written before the end; their sources keep them", {{"path", path}});
    for (auto* owners : {&file->waiting, &file->gathering}) {
      for (auto& batch : *owners)
        if (lost) batch->abandon();
      owners->clear();
    }
    if (file->fd >= 0) ::close(file->fd);
  }
  files_.clear();
}

std::optional<FileWriter::Clock::time_point> FileWriter::next_deadline() const {
  std::optional<Clock::time_point> next;
  const auto sooner = [&](Clock::time_point at) {
    if (!next || at < *next) next = at;
  };
  for (const auto& [path, file] : files_) {
    if (!file->gathered.empty())
      sooner(file->gathered_since + std::chrono::milliseconds(settings_.flush_interval_millis));
    if (!file->pending.empty()) sooner(file->retry_at);
  }
  if (!files_.empty()) sooner(next_stale_check_);
  return next;
}

}  // namespace sluice::plugins
