#include "plugins/inputs/file/watcher.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "base/log.hpp"
#include "base/time.hpp"
#include "plugin/lane.hpp"
#include "plugins/inputs/file/glob.hpp"

namespace sluice::plugins::file {
namespace {

constexpr std::string_view kLogger = "logstash.inputs.file";
constexpr int64_t kNanosPerMilli = 1'000'000;
// A clock tick of tolerance between a file's birth and our note of having read it.
constexpr int64_t kBirthTolerance = kNanosPerMilli;
// One file's turn in mode tail, so that a busy one does not keep the others (and the saving of positions)
// waiting.
constexpr uint64_t kChunksPerTurn = 256;
// An open file whose path leads elsewhere is kept this long after its last line.
constexpr int64_t kRotationPatienceMillis = 5000;

}  // namespace

Watcher::Watcher(std::shared_ptr<const Settings> settings, plugin::InputSink& sink, const StopSignal& stop,
                 Env& env)
    : settings_(std::move(settings)),
      sink_(sink),
      stop_(stop),
      bell_(std::make_shared<Bell>()),
      sincedb_(env, settings_->sincedb_path) {}

Status Watcher::load() {
  size_t skipped = 0;
  auto status = sincedb_.load(skipped);
  if (skipped)
    log::warn(kLogger, "The sincedb has lines that cannot be understood; they are left out",
              {{"sincedb_path", sincedb_.path()}, {"lines", skipped}});
  return status;
}

bool Watcher::run() {
  const auto& s = *settings_;
  while (!stop_.is_set()) {
    const int64_t now = steady_nanos();
    if (rediscover_ || now >= next_discovery_) {
      discover();
      next_discovery_ = now + s.discover_millis * kNanosPerMilli;
    }
    const bool look = now >= next_look_;
    if (look) {
      for (auto* file : in_order()) look_again(*file);
      next_look_ = now + s.stat_millis * kNanosPerMilli;
      if (rediscover_) continue;
    }
    const bool busy = check_all();
    write_sincedb_when_due();
    if (s.exit_after_read && all_completed()) return true;
    if (busy || stop_.is_set()) continue;
    const int64_t until = std::min({next_look_, next_discovery_, next_save_}) - steady_nanos();
    const int64_t millis =
        std::clamp<int64_t>(until / kNanosPerMilli + 1, 0, std::numeric_limits<int>::max());
    if (stop_.wait(bell_->fd(), static_cast<int>(millis))) bell_->quiet();
  }
  return false;
}

void Watcher::discover() {
  rediscover_ = false;
  for (const auto& pattern : settings_->paths) {
    for (const auto& path : expand_glob(pattern)) {
      FileInfo info;
      if (name_matches(path, settings_->exclude) || !look_at(path, info) || !info.regular) continue;
      meet(path, info);
    }
  }
  first_discovery_ = false;
}

void Watcher::meet(const std::string& path, const FileInfo& info) {
  auto& known = files_[info.id];
  if (known) {
    if (known->path == path) return;
    FileInfo now;
    // Renamed, unless the old path leads here as well (a link).
    if (look_at(known->path, now) && now.id == info.id) return;
    log::debug(kLogger, "A watched file has a new name", {{"from", known->path}, {"to", path}});
    known->path = path;
    known->gone_nanos = 0;
    if (auto* record = sincedb_.find(info.id)) record->path = path;
    return;
  }
  known = std::make_unique<File>();
  known->path = path;
  known->id = info.id;
  known->info = info;
  set_start(*known);
}

bool Watcher::same_file(const Sincedb::Record& record, const File& file) const {
  if (record.fingerprint) {
    const int fd = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return true;
    const bool same = first_line_fingerprint(fd, settings_->delimiter) == record.fingerprint;
    ::close(fd);
    return same;
  }
  if (file.info.born_nanos > 0 && record.last_active_nanos > 0)
    return file.info.born_nanos <= record.last_active_nanos + kBirthTolerance;
  return record.path.empty() || record.path == file.path;
}

void Watcher::set_start(File& file) {
  const auto& s = *settings_;
  auto* record = sincedb_.find(file.id);
  if (record && record->live) {
    record->position = record->live->delivered();
    record->last_active_nanos = std::max(record->last_active_nanos, record->live->last_active());
  }
  if (record && !same_file(*record, file)) {
    sincedb_.erase(file.id);
    record = nullptr;
  }
  if (record) {
    file.position = record->position <= file.info.size ? record->position : 0;
    if (s.mode == Mode::read && file.position == file.info.size && file.info.size > 0) file.ended = true;
  } else if (s.mode == Mode::tail && first_discovery_ && !s.from_beginning) {
    file.position = file.info.size;
  }
  file.ignored = !record && too_old(file);
  if (file.ignored && s.mode == Mode::tail) file.position = file.info.size;
  file.progress = std::make_shared<Progress>(bell_, file.position);
  auto& entry = sincedb_.at(file.id);
  entry.path = file.path;
  entry.live = file.progress;
  entry.watched = true;
  // With the clock set back a file may have been born later than it is read; it is the same one all the same.
  entry.last_active_nanos = std::max(entry.last_active_nanos, file.info.born_nanos);
  // Read to its end by an earlier run: a log line about it is not written twice, but it may still have to be
  // deleted.
  if (!file.ended) return;
  if (s.delete_completed && !s.log_completed)
    complete(file);
  else
    file.completed = true;
}

std::vector<Watcher::File*> Watcher::in_order() {
  std::vector<File*> all;
  all.reserve(files_.size());
  for (auto& [id, file] : files_) all.push_back(file.get());
  const bool by_path = settings_->sort_by_path;
  std::sort(all.begin(), all.end(), [by_path](const File* a, const File* b) {
    if (!by_path && a->info.modified_nanos != b->info.modified_nanos)
      return a->info.modified_nanos < b->info.modified_nanos;
    return a->path < b->path;
  });
  if (settings_->descending) std::reverse(all.begin(), all.end());
  return all;
}

bool Watcher::too_old(const File& file) const {
  return settings_->ignore_older_millis >= 0 &&
         wall_nanos() - file.info.modified_nanos > settings_->ignore_older_millis * kNanosPerMilli;
}

void Watcher::look_again(File& file) {
  FileInfo now;
  const bool there = look_at(file.path, now) && now.id == file.id;
  if (!there) {
    if (file.gone_nanos == 0) {
      file.gone_nanos = file.last_read_nanos = steady_nanos();
      rediscover_ = true;  // it may have a new name, and another file its old one
    }
    if (!file.reader || !look_at(file.reader->fd(), now)) return;
  }
  if (there) file.gone_nanos = 0;
  const bool reborn = !file.reader && file.info.born_nanos != now.born_nanos;
  if (there && (reborn || (file.completed && now.size < file.info.size))) {
    file.removed = rediscover_ = true;  // deleted, and its inode given to a new file
    return;
  }
  file.info = now;
  if (file.ignored && !too_old(file)) file.ignored = false;
  if (settings_->mode == Mode::tail && now.size < (file.reader ? file.reader->position() : file.position))
    truncated(file);
}

void Watcher::truncated(File& file) {
  log::info(kLogger, "File was truncated, reading it from its beginning", {{"path", file.path}});
  end_stream(file);
  if (file.reader) {
    file.reader.reset();
    --open_files_;
  }
  file.position = 0;
  file.checked_size = -1;
  file.progress = std::make_shared<Progress>(bell_, 0);
  auto& entry = sincedb_.at(file.id);
  entry.live = file.progress;
  entry.fingerprint = 0;
}

bool Watcher::check_all() {
  bool busy = false;
  for (auto* file : in_order()) {
    if (stop_.is_set()) break;
    busy |= check(*file);
  }
  for (auto at = files_.begin(); at != files_.end();) {
    if (over(*at->second)) {
      retire(*at->second);
      at = files_.erase(at);
    } else {
      ++at;
    }
  }
  return busy;
}

bool Watcher::over(const File& file) const {
  if (file.removed) return true;
  if (file.gone_nanos == 0) return false;
  if (settings_->mode == Mode::read) return file.completed || (!file.reader && !file.ended);
  if (!file.reader) return true;
  // Its writer may not have noticed the rotation yet, so an open file stays a while.
  const int64_t patience = std::max(kRotationPatienceMillis, 2 * settings_->stat_millis) * kNanosPerMilli;
  const bool quiet = steady_nanos() - file.last_read_nanos > patience;
  return file.checked_size == file.info.size && (file.info.links == 0 || quiet);
}

bool Watcher::check(File& file) {
  if (file.completed || file.ignored) return false;
  if (file.ended) {
    complete(file);
    return false;
  }
  const int64_t position = file.reader ? file.reader->position() : file.position;
  const bool something =
      settings_->mode == Mode::read || (file.info.size > position && file.info.size != file.checked_size);
  if (!something) {
    close_idle(file);
    return false;
  }
  if (!file.reader && !open(file)) return false;
  return read(file);
}

bool Watcher::read(File& file) {
  const bool whole = settings_->mode == Mode::read;
  file.last_read_nanos = steady_nanos();
  Piece piece;
  const uint64_t turn = whole ? settings_->chunk_count : std::min(settings_->chunk_count, kChunksPerTurn);
  for (uint64_t i = 0; i < turn; ++i) {
    write_sincedb_when_due();
    if (!(file.stream ? plugin::wait_room(sink_, *file.stream, stop_.flag())
                      : sink_.wait_ready(stop_.flag())))
      return false;
    if (stop_.is_set()) return false;
    switch (file.reader->next(whole, piece)) {
      case Reader::Outcome::piece:
        push(file, piece);
        continue;
      case Reader::Outcome::skipped:
        file.progress->skip(file.reader->position());
        continue;
      case Reader::Outcome::failed:
        if (!file.failed)
          log::error(kLogger, "The file cannot be read further",
                     {{"path", file.path}, {"error", file.reader->error()}});
        file.failed = true;
        break;
      case Reader::Outcome::nothing:
        break;
    }
    file.checked_size = file.info.size;
    if (!whole) return false;
    if (!file.failed) file.progress->skip(file.reader->position());
    file.position = file.reader->position();
    file.reader.reset();
    --open_files_;
    file.ended = true;
    end_stream(file);
    return false;
  }
  return true;
}

void Watcher::push(File& file, Piece& piece) {
  if (piece.cut) {
    settings_->metrics->counter("lines_cut").add(1);
    log::warn(
        kLogger, "A line is longer than max_line_bytes and was cut",
        {{"path", file.path}, {"position", piece.position}, {"max_line_bytes", settings_->max_line_bytes}});
  }
  if (!file.stream) name_stream(file);
  plugin::Chunk chunk;
  chunk.bytes = piece.bytes;
  chunk.slab = std::move(piece.slab);
  chunk.position = static_cast<uint64_t>(piece.position);
  chunk.ack = file.progress->send(piece.end);
  sink_.push(file.stream, std::move(chunk));
}

void Watcher::close_idle(File& file) {
  if (!file.reader || file.gone_nanos || settings_->close_older_millis < 0) return;
  if (steady_nanos() - file.last_read_nanos < settings_->close_older_millis * kNanosPerMilli) return;
  file.position = file.reader->position();
  file.reader.reset();
  --open_files_;
}

bool Watcher::all_completed() const {
  return std::all_of(files_.begin(), files_.end(), [](const auto& at) {
    const File& file = *at.second;
    return file.completed || file.ignored || (file.failed && !file.reader && !file.ended);
  });
}

void Watcher::write_sincedb() {
  if (auto status = sincedb_.save(settings_->sincedb_clean_millis); !status.ok())
    log::error(kLogger, "The sincedb cannot be written; files may be read again after a restart",
               {{"sincedb_path", sincedb_.path()}, {"error", status.message()}});
}

void Watcher::write_sincedb_when_due() {
  const int64_t now = steady_nanos();
  if (now < next_save_) return;
  write_sincedb();
  next_save_ = now + settings_->sincedb_write_millis * kNanosPerMilli;
}

void Watcher::finish() {
  for (auto& [id, file] : files_) {
    end_stream(*file);
    if (file->reader) --open_files_;
    file->reader.reset();
  }
  write_sincedb();
}

}  // namespace sluice::plugins::file
