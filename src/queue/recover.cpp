// Opening a queue: what is on disk, whatever has happened to it, becomes the state in memory.
#include <algorithm>

#include "base/log.hpp"
#include "queue/persistent_queue.hpp"

namespace sluice::queue {
namespace {

constexpr std::string_view kLogger = "logstash.queue";
constexpr std::string_view kDamagedFolder = "/damaged";
constexpr size_t kMostSetAside = 64 << 20;  // bytes of one stretch
constexpr uint64_t kUnknown = UINT64_MAX;

Status named(const Status& status, const std::string& path) {
  return Status::error(Fault::queue, "the queue " + path + ": " + status.message(), status.retriable());
}

}  // namespace

Status PersistentQueue::recover() {
  if (auto status = env_.make_folders(settings_.folder); !status.ok())
    return named(status, settings_.folder + " cannot be made");
  auto lock = env_.lock(settings_.folder + "/.lock");
  if (!lock.ok())
    return named(lock.status(), settings_.folder + " is used by another process, or cannot be locked");
  (void)env_.remove(spare_path());  // of a process that was killed
  if (auto status = find_segments(); !status.ok()) return status;
  apply_checkpoint();
  unread_ = acknowledged_.mark();
  if (!segments_.empty()) cursor_ = {segments_.front().number, kSegmentHeader};
  // A full disk is no reason not to start: what is delivered makes room, and append() tries again.
  if (auto status = begin_segment(); !status.ok() && !status.retriable())
    return named(status, settings_.folder + " cannot be written");
  folder_lock_ = std::move(*lock);
  publish();
  if (const uint64_t events = undelivered())
    log::info(kLogger, "Events of the last run are waiting in the queue",
              {{"folder", settings_.folder}, {"events", events}, {"bytes", bytes_}});
  return {};
}

// The segments with the events they hold. The header of one says where the events of the one before it end;
// only the newest, and those whose neighbour is damaged, are read through.
Status PersistentQueue::find_segments() {
  auto names = env_.list(settings_.folder);
  if (!names.ok()) return named(names.status(), settings_.folder + " cannot be listed");
  std::vector<uint64_t> numbers;
  for (const auto& name : *names)
    if (const auto number = segment_number(name)) numbers.push_back(*number);
  std::sort(numbers.begin(), numbers.end());
  if (!numbers.empty()) last_number_ = numbers.back();
  std::vector<bool> has_header;
  for (const uint64_t number : numbers) {
    auto segment = measure(number);
    if (!segment.ok()) return segment.status();
    has_header.push_back(segment->first != kUnknown);
    segments_.push_back(*segment);
    bytes_ += segment->bytes;
  }
  for (size_t i = 0; i < segments_.size(); ++i) {
    auto& segment = segments_[i];
    if (!has_header[i]) segment.first = i ? segments_[i - 1].next : 1;
    segment.next = segment.first;
    if (has_header[i] && i + 1 < segments_.size() && has_header[i + 1])
      segment.next = segments_[i + 1].first;
    else if (auto status = scan(segment); !status.ok())
      return status;
    next_ = std::max(next_, segment.next);
  }
  return {};
}

// A segment's size and, by its header, its first sequence number.
Result<PersistentQueue::Segment> PersistentQueue::measure(uint64_t number) {
  const std::string path = path_of(number);
  auto file = env_.open(path);
  if (!file.ok()) return named(file.status(), path + " cannot be opened");
  const auto size = (*file)->size();
  if (!size.ok()) return named(size.status(), path + " cannot be read");
  char bytes[kSegmentHeader];
  const auto read = (*file)->read(0, bytes, sizeof bytes);
  const auto header = decode_segment_header({bytes, read.ok() ? *read : 0});
  Segment segment{.number = number, .first = kUnknown, .bytes = *size};
  if (header && header->number == number) {
    segment.first = header->first;
  } else if (*size > kSegmentHeader && !is_blank({bytes, read.ok() ? *read : 0})) {
    // A shorter one, or one without a byte, was being made when the process ended.
    SegmentReader reader(std::move(*file), number);
    set_aside({number, 0, kSegmentHeader, "no segment's header"}, reader);
  }
  return segment;
}

// Finds where the events of a segment end.
Status PersistentQueue::scan(Segment& segment) {
  auto file = env_.open(path_of(segment.number));
  if (!file.ok()) return named(file.status(), path_of(segment.number) + " cannot be opened");
  SegmentReader reader(std::move(*file), segment.number, 0);
  reader.set_end(segment.bytes);
  RecordHeader header;
  for (;;) {
    // Damage is reported when the records are read.
    const auto step = reader.next_header(header, [](const Damage&) {});
    if (!step.ok() || *step == SegmentReader::Step::end) return step.status();
    segment.next = std::max(segment.next, header.end());
  }
}

void PersistentQueue::apply_checkpoint() {
  auto loaded = load_checkpoint(env_, settings_.folder);
  if (loaded.damaged)
    log::warn(kLogger,
              "The queue's checkpoint is damaged: events that were delivered may be delivered once more",
              {{"folder", settings_.folder}});
  if (loaded.checkpoint) {
    acknowledged_ = loaded.checkpoint->acknowledged;
    next_ = std::max(next_, loaded.checkpoint->next);
  }
  // Segments are removed when all of their events have been delivered, and never before those in front.
  acknowledged_.add({0, segments_.empty() ? next_ : segments_.front().first});
  for (size_t i = 0; i < segments_.size(); ++i) {
    const uint64_t begin = i + 1 < segments_.size() ? segments_[i + 1].first : next_;
    acknowledged_.add({segments_[i].next, begin});
  }
  checkpointed_ = acknowledged_.mark();
  synced_ = next_;
}

// With the lock held, or before there are threads.
void PersistentQueue::set_aside(const Damage& damage, SegmentReader& reader) {
  counted_.damaged_bytes += damage.size;
  const std::string folder = settings_.folder + std::string(kDamagedFolder);
  const std::string path = folder + "/" + segment_name(damage.segment) + "." + std::to_string(damage.offset);
  Status status = env_.make_folders(folder);
  if (status.ok()) {
    (void)env_.remove(path);  // of an earlier start
    auto file = env_.create(path);
    status = file.ok() ? (*file)->write(0, reader.bytes(damage, kMostSetAside)) : file.status();
  }
  log::error(kLogger,
             "A part of the queue on disk is damaged: what can be read is delivered, the rest is set aside",
             {{"segment", path_of(damage.segment)},
              {"offset", damage.offset},
              {"bytes", damage.size},
              {"reason", damage.reason},
              {status.ok() ? "copy" : "no copy", status.ok() ? path : status.message()}});
}

}  // namespace sluice::queue
