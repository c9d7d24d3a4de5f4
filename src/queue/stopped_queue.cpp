#include "queue/stopped_queue.hpp"

#include <algorithm>

#include "event/binary.hpp"

namespace sluice::queue {
namespace {

constexpr size_t kLargestCheckpoint = 1 << 20;

Status named(const Status& status, const std::string& path) {
  return Status::error(Fault::queue, path + ": " + status.message(), status.retriable());
}

}  // namespace

bool StoppedQueue::Contents::damaged() const {
  return checkpoint.damaged || !missing.empty() ||
         std::any_of(segments.begin(), segments.end(), [](const Segment& s) { return !s.damages.empty(); });
}

uint64_t StoppedQueue::Contents::events_missing() const {
  uint64_t events = 0;
  for (const auto& range : missing) events += range.end - range.first;
  return events;
}

Result<StoppedQueue> StoppedQueue::open(Env& env, std::string folder) {
  if (auto names = env.list(folder); !names.ok())
    return Status::error(Fault::queue, "there is no queue in " + folder + ": " + names.message());
  auto lock = env.lock(folder + "/.lock");
  if (!lock.ok())
    return Status::error(Fault::queue, "the queue " + folder +
                                           " is used by another process: stop the engine first (" +
                                           lock.message() + ")");
  return StoppedQueue(env, std::move(folder), std::move(lock).value());
}

Result<std::unique_ptr<SegmentReader>> StoppedQueue::open_segment(Segment& segment, SegmentHeader& header) {
  const std::string path = folder_ + "/" + segment.name;
  auto file = env_->open(path);
  if (!file.ok()) return named(file.status(), path);
  const auto size = (*file)->size();
  if (!size.ok()) return named(size.status(), path);
  segment.bytes = *size;
  char bytes[kSegmentHeader];
  const auto read = (*file)->read(0, bytes, sizeof bytes);
  const auto found = decode_segment_header({bytes, read.ok() ? *read : 0});
  segment.header = found && found->number == segment.number;
  segment.blank = is_blank({bytes, read.ok() ? *read : 0});
  if (segment.header) header = *found;
  auto reader = std::make_unique<SegmentReader>(std::move(*file), segment.number, 0);
  reader->set_end(segment.bytes);
  return reader;
}

Status StoppedQueue::read_segment(Segment& segment, Contents& contents, const Acknowledged& delivered,
                                  uint64_t& expected, const std::function<Status(Batch&)>& each) {
  SegmentHeader header;
  auto reader = open_segment(segment, header);
  if (!reader.ok()) return reader.status();
  // A shorter one, or one without a byte, was being made when the engine ended.
  if (!segment.header && !segment.blank && segment.bytes > kSegmentHeader)
    segment.damages.push_back(
        {segment.number, 0, std::min<uint64_t>(segment.bytes, kSegmentHeader), "no segment's header"});
  const auto skip_to = [&](uint64_t next) {
    if (expected && next > expected && !delivered.has({expected, next}))
      contents.missing.push_back({expected, next});
    expected = std::max(expected, next);
  };
  if (segment.header) skip_to(header.first);
  segment.range = {expected, expected};
  BatchPool pool;
  for (Record record;;) {
    const auto step =
        (*reader)->next(record, [&](const Damage& damage) { segment.damages.push_back(damage); });
    if (!step.ok()) return named(step.status(), folder_ + "/" + segment.name);
    if (*step == SegmentReader::Step::end) return {};
    const Range range{record.header.first, record.header.end()};
    const BatchRef batch = pool.take();
    if (!read_binary(record.payload.view(), record.header.events, *batch)) {
      segment.damages.push_back({segment.number, (*reader)->offset() - record.header.extent(),
                                 record.header.extent(), "the events of a record cannot be read"});
      batch->hold(std::move(record.payload));
      continue;
    }
    batch->hold(std::move(record.payload));
    skip_to(range.first);
    expected = std::max(expected, range.end);
    if (!segment.records) segment.range.first = range.first;
    segment.range.end = range.end;
    ++segment.records;
    segment.events += record.header.events;
    if (delivered.has(range)) continue;
    segment.undelivered += record.header.events;
    contents.undelivered += record.header.events;
    if (!each) continue;
    if (auto status = each(*batch); !status.ok()) return status;
  }
}

Result<StoppedQueue::Contents> StoppedQueue::read(const std::function<Status(Batch&)>& each) {
  auto names = env_->list(folder_);
  if (!names.ok()) return named(names.status(), folder_);
  Contents contents;
  for (const auto& name : *names)
    if (const auto number = segment_number(name)) {
      Segment segment;
      segment.name = name;
      segment.number = *number;
      contents.segments.push_back(std::move(segment));
    }
  std::sort(contents.segments.begin(), contents.segments.end(),
            [](const Segment& a, const Segment& b) { return a.number < b.number; });
  contents.checkpoint = load_checkpoint(*env_, folder_);
  const Acknowledged none;
  const auto& known = contents.checkpoint.checkpoint;
  const Acknowledged& delivered = known ? known->acknowledged : none;
  // Where the first segment has to begin; 0: anywhere, since those before it were delivered.
  uint64_t expected = known ? known->acknowledged.mark()
                      : !contents.segments.empty() && contents.segments[0].number == 1 ? 1
                                                                                       : 0;
  for (auto& segment : contents.segments)
    if (auto status = read_segment(segment, contents, delivered, expected, each); !status.ok()) return status;
  contents.end = std::max({expected, known ? known->next : 1, uint64_t{1}});
  return contents;
}

Status StoppedQueue::keep(const std::string& name, std::string_view bytes) {
  const std::string folder = folder_ + "/damaged";
  if (auto status = env_->make_folders(folder); !status.ok()) return named(status, folder);
  const std::string path = folder + "/" + name;
  (void)env_->remove(path);  // of an earlier look at the same damage
  auto file = env_->create(path);
  if (!file.ok()) return named(file.status(), path);
  if (auto status = (*file)->write(0, bytes); !status.ok()) return named(status, path);
  return (*file)->sync();
}

// A file beside the segment takes its place once it is complete: a repair may be stopped anywhere.
Status StoppedQueue::rewrite(const Segment& segment) {
  Segment again = segment;
  SegmentHeader header{segment.number, segment.range.first};
  auto reader = open_segment(again, header);
  if (!reader.ok()) return reader.status();
  for (const auto& damage : segment.damages) {
    const auto bytes = (*reader)->bytes(damage, SIZE_MAX);
    if (auto status = keep(segment.name + "." + std::to_string(damage.offset), bytes); !status.ok())
      return status;
  }
  const std::string path = folder_ + "/" + segment.name, fresh = path + ".repaired";
  (void)env_->remove(fresh);
  auto file = env_->create(fresh);
  if (!file.ok()) return named(file.status(), fresh);
  const auto image = encode(header);
  Status status = (*file)->write(0, {image.data(), image.size()});
  uint64_t end = kSegmentHeader;
  for (Record record; status.ok();) {
    const auto step = (*reader)->next(record, [](const Damage&) {});
    if (!step.ok() || *step == SegmentReader::Step::end) {
      status = step.status();
      break;
    }
    const uint64_t start = (*reader)->offset() - record.header.extent();
    const auto unreadable = [&](const Damage& damage) { return damage.offset == start; };
    if (std::any_of(segment.damages.begin(), segment.damages.end(), unreadable)) continue;
    std::string bytes = (*reader)->bytes({segment.number, start, record.header.extent(), {}}, SIZE_MAX);
    const auto moved = encode(record.header, {segment.number, end});
    std::copy(moved.begin(), moved.end(), bytes.begin());
    bytes.resize(record.header.extent());
    status = (*file)->write(end, bytes);
    end += record.header.extent();
  }
  if (status.ok()) status = (*file)->sync();
  if (status.ok()) status = env_->rename(fresh, path);
  if (!status.ok()) (void)env_->remove(fresh);
  return status.ok() ? Status{} : named(status, path);
}

// Nobody waits for events that are gone.
Status StoppedQueue::renew_checkpoint(const Contents& contents) {
  const std::string path = folder_ + "/checkpoint";
  if (contents.checkpoint.damaged) {
    std::string bytes(kLargestCheckpoint, '\0');
    auto file = env_->open(path);
    const auto size = file.ok() ? (*file)->read(0, bytes.data(), bytes.size()) : Result<size_t>(size_t{0});
    bytes.resize(size.ok() ? *size : 0);
    if (auto status = keep("checkpoint", bytes); !status.ok()) return status;
  }
  Checkpoint checkpoint;
  if (contents.checkpoint.checkpoint) checkpoint = *contents.checkpoint.checkpoint;
  checkpoint.next = contents.end;
  for (const auto& range : contents.missing) checkpoint.acknowledged.add(range);
  const auto status = save(*env_, folder_, checkpoint);
  return status.ok() ? status : named(status, path);
}

Result<StoppedQueue::Contents> StoppedQueue::repair() {
  auto contents = read();
  if (!contents.ok()) return contents;
  for (const auto& segment : contents->segments)
    if (!segment.damages.empty())
      if (auto status = rewrite(segment); !status.ok()) return status;
  if (contents->damaged())
    if (auto status = renew_checkpoint(*contents); !status.ok()) return status;
  if (auto status = env_->sync_folder(folder_); !status.ok()) return named(status, folder_);
  return contents;
}

}  // namespace sluice::queue
