#include "queue/letter_writer.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "base/log.hpp"
#include "base/time.hpp"

namespace sluice::queue {
namespace {

constexpr std::string_view kLogger = "logstash.dlq";
constexpr std::string_view kNumber = "number.";
constexpr int64_t kLinePause = 1'000'000'000;  // nanoseconds between lines about letters that are not kept
constexpr uint64_t kLeastSegments = 8;  // of a full queue, so that dropping one drops an eighth at most

Key metadata_name() {
  static const Key key = Key::intern("dead_letter_queue");
  return key;
}

std::string number_file(uint64_t number) {
  return std::string(kNumber) + segment_name(number).substr(segment_name(number).find('.') + 1);
}

Status named(const Status& status, const std::string& folder, std::string_view what) {
  return Status::error(Fault::queue,
                       fmt::format("the dead letter queue {} {}: {}", folder, what, status.message()),
                       status.retriable());
}

}  // namespace

LetterWriter::LetterWriter(Env& env, LetterSettings settings)
    : env_(env), settings_([&] {
        settings.segment_bytes =
            std::min(settings.segment_bytes, std::max<uint64_t>(settings.max_bytes / kLeastSegments, 1));
        return std::move(settings);
      }()) {
  // Two segments that follow each other have more letters than one may: there are no more headers than these.
  const uint64_t headers = (2 * settings_.max_bytes / settings_.segment_bytes + 2) * kSegmentHeader;
  for_letters_ = settings_.max_bytes - std::min(headers, settings_.max_bytes);
  figures_.max_bytes = settings_.max_bytes;
  figures_.last_error = "no errors";
  figures_.storage_policy = settings_.drop_older ? "drop_older" : "drop_newer";
  figures_.path = settings_.folder;
}

LetterWriter::~LetterWriter() { close(); }

std::string LetterWriter::path_of(const LetterSegment& segment) const {
  return settings_.folder + "/" + segment.name();
}

Result<std::shared_ptr<LetterWriter>> LetterWriter::open(Env& env, LetterSettings settings) {
  std::shared_ptr<LetterWriter> writer(new LetterWriter(env, std::move(settings)));
  if (auto status = writer->recover(); !status.ok()) return status;
  if (writer->settings_.background) writer->thread_ = std::thread([raw = writer.get()] { raw->run(); });
  return writer;
}

Status LetterWriter::recover() {
  const auto& folder = settings_.folder;
  if (auto status = env_.make_folders(folder); !status.ok()) return named(status, folder, "cannot be made");
  auto lock = lock_letters(env_, folder);
  if (!lock.ok()) return named(lock.status(), folder, "is used by another process, or cannot be locked");
  if (auto status = seal_left_open(env_, folder); !status.ok())
    log::error(kLogger, "A segment of dead letters cannot be sealed; it stays as it is",
               {{"folder", folder}, {"reason", status.message()}});
  auto names = env_.list(folder);
  if (!names.ok()) return named(names.status(), folder, "cannot be listed");
  for (const std::string_view name : *names)
    if (name.starts_with(kNumber))
      if (const auto number = segment_number("segment." + std::string(name.substr(kNumber.size()))))
        marked_ = std::max(marked_, *number);
  number_ = marked_;
  auto segments = letter_segments(env_, folder);
  if (!segments.ok()) return named(segments.status(), folder, "cannot be listed");
  for (const auto& segment : *segments) number_ = std::max(number_, segment.number);
  lock_ = std::move(*lock);
  return refresh();
}

// What is on disk: readers remove segments that they have consumed.
Status LetterWriter::refresh() {
  auto segments = letter_segments(env_, settings_.folder);
  if (!segments.ok()) return segments.status();
  std::deque<Sealed> found;
  uint64_t bytes = 0;
  for (const auto& segment : *segments) {
    if (segment.open) continue;
    auto file = env_.open(path_of(segment));
    if (!file.ok()) continue;  // removed in between
    const auto size = (*file)->size();
    if (!size.ok()) return size.status();
    Sealed now{segment.number, *size, {}, {}};
    for (const auto& before : sealed_)
      if (before.number == now.number && before.bytes == now.bytes) now = before;
    bytes += now.bytes;
    found.push_back(now);
  }
  sealed_ = std::move(found);
  if (file_) bytes += size_;
  for (const auto& letter : waiting_) bytes += record_size(letter.payload.size());
  std::scoped_lock lock(mutex_);
  for (const auto& letter : incoming_) bytes += record_size(letter.payload.size());
  figures_.bytes = bytes;
  return {};
}

bool LetterWriter::refuse_for_size(uint64_t size) {
  const bool room = size <= for_letters_ && (settings_.drop_older || figures_.bytes + size <= for_letters_);
  if (room) return false;
  ++figures_.dropped;
  figures_.last_error = fmt::format("Cannot write event to DLQ(path: {}): reached maxQueueSize of {}",
                                    settings_.folder, settings_.max_bytes);
  const int64_t now = steady_nanos();
  if (last_line_ == 0 || now - last_line_ > kLinePause) {
    last_line_ = now;
    log::error(kLogger, figures_.last_error, {{"dropped_events", figures_.dropped}});
  }
  return true;
}

bool LetterWriter::keep(const Event& event, const plugin::Refusal& refusal) {
  std::scoped_lock lock(mutex_);
  if (stop_) return false;
  if (event.metadata().find(metadata_name())) {
    const int64_t now = steady_nanos();
    if (last_line_ == 0 || now - last_line_ > kLinePause) {
      last_line_ = now;
      log::warn(kLogger, "Event previously submitted to dead letter queue. Skipping...",
                {{"plugin", refusal.plugin_id}, {"reason", refusal.reason}});
    }
    return false;
  }
  Waiting letter;
  letter.entry_time = wall_nanos();
  encoder_.encode(event, refusal, letter.entry_time, letter.payload);
  const uint64_t size = record_size(letter.payload.size());
  if (refuse_for_size(size)) return false;
  figures_.bytes += size;
  letter.batch = BatchRef(&event.batch());
  incoming_.push_back(std::move(letter));
  wake_.notify_one();
  return true;
}

Status LetterWriter::commit() {
  std::scoped_lock lock(io_mutex_);
  return write_waiting();
}

Status LetterWriter::write_waiting() {
  {
    std::scoped_lock lock(mutex_);
    std::move(incoming_.begin(), incoming_.end(), std::back_inserter(waiting_));
    incoming_.clear();
  }
  if (settings_.drop_older)
    if (auto status = make_room(); !status.ok()) return status;
  while (!waiting_.empty())
    if (auto status = write_some(); !status.ok()) return status;
  return {};
}

// The oldest segments go until the letters that wait fit too.
Status LetterWriter::make_room() {
  for (;;) {
    if (figures().bytes <= for_letters_) return {};
    if (auto status = refresh(); !status.ok()) return status;
    if (figures().bytes <= for_letters_) return {};
    if (sealed_.empty()) {
      if (!file_) return {};
      if (auto status = seal(); !status.ok()) return status;
    }
    if (auto status = drop_oldest(&Figures::dropped); !status.ok()) return status;
  }
}

// As many letters as the open segment has room for, with one write and one sync.
Status LetterWriter::write_some() {
  if (file_ && size_ > kSegmentHeader &&
      size_ + record_size(waiting_.front().payload.size()) > settings_.segment_bytes)
    if (auto status = seal(); !status.ok()) return status;
  if (!file_)
    if (auto status = begin(); !status.ok()) return status;
  image_.clear();
  size_t count = 0;
  for (const auto& letter : waiting_) {
    const uint64_t end = size_ + image_.size();
    if (end > kSegmentHeader && end + record_size(letter.payload.size()) > settings_.segment_bytes) break;
    append_record(letter.payload.view(), index_ + count, {number_, end}, image_);
    ++count;
  }
  if (auto status = file_->write(size_, image_.view()); !status.ok()) return status;
  if (auto status = file_->sync(); !status.ok()) return status;
  size_ += image_.size();
  index_ += count;
  newest_nanos_ = waiting_[count - 1].entry_time;
  written_steady_ = steady_nanos();
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  return {};
}

// A number is remembered before a segment has it, so that none is used again when all segments are gone:
// readers know by it what they have read.
Status LetterWriter::begin() {
  const uint64_t number = std::max(number_, marked_) + 1;
  const std::string marker = settings_.folder + "/" + number_file(number);
  if (marked_) {
    if (auto status = env_.rename(settings_.folder + "/" + number_file(marked_), marker); !status.ok())
      marked_ = 0;
  }
  if (!marked_) {
    (void)env_.remove(marker);
    auto made = env_.create(marker);
    if (!made.ok()) return made.status();
  }
  marked_ = number;
  if (auto status = env_.sync_folder(settings_.folder); !status.ok()) return status;
  const std::string path = path_of({number, true});
  auto file = env_.create(path);
  if (!file.ok()) return file.status();
  const auto header = encode(SegmentHeader{number, 0});
  Status status = (*file)->write(0, {header.data(), header.size()});
  if (status.ok()) status = (*file)->sync();
  if (status.ok()) status = env_.sync_folder(settings_.folder);
  if (!status.ok()) {
    (void)env_.remove(path);
    return status;
  }
  file_ = std::move(*file);
  number_ = number;
  size_ = kSegmentHeader;
  index_ = 0;
  std::scoped_lock lock(mutex_);
  figures_.bytes += kSegmentHeader;
  return {};
}

Status LetterWriter::seal() {
  if (auto status = env_.rename(path_of({number_, true}), path_of({number_, false})); !status.ok())
    return status;
  sealed_.push_back({number_, size_, index_, newest_nanos_});
  file_.reset();
  return env_.sync_folder(settings_.folder);
}

void LetterWriter::removed(uint64_t bytes) {
  std::scoped_lock lock(mutex_);
  figures_.bytes -= std::min(bytes, figures_.bytes);
}

Status LetterWriter::drop_oldest(uint64_t Figures::*counter) {
  (void)look_into(sealed_.front());
  const Sealed oldest = sealed_.front();
  const std::string path = path_of({oldest.number, false});
  if (auto status = env_.remove(path); !status.ok()) {
    // A reader that has consumed it may have been quicker.
    if (auto looked = refresh(); !looked.ok()) return looked;
    return sealed_.empty() || sealed_.front().number != oldest.number ? Status{} : status;
  }
  log::debug(kLogger, "Removed a segment of dead letters",
             {{"segment", path}, {"letters", oldest.letters.value_or(0)}});
  {
    std::scoped_lock lock(mutex_);
    figures_.*counter += oldest.letters.value_or(0);
  }
  removed(oldest.bytes);
  sealed_.pop_front();
  return {};
}

// How many letters a segment of an earlier run has, and how old the last is.
Status LetterWriter::look_into(Sealed& sealed) {
  if (sealed.letters && sealed.newest_nanos) return {};
  auto reader = LetterReader::open(env_, settings_.folder, {sealed.number, false});
  if (!reader.ok()) return reader.status();
  uint64_t letters = 0;
  Record record, last;
  for (;; ++letters) {
    const auto more = (*reader)->next(record);
    if (!more.ok()) return more.status();
    if (!*more) break;
    last = record;
  }
  sealed.letters = letters;
  sealed.newest_nanos = 0;
  BatchPool pool;
  const BatchRef batch = pool.take();
  if (letters)
    if (const auto letter = decode_letter(last.payload.view(), *batch))
      sealed.newest_nanos = letter->entry_time();
  return {};
}

Status LetterWriter::expire() {
  if (!settings_.retain_millis) return {};
  const int64_t oldest_kept = wall_nanos() - *settings_.retain_millis * 1'000'000;
  while (!sealed_.empty()) {
    if (!look_into(sealed_.front()).ok()) return refresh();
    if (*sealed_.front().newest_nanos >= oldest_kept) return {};
    if (auto status = drop_oldest(&Figures::expired); !status.ok()) return status;
  }
  return {};
}

Status LetterWriter::check() {
  std::scoped_lock lock(io_mutex_);
  if (auto status = refresh(); !status.ok()) return status;
  if (file_ && steady_nanos() - written_steady_ >= settings_.flush_millis * 1'000'000)
    if (auto status = seal(); !status.ok()) return status;
  return expire();
}

// Said once per trouble: it is tried again at every check.
void LetterWriter::failed(const Status& status) {
  if (status.ok() && failing_) log::info(kLogger, "Dead letters can be written again", {});
  if (!status.ok() && !failing_)
    log::error(kLogger, "Dead letters cannot be written; they are kept in memory, and inputs will pause",
               {{"folder", settings_.folder}, {"reason", status.message()}});
  const bool first = !failing_;
  failing_ = !status.ok();
  std::scoped_lock lock(mutex_);
  if (first || !failing_) failing_since_ = failing_ ? steady_nanos() : 0;
  if (!failing_) return;
  figures_.last_error =
      fmt::format("Cannot write event to DLQ(path: {}): {}", settings_.folder, status.message());
}

void LetterWriter::run() {
  pthread_setname_np(pthread_self(), "dead-letters");
  using Clock = std::chrono::steady_clock;
  const auto pause = std::chrono::milliseconds(std::max<int64_t>(settings_.check_millis, 1));
  auto next_check = Clock::now() + pause;
  std::unique_lock lock(mutex_);
  while (!stop_) {
    wake_.wait_until(lock, next_check, [&] { return stop_ || (!incoming_.empty() && !failing_); });
    if (stop_) break;
    lock.unlock();
    Status status = commit();
    if (Clock::now() >= next_check) {
      next_check = Clock::now() + pause;
      if (Status checked = check(); status.ok()) status = std::move(checked);
    }
    failed(status);
    lock.lock();
  }
}

void LetterWriter::close() {
  {
    std::scoped_lock lock(mutex_);
    stop_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  std::scoped_lock lock(io_mutex_);
  if (!lock_) return;
  if (const Status status = write_waiting(); !status.ok()) {
    log::error(kLogger, "Dead letters could not be written; their sources have to send the events again",
               {{"folder", settings_.folder}, {"letters", waiting_.size()}, {"reason", status.message()}});
    for (auto& letter : waiting_) letter.batch->abandon();
    waiting_.clear();
  }
  // A segment that cannot be sealed is by the next who opens the queue.
  if (file_) (void)(index_ ? seal() : env_.remove(path_of({number_, true})));
  file_.reset();
  lock_.reset();
}

LetterWriter::Figures LetterWriter::figures() const {
  std::scoped_lock lock(mutex_);
  return figures_;
}

}  // namespace sluice::queue
