#include "plugins/inputs/dead_letter_queue/reader.hpp"

#include "base/log.hpp"
#include "base/time.hpp"
#include "plugin/lane.hpp"

namespace sluice::plugins::dead_letters {
namespace {

using queue::LetterId;

constexpr std::string_view kLogger = "logstash.inputs.deadletterqueue";
constexpr int64_t kSaveEvery = 1'000'000'000;  // nanoseconds between saves of the position
constexpr size_t kCreditPerEvent = 512;        // what an event costs beside its bytes

}  // namespace

Reader::Reader(Env& env, ReaderConfig config, std::shared_ptr<plugin::Stream> stream, plugin::InputSink& sink,
               const StopSignal& stop)
    : env_(env),
      config_(std::move(config)),
      sincedb_(env, config_.sincedb_path),
      stream_(std::move(stream)),
      sink_(sink),
      stop_(stop) {}

Status Reader::load() {
  // As in Logstash, a start_timestamp wins over the saved position, which is read even if none is saved.
  if (!config_.start_nanos) {
    auto saved = sincedb_.load();
    if (!saved.ok())
      return Status::config("the position in " + sincedb_.path() + " cannot be read: " + saved.message() +
                            "; remove the file to begin with the oldest letter");
    next_ = saved->value_or(LetterId{});
  }
  progress_ = std::make_shared<Progress>(next_);
  return {};
}

bool Reader::read_available() {
  const auto segments = queue::letter_segments(env_, config_.folder);
  Status status = segments.status();
  if (segments.ok()) {
    begin_anew_if_replaced(*segments);
    for (const auto& segment : *segments) {
      // The newest may be being written; an older one was left behind and is read as it is.
      if (segment.open && &segment == &segments->back()) break;
      if (segment.number < next_.segment) continue;
      // Those behind one that cannot be read wait: it is tried again with the next list, where it may be
      // gone.
      if (status = read_segment(segment); !status.ok() || stop_.is_set()) break;
    }
  }
  say_readable(status);
  return !stop_.is_set();
}

void Reader::say_readable(const Status& status) {
  if (!status.ok() && readable_)
    log::warn(kLogger, "The dead letter queue cannot be read; it is looked for again",
              {{"path", config_.folder}, {"reason", status.message()}});
  readable_ = status.ok();
}

// Numbers only grow: a saved position behind all segments is that of a queue that was removed.
void Reader::begin_anew_if_replaced(const std::vector<queue::LetterSegment>& segments) {
  if (segments.empty() || segments.back().number + 1 >= next_.segment) return;
  log::warn(kLogger, "The saved position is of a queue that is gone; beginning with the oldest letter",
            {{"sincedb", sincedb_.path()}});
  next_ = {};
  progress_ = std::make_shared<Progress>(next_);
}

// An error: it was not read to its end.
Status Reader::read_segment(const queue::LetterSegment& segment) {
  auto reader = queue::LetterReader::open(env_, config_.folder, segment);
  if (!reader.ok()) return reader.status();
  const uint64_t from = segment.number == next_.segment ? next_.index : 0;
  for (;;) {
    queue::Record record;
    const auto more = (*reader)->next(record);
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (record.header.first < from || too_old(record)) continue;
    if (!plugin::wait_room(sink_, *stream_, stop_.flag())) return {};
    next_ = {segment.number, record.header.first + 1};
    push(record, {segment.number, record.header.first});
    if (steady_nanos() - maintained_ > kSaveEvery) maintain();
  }
  if (const uint64_t damaged = (*reader)->damaged_bytes())
    log::warn(kLogger, "Bytes of a segment are damaged and passed over",
              {{"segment", config_.folder + "/" + segment.name()}, {"bytes", damaged}});
  next_ = {segment.number + 1, 0};
  progress_->read_to_end(segment.number);
  return {};
}

bool Reader::too_old(const queue::Record& record) {
  if (!config_.start_nanos || started_) return false;
  const BatchRef batch = pool_.take();
  const auto letter = queue::decode_letter(record.payload.view(), *batch);
  started_ = letter && letter->entry_time() >= *config_.start_nanos;
  return !started_;
}

void Reader::push(queue::Record& record, LetterId id) {
  plugin::Chunk chunk;
  chunk.bytes = record.payload.view();
  chunk.slab = std::move(record.payload);
  chunk.ack = AckRef(new LetterAck(progress_, progress_->read(id)));
  chunk.count = 1;
  chunk.credit = chunk.bytes.size() + kCreditPerEvent;
  sink_.push(stream_, std::move(chunk));
}

void Reader::maintain() {
  maintained_ = steady_nanos();
  if (!progress_) return;
  const LetterId next = progress_->next();
  if (config_.commit && next != LetterId{})
    if (auto status = sincedb_.save(next); !status.ok()) {
      log::error(kLogger, "The position cannot be saved",
                 {{"sincedb", sincedb_.path()}, {"reason", status.message()}});
      return;
    }
  if (config_.clean && next.segment > cleaned_to_) clean(next.segment);
}

// What a run that was stopped before this has left is removed too.
void Reader::clean(uint64_t first_needed) {
  const auto segments = queue::letter_segments(env_, config_.folder);
  if (!segments.ok()) return;
  for (const auto& segment : *segments)
    if (segment.number < first_needed && !segment.open)
      (void)env_.remove(config_.folder + "/" + segment.name());
  cleaned_to_ = first_needed;
}

}  // namespace sluice::plugins::dead_letters
