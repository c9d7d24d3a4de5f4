// What happens to one file of the watcher at its beginning and at its end.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.hpp"
#include "base/time.hpp"
#include "plugins/inputs/file/watcher.hpp"

namespace sluice::plugins::file {
namespace {
constexpr std::string_view kLogger = "logstash.inputs.file";
}

bool Watcher::open(File& file) {
  const auto& s = *settings_;
  if (open_files_ >= s.max_open_files) {
    if (!limit_told_)
      log::warn(kLogger, "max_open_files reached; further files wait until others are closed",
                {{"max_open_files", s.max_open_files}});
    limit_told_ = true;
    return false;
  }
  const bool gzip = s.mode == Mode::read && is_gzip_name(file.path);
  if (gzip && s.check_archives) {
    if (auto status = check_archive(file.path); !status.ok()) {
      log::warn(kLogger, "The archive is damaged and is left alone",
                {{"path", file.path}, {"error", status.message()}});
      file.ended = file.failed = file.completed = true;
      return false;
    }
  }
  const int fd = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (!file.failed)
      log::warn(kLogger, "The file cannot be opened; trying again",
                {{"path", file.path}, {"error", std::strerror(errno)}});
    file.failed = true;
    return false;
  }
  FileInfo now;
  if (!look_at(fd, now) || now.id != file.id) {  // replaced since the last look
    ::close(fd);
    return false;
  }
  file.failed = false;
  auto* record = sincedb_.find(file.id);
  if (record && record->fingerprint && record->fingerprint != first_line_fingerprint(fd, s.delimiter)) {
    // Closed in between, deleted, and its inode given to another file.
    end_stream(file);
    file.position = 0;
    file.progress = std::make_shared<Progress>(bell_, 0);
    record->live = file.progress;
    record->fingerprint = 0;
  }
  ReaderLimits limits{s.delimiter, s.chunk_size, s.max_line_bytes};
  file.reader = gzip ? Reader::gzip(fd, now.size, std::move(limits))
                     : Reader::plain(fd, file.position, std::move(limits));
  file.last_read_nanos = steady_nanos();
  ++open_files_;
  return true;
}

void Watcher::name_stream(File& file) {
  // Inode numbers are given out again and truncated files begin anew; the first line tells such files apart,
  // and is the same after a restart.
  const uint64_t fingerprint = first_line_fingerprint(file.reader->fd(), settings_->delimiter);
  auto& record = sincedb_.at(file.id);
  record.fingerprint = fingerprint;
  const std::string name = std::to_string(file.id.inode) + "-" + std::to_string(file.id.major) + "-" +
                           std::to_string(file.id.minor) + "-" + std::to_string(fingerprint);
  file.stream = std::make_shared<FileStream>(settings_, file.path, name);
}

void Watcher::end_stream(File& file) {
  file.flushed = std::make_shared<std::atomic<bool>>(file.stream == nullptr);
  if (!file.stream) return;
  sink_.finish(std::move(file.stream), [flushed = file.flushed, bell = bell_] {
    flushed->store(true, std::memory_order_release);
    bell->ring();
  });
  file.stream.reset();
}

void Watcher::retire(File& file) {
  FileInfo last;
  bool deleted = false;
  if (file.reader) {
    deleted = look_at(file.reader->fd(), last) && last.links == 0;
    Piece piece;
    // Nobody will write the end of an unfinished last line any more.
    while (file.reader->next(true, piece) == Reader::Outcome::piece) push(file, piece);
    file.reader.reset();
    --open_files_;
  }
  end_stream(file);
  if (auto* record = sincedb_.find(file.id)) record->watched = false;
  // A deleted file's inode may be another file's tomorrow.
  if (deleted || file.removed) sincedb_.erase(file.id);
}

void Watcher::complete(File& file) {
  if (file.completed) return;
  if (file.flushed && !file.flushed->load(std::memory_order_acquire)) return;
  if (file.progress->lost() || !file.progress->idle()) return;
  file.completed = true;
  if (file.failed) {
    log::warn(kLogger, "The file was not read to its end and is kept", {{"path", file.path}});
    return;
  }
  run_completed_action(file);
}

void Watcher::run_completed_action(File& file) {
  const auto& s = *settings_;
  if (s.log_completed) {
    const int fd = ::open(s.completed_log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const std::string line = file.path + "\n";
    if (fd < 0 || ::write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
      log::error(kLogger, "file_completed_log_path cannot be written",
                 {{"path", s.completed_log_path}, {"error", std::strerror(errno)}});
    if (fd >= 0) ::close(fd);
  }
  if (!s.delete_completed) return;
  FileInfo now;
  const bool replaced = look_at(file.path, now) && now.id != file.id;
  file.removed = replaced || ::unlink(file.path.c_str()) == 0 || errno == ENOENT;
  if (!file.removed)
    log::error(kLogger, "The completed file cannot be deleted",
               {{"path", file.path}, {"error", std::strerror(errno)}});
}

}  // namespace sluice::plugins::file
