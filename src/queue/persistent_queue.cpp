#include "queue/persistent_queue.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/log.hpp"
#include "base/time.hpp"

namespace sluice::queue {
namespace {

constexpr std::string_view kLogger = "logstash.queue";
constexpr int64_t kMillisecond = 1'000'000;              // nanoseconds
constexpr uint32_t kReadTries = 10;                      // of read(), before what cannot be read is damage
constexpr int64_t kCheckpointPause = 50 * kMillisecond;  // between two checkpoints at least

}  // namespace

// Held by the batches that carry a record's events.
class PersistentQueue::RecordAck : public Acknowledgement {
 public:
  RecordAck(std::shared_ptr<PersistentQueue> queue, Range range) : queue_(std::move(queue)), range_(range) {}
  void settled(bool delivered) noexcept override {
    if (delivered) queue_->delivered(range_);
  }

 private:
  const std::shared_ptr<PersistentQueue> queue_;
  const Range range_;
};

void RecordWriter::encode(const Batch& batch, std::span<Event* const> events, Compression compression) {
  plain_.clear();
  image_.clear();
  image_.reserve(kRecordHeader);
  image_.grow(kRecordHeader);
  header_ = {};
  if (compression == Compression::none) {
    events_.write(batch, events, image_);
  } else {
    events_.write(batch, events, plain_);
    header_.compressed = compress(plain_.view(), compression, image_);
    if (!header_.compressed) image_.append(plain_.view());
  }
  header_.events = static_cast<uint32_t>(events.size());
  header_.stored = static_cast<uint32_t>(image_.size() - kRecordHeader);
  header_.plain = header_.compressed ? static_cast<uint32_t>(plain_.size()) : header_.stored;
  header_.payload_checksum = checksum(image_.view().substr(kRecordHeader));
  while (image_.size() % kRecordAlign) image_.append('\0');
}

PersistentQueue::PersistentQueue(Env& env, PersistentQueueSettings settings)
    : env_(env),
      settings_(std::move(settings)),
      trouble_(
          "The queue on disk cannot be synced or noted as delivered: inputs with acknowledgements are asked "
          "to send "
          "again, and events may come once more after a restart. Make room, or mend the disk",
          "The queue on disk is synced again", settings_.folder) {}

Result<std::shared_ptr<PersistentQueue>> PersistentQueue::open(Env& env, PersistentQueueSettings settings) {
  std::shared_ptr<PersistentQueue> queue(new PersistentQueue(env, std::move(settings)));
  if (auto status = queue->recover(); !status.ok()) return status;
  if (queue->settings_.background) queue->thread_ = std::thread([q = queue.get()] { q->run(); });
  return queue;
}

PersistentQueue::~PersistentQueue() { (void)close(); }

std::string PersistentQueue::path_of(uint64_t segment) const {
  return settings_.folder + "/" + segment_name(segment);
}

uint64_t PersistentQueue::undelivered() const {
  return next_ - acknowledged_.mark() - acknowledged_.count_above();
}

Status PersistentQueue::begin_segment() {
  const uint64_t number = ++last_number_;
  const SegmentHeader header{number, next_};
  auto head = take_spare(header);
  if (!head) {
    auto file = env_.create(path_of(number));
    if (!file.ok()) return file.status();
    const auto image = queue::encode(header);
    if (auto status = (*file)->write(0, {image.data(), image.size()}); !status.ok()) {
      (void)env_.remove(path_of(number));
      return status;
    }
    head = std::move(*file);
    head_size_ = 0;
  }
  head_ = std::move(head);
  unsynced_.push_back(head_);
  folder_changed_ = true;
  segments_.push_back({number, next_, next_, kSegmentHeader});
  if (!cursor_.segment) cursor_ = {number, kSegmentHeader};
  bytes_ += kSegmentHeader;
  return {};
}

Status PersistentQueue::write(RecordWriter& writer) {
  const uint64_t size = writer.image_.size();
  const bool full = head_ && segments_.back().bytes + size > settings_.page_capacity &&
                    segments_.back().next > segments_.back().first;
  if (full || !head_)
    if (auto status = begin_segment(); !status.ok()) return status;
  auto& segment = segments_.back();
  writer.header_.first = next_;
  const auto header = queue::encode(writer.header_, {segment.number, segment.bytes});
  std::memcpy(writer.image_.data(), header.data(), header.size());
  if (const uint64_t end = segment.bytes + size; end + kEndMark <= head_size_) {
    // First, so that a record cut off by the end of the process is not followed by bytes of the earlier use.
    const auto mark = end_mark({segment.number, end});
    if (auto status = head_->write(end, {mark.data(), mark.size()}); !status.ok()) return status;
  }
  if (auto status = head_->write(segment.bytes, writer.image_.view()); !status.ok()) return status;
  if (unsynced_.empty() || unsynced_.back() != head_) unsynced_.push_back(head_);
  segment.bytes += size;
  unsynced_bytes_ += size;
  bytes_ += size;
  next_ = segment.next = writer.header_.end();
  counted_.written += writer.header_.events;
  return {};
}

Result<PersistentQueue::Next> PersistentQueue::append(RecordWriter& writer, Batch& batch, bool run) {
  if (batch.events().empty()) return Next::run;
  writer.encode(batch, batch.events(), settings_.compression);
  Range range;
  {
    std::scoped_lock lock(mutex_);
    run = run && unread_ == next_;
    const int64_t due = commit_due();
    if (auto status = write(writer); !status.ok()) return status;
    range = {writer.header_.first, writer.header_.end()};
    const bool first = waiting_.empty();
    batch.move_acks(waiting_);
    if (first && !waiting_.empty()) waiting_since_ = steady_nanos();
    if (run) {
      unread_ = next_;
      cursor_ = {segments_.back().number, segments_.back().bytes};
      reader_.reset();
    }
    publish();
    if (commit_due() < due) work_.notify_one();
  }
  if (run) batch.hold(AckRef(new RecordAck(shared_from_this(), range)));
  return run ? Next::run : Next::read;
}

// For those who ask without the lock.
void PersistentQueue::publish() {
  const uint64_t events = undelivered();
  const bool full = (settings_.max_events && events >= settings_.max_events) ||
                    (settings_.max_bytes && bytes_ >= settings_.max_bytes);
  has_room_.store(!full || events == 0, std::memory_order_release);
  has_unread_.store(unread_ < next_, std::memory_order_release);
}

// The next record in order that is intact and that has not been delivered before a restart.
Result<bool> PersistentQueue::next_record(Record& record) {
  while (unread_ < next_) {
    const auto segment = std::find_if(segments_.begin(), segments_.end(),
                                      [&](const Segment& s) { return s.number == cursor_.segment; });
    if (!reader_) {
      auto file = env_.open(path_of(cursor_.segment));
      if (!file.ok()) return file.status();
      reader_ = std::make_unique<SegmentReader>(std::move(*file), cursor_.segment, kReadTries);
      reader_->seek(cursor_.offset);
    }
    reader_->set_end(segment->bytes);
    auto step = reader_->next(record, [this](const Damage& damage) { set_aside(damage, *reader_); });
    if (!step.ok()) return step.status();
    const bool found = *step == SegmentReader::Step::record;
    const uint64_t behind = found ? record.header.end() : std::max(segment->next, unread_);
    lose({unread_, found ? record.header.first : behind});
    unread_ = std::max(unread_, behind);
    cursor_.offset = reader_->offset();
    if (!found && std::next(segment) != segments_.end()) {
      cursor_ = {std::next(segment)->number, kSegmentHeader};
      reader_.reset();
    }
    if (found && !acknowledged_.has({record.header.first, record.header.end()})) return true;
  }
  return false;
}

// Events of records that damage has swallowed: nobody will deliver them, and nothing may wait for them.
void PersistentQueue::lose(Range range) {
  if (range.first >= range.end || acknowledged_.has(range)) return;
  counted_.lost_events += range.end - range.first;
  acknowledged_.add(range);
}

Result<bool> PersistentQueue::read(Batch& batch) {
  for (;;) {
    Record record;
    {
      std::scoped_lock lock(mutex_);
      const auto found = next_record(record);
      publish();
      if (!found.ok() || !*found) return found;
    }
    const Range range{record.header.first, record.header.end()};
    const size_t before = batch.events().size();
    if (read_binary(record.payload.view(), record.header.events, batch)) {
      batch.credit += record.payload.size();
      batch.hold(std::move(record.payload));
      batch.hold(AckRef(new RecordAck(shared_from_this(), range)));
      return true;
    }
    batch.event_list().resize(before);
    batch.hold(std::move(record.payload));  // names and sources of the batch may point into it
    log::error(kLogger, "A record is whole and still cannot be read; its events are lost",
               {{"folder", settings_.folder}, {"first", range.first}, {"events", record.header.events}});
    std::scoped_lock lock(mutex_);
    lose(range);
    publish();
  }
}

void PersistentQueue::delivered(Range range) {
  {
    std::scoped_lock lock(mutex_);
    const int64_t due = commit_due();
    acknowledged_.add(range);
    acks_ += range.end - range.first;
    counted_.delivered += range.end - range.first;
    publish();
    if (commit_due() < due) work_.notify_one();
  }
  if (on_room_) on_room_();
}

PersistentQueue::Figures PersistentQueue::figures() const {
  std::scoped_lock lock(mutex_);
  Figures figures = counted_;
  figures.events = undelivered();
  figures.bytes = bytes_;
  return figures;
}

Status PersistentQueue::sync_written() {
  std::vector<std::shared_ptr<Env::File>> files;
  std::vector<AckRef> acks;
  uint64_t target = 0;
  bool folder = false;
  {
    std::scoped_lock lock(mutex_);
    files.swap(unsynced_);
    acks.swap(waiting_);
    target = next_;
    unsynced_bytes_ = 0;
    folder = std::exchange(folder_changed_, false);
  }
  Status status;
  for (const auto& file : files)
    if (status.ok()) status = file->sync();
  if (status.ok() && folder) status = env_.sync_folder(settings_.folder);
  if (!status.ok())
    for (auto& ack : acks) ack.abandon();
  std::scoped_lock lock(mutex_);
  counted_.syncs += files.empty() ? 0 : 1;
  if (status.ok()) {
    synced_ = std::max(synced_, target);
  } else {
    head_.reset();  // what the system did with the unsynced pages is unknown: go on in a new file
    folder_changed_ = folder_changed_ || folder;
  }
  return status;  // the acknowledgements are released behind the lock, as `acks` was made before it
}

Status PersistentQueue::save_checkpoint() {
  Checkpoint checkpoint;
  {
    std::scoped_lock lock(mutex_);
    if (!acks_ && acknowledged_.mark() == checkpointed_) return {};
    checkpoint.acknowledged = acknowledged_;
    checkpoint.next = next_;
    acks_ = 0;
  }
  auto status = save(env_, settings_.folder, checkpoint);
  std::scoped_lock lock(mutex_);
  if (status.ok())
    checkpointed_ = checkpoint.acknowledged.mark();
  else
    acks_ = std::max<uint64_t>(acks_, 1);
  return status;
}

void PersistentQueue::remove_delivered() {
  std::vector<uint64_t> numbers;
  {
    std::scoped_lock lock(mutex_);
    while (segments_.size() > 1 && segments_.front().next <= acknowledged_.mark()) {
      if (cursor_.segment == segments_.front().number) {
        cursor_ = {segments_[1].number, kSegmentHeader};
        reader_.reset();
      }
      numbers.push_back(segments_.front().number);
      bytes_ -= segments_.front().bytes;
      segments_.pop_front();
    }
    publish();
  }
  for (const uint64_t number : numbers)
    if (!keep_as_spare(number)) (void)env_.remove(path_of(number));
  if (!numbers.empty() && on_room_) on_room_();
}

Status PersistentQueue::commit() {
  std::scoped_lock one(commit_mutex_);
  auto status = sync_written();
  if (!status.ok()) return status;
  status = save_checkpoint();
  // Only now: the newest segment, whose name holds the last sequence number, is safe.
  remove_delivered();
  return status;
}

// When the next commit is due, in steady nanoseconds; a time long gone: at once. With the lock held.
int64_t PersistentQueue::commit_due() const {
  int64_t due = last_commit_ + settings_.checkpoint_millis * kMillisecond;
  if (next_ - synced_ >= settings_.checkpoint_writes) return 0;
  if (!waiting_.empty()) {
    if (unsynced_bytes_ >= settings_.commit_bytes) return 0;
    due = std::min(due, waiting_since_ + settings_.commit_millis * kMillisecond);
  }
  if (acks_ >= settings_.checkpoint_acks || (acks_ && settings_.max_bytes && bytes_ >= settings_.max_bytes))
    due = std::min(due, last_commit_ + kCheckpointPause);
  return due;
}

void PersistentQueue::run() {
  log::set_thread_pipeline(settings_.pipeline_id);
  std::unique_lock lock(mutex_);
  last_commit_ = steady_nanos();
  while (!stop_) {
    const int64_t now = steady_nanos();
    if (const int64_t due = commit_due(); due > now) {
      work_.wait_for(lock, std::chrono::nanoseconds(due - now));
      continue;
    }
    lock.unlock();
    trouble_.note(commit());
    lock.lock();
    last_commit_ = steady_nanos();
  }
}

Status PersistentQueue::close() {
  {
    std::scoped_lock lock(mutex_);
    stop_ = true;
    work_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  if (!folder_lock_) return {};
  auto status = commit();
  if (spare_) (void)env_.remove(spare_path());
  folder_lock_.reset();
  return status;
}

}  // namespace sluice::queue
