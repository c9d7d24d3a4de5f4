#include "plugins/inputs/beats/stream.hpp"

#include <string>
#include <utility>

#include "base/log.hpp"
#include "plugin/lane.hpp"

namespace sluice::plugins::beats {
namespace {

constexpr std::string_view kLogger = "logstash.inputs.beats";
constexpr size_t kCountStep = 64 << 10;
// What one run of events may have, of both.
constexpr size_t kRunEvents = 256;
constexpr size_t kRunBytes = 128 << 10;

}  // namespace

BeatsStream::BeatsStream(std::shared_ptr<const Settings> settings, std::shared_ptr<Peer> peer,
                         plugin::InputSink& sink)
    : settings_(std::move(settings)),
      peer_(std::move(peer)),
      sink_(sink),
      events_(std::make_shared<EventStream>(settings_, peer_)),
      decoder_(settings_->limits) {
  plugin::share_lane(*events_, *this);
}

BeatsStream::~BeatsStream() { drop_held(); }

void BeatsStream::decode(plugin::Chunk& chunk, Batch& batch) {
  peer_->undecoded.fetch_sub(1, std::memory_order_relaxed);
  if (peer_->broken()) return;
  batch.hold(chunk.ack);
  const Status status = decoder_.feed(chunk.slab, chunk.bytes, *this);
  if (!status.ok()) fail(status.message());
  count_held();
}

void BeatsStream::flush(Batch&) {
  // The client is gone before its window was complete: it sends all of it again to whoever it connects to
  // next.
  drop_held();
  window_.reset();
}

void BeatsStream::fail(std::string_view reason) {
  drop_held();
  window_.abandon();
  window_.reset();
  peer_->refuse(reason);
}

void BeatsStream::on_window(char, uint32_t) { window_ = peer_->open_window(window_number_); }

// The run that the next event of `slab` goes to.
EventRun& BeatsStream::run_for(const SlabRef& slab) {
  if (held_.empty() || !(held_.back().slab == slab) || held_.back().events.size() >= kRunEvents ||
      held_.back().bytes >= kRunBytes) {
    held_.emplace_back(slab);
  } else if (held_.back().events.size() == 1) {  // not for an event alone in its slab
    held_.back().events.reserve(kRunEvents);
  }
  return held_.back();
}

void BeatsStream::on_json(uint32_t sequence, const SlabRef& slab, std::string_view json) {
  auto& run = run_for(slab);
  run.events.push_back({sequence, 0, json});
  run.bytes += json.size();
  held(json.size());
}

void BeatsStream::on_pairs(uint32_t sequence, const SlabRef& slab, Pairs pairs) {
  size_t bytes = 0;
  for (const auto& [name, value] : pairs) bytes += name.size() + value.size();
  auto& run = run_for(slab);
  run.events.push_back({sequence, static_cast<uint32_t>(pairs.size()), {}});
  run.pairs.insert(run.pairs.end(), pairs.begin(), pairs.end());
  run.bytes += bytes;
  held(bytes);
}

void BeatsStream::held(size_t bytes) {
  held_bytes_ += bytes;
  if (held_bytes_ - counted_bytes_ < kCountStep) return;
  count_held();
  if (settings_->held_bytes.load(std::memory_order_relaxed) > kMaxHeldBytes) pass_on();
}

// The sum over all connections is kept in steps, not for each event.
void BeatsStream::count_held() {
  settings_->held_bytes.fetch_add(held_bytes_ - counted_bytes_, std::memory_order_relaxed);
  counted_bytes_ = held_bytes_;
}

void BeatsStream::pass_on() {
  if (!held_.empty() && !window_) window_ = peer_->open_window(window_number_);
  for (auto& run : held_) {
    plugin::Chunk chunk;
    chunk.count = run.events.size();
    chunk.credit = run.bytes;
    run.window = window_;
    events_->give(std::move(run));
    // A pipeline that is full closes the connection's gate with the next bytes that come.
    (void)sink_.push(events_, std::move(chunk));
  }
  drop_held();
}

void BeatsStream::drop_held() {
  settings_->held_bytes.fetch_sub(counted_bytes_, std::memory_order_relaxed);
  held_bytes_ = counted_bytes_ = 0;
  held_.clear();
}

void BeatsStream::on_batch(char version, uint32_t sequence, bool complete) {
  if (!complete)
    log::warn(kLogger, "A new window began before the last one was complete; the part that came is taken",
              {{"remote", peer_->facts.address}, {"sequence", sequence}});
  pass_on();
  if (!window_) window_ = peer_->open_window(window_number_);
  peer_->set_ack(window_number_, version, sequence);
  window_.reset();
}

}  // namespace sluice::plugins::beats
