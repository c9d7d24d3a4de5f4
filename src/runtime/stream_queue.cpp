#include "runtime/stream_queue.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/time.hpp"

namespace sluice::runtime {

using plugin::Lane;
using plugin::StreamState;

namespace {
// One turn takes this much credit (bytes, for most streams), so that busy streams do not starve the others
// and batches stay small.
constexpr size_t kTurnCredit = 256 << 10;
// What a queued chunk costs beside its bytes.
constexpr size_t kChunkCost = 256;

// A sender that has to wait for its limit is not read on past this.
constexpr size_t kHeldBack = 64 << 10;
constexpr size_t kTenantPlaces = 1024;  // a power of two

size_t credit_of(const plugin::Chunk& chunk) {
  return chunk.credit ? chunk.credit : chunk.bytes.size() + kChunkCost;
}

// Up to `most` all senders have room. A quarter more is for those who have less than what is left of it, so
// that there is always some for one who comes new.
bool within(size_t own, size_t all, size_t most, size_t enough, bool again) {
  if (all < (again ? enough + 1 : most)) return true;
  const size_t end = most + most / 4;
  return all < end && own < (end - all) / (again ? 2 : 1);
}

bool held(const Lane& lane, int64_t now) { return lane.held_until() > now; }
}  // namespace

StreamQueue::StreamQueue(size_t limit)
    : limit_(limit), now_serving_(kTurnCredit), tenant_finish_(kTenantPlaces), window_(kTurnCredit, limit) {}

// `lane`: null for somebody who has as much as all. `again`: for an input that has been asked to pause. It
// goes on with some room free, so that inputs do not stop and go on with every batch.
bool StreamQueue::fits(const Lane* lane, bool again) const {
  if (holds_.load(std::memory_order_relaxed) != 0) return false;
  const size_t all = in_flight_.load(std::memory_order_relaxed);
  const size_t waiting = queued_bytes_.load(std::memory_order_relaxed);
  const size_t own = lane ? lane->in_flight.load(std::memory_order_relaxed) : all;
  const size_t queued = lane ? lane->queued.load(std::memory_order_relaxed) : waiting;
  if (lane && queued > kHeldBack && lane->held_until() != 0 && held(*lane, steady_nanos())) return false;
  return within(own, all, limit_, limit_ - limit_ / 4, again) &&
         within(queued, waiting, kMostQueued, kMostQueued / 2, again);
}

void StreamQueue::schedule(const std::shared_ptr<plugin::Stream>& stream) {
  auto& state = StreamState::of(*stream);
  if (state.scheduled) return;
  state.scheduled = true;
  make_ready(stream);
}

void StreamQueue::make_ready(std::shared_ptr<plugin::Stream> stream) {
  // A turn's credit is what a sender may be behind the others: who sends less than its share keeps some.
  const uint64_t tag = std::max(now_serving_ - kTurnCredit, finish_of(*plugin::lane_of(*stream)));
  ready_.push_back({tag, ++turns_, std::move(stream)});
  std::push_heap(ready_.begin(), ready_.end());
  work_.notify_one();
}

std::shared_ptr<plugin::Stream> StreamQueue::pop_ready() {
  std::pop_heap(ready_.begin(), ready_.end());
  auto stream = std::move(ready_.back().stream);
  ready_.pop_back();
  return stream;
}

uint64_t& StreamQueue::finish_of(Lane& lane) {
  const uint64_t tenant = lane.tenant.load(std::memory_order_relaxed);
  return tenant == 0 ? lane.finish : tenant_finish_[tenant & (kTenantPlaces - 1)];
}

bool StreamQueue::push(std::shared_ptr<plugin::Stream> stream, plugin::Chunk chunk) {
  chunk.credit = credit_of(chunk);
  Lane& lane = *plugin::lane_of(*stream);
  lane.in_flight.fetch_add(chunk.credit, std::memory_order_relaxed);
  lane.queued.fetch_add(chunk.credit, std::memory_order_relaxed);
  in_flight_.fetch_add(chunk.credit, std::memory_order_relaxed);
  queued_bytes_.fetch_add(chunk.credit, std::memory_order_relaxed);
  queued_.fetch_add(1, std::memory_order_relaxed);
  std::scoped_lock lock(mutex_);
  StreamState::of(*stream).chunks.push_back(std::move(chunk));
  schedule(stream);
  return fits(&lane, false);
}

void StreamQueue::finish(std::shared_ptr<plugin::Stream> stream, std::function<void()> done) {
  std::scoped_lock lock(mutex_);
  auto& state = StreamState::of(*stream);
  state.ended = true;
  state.done = std::move(done);
  schedule(stream);
}

StreamQueue::WaitingList::iterator StreamQueue::begin_wait(Waiting waiting) {
  waiting.since = steady_nanos();
  if (waiting_.empty()) paused_since_ = waiting.since;
  has_waiting_ = true;
  return waiting_.insert(waiting_.end(), std::move(waiting));
}

void StreamQueue::end_wait(WaitingList::iterator waiting) {
  waiting_.erase(waiting);
  if (!waiting_.empty()) return;
  has_waiting_ = false;
  paused_nanos_ += static_cast<uint64_t>(steady_nanos() - std::exchange(paused_since_, 0));
}

void StreamQueue::wait_for_room(LanePtr lane, std::function<void()> resume) {
  {
    std::scoped_lock lock(mutex_);
    if (!fits(lane.get(), false)) {
      begin_wait({std::move(resume), std::move(lane)});
      return;
    }
  }
  resume();
}

bool StreamQueue::wait_for_room(const LanePtr& lane, const std::atomic<bool>& stop) {
  if (!fits(lane.get(), false)) {
    std::unique_lock lock(mutex_);
    const auto waiting = begin_wait({{}, lane});
    while (!fits(lane.get(), true) && !stop.load(std::memory_order_relaxed))
      room_.wait_for(lock, std::chrono::milliseconds(50));
    end_wait(waiting);
  }
  return !stop.load(std::memory_order_relaxed);
}

// Inputs that can go on do so.
void StreamQueue::resume_inputs() {
  if (!has_waiting_.load(std::memory_order_relaxed) || holds_.load(std::memory_order_relaxed) != 0) return;
  std::vector<std::function<void()>> resume;
  {
    std::scoped_lock lock(mutex_);
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      const auto waiting = at++;
      if (!fits(waiting->lane.get(), true)) continue;
      if (waiting->resume) {
        resume.push_back(std::move(waiting->resume));
        end_wait(waiting);
      } else {
        room_.notify_all();
      }
    }
  }
  for (auto& callback : resume) callback();
}

void StreamQueue::settle(size_t credit) {
  in_flight_.fetch_sub(credit);
  if (meet_.load()) {
    std::scoped_lock lock(mutex_);
    if (std::exchange(window_wait_, false)) work_.notify_all();
  }
  resume_inputs();
}

void StreamQueue::settle(Lane& lane, size_t bytes, int64_t taken_at) {
  lane.in_flight.fetch_sub(bytes, std::memory_order_relaxed);
  if (taken_at != 0 && meet_.load()) {
    std::scoped_lock lock(mutex_);
    window_.settled(taken_at, steady_nanos());
  }
  resume_inputs();
}

// Whoever waits has said so before looking at wakes_ once more, so that either sees the other.
void StreamQueue::wake() {
  wakes_.fetch_add(1);
  if (!wants_wake_.load() || !wants_wake_.exchange(false)) return;
  { const std::scoped_lock lock(mutex_); }
  work_.notify_all();
}

void StreamQueue::wait(int64_t wait_millis, uint64_t seen) {
  std::unique_lock lock(mutex_);
  const int64_t until = steady_nanos() + wait_millis * 1000000;
  for (;;) {
    wants_wake_ = true;
    const int64_t now = steady_nanos();
    if (wakes_.load() != seen || now >= until || workers_paused()) return;
    work_.wait_for(lock, std::chrono::nanoseconds(until - now));
  }
}

uint64_t StreamQueue::paused_nanos() const {
  std::scoped_lock lock(mutex_);
  return paused_nanos_ + (paused_since_ ? static_cast<uint64_t>(steady_nanos() - paused_since_) : 0);
}

// A sender that waits for its limit is where it should be.
int64_t StreamQueue::blocked_since() const {
  std::scoped_lock lock(mutex_);
  const int64_t now = steady_nanos();
  for (const auto& waiting : waiting_)  // the first has waited longest
    if (!waiting.lane || !held(*waiting.lane, now)) return waiting.since;
  return 0;
}

// Streams whose time of quiet is over become ready, and those whose sender need not wait any longer.
void StreamQueue::collect_due(int64_t now) {
  while (!held_back_.empty() && (draining() || held_back_.begin()->first <= now))
    make_ready(held_back_.extract(held_back_.begin()).mapped());
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const int64_t due = deadlines_.begin()->first;
    auto stream = deadlines_.begin()->second.lock();
    deadlines_.erase(deadlines_.begin());
    if (!stream) continue;
    auto& state = StreamState::of(*stream);
    if (state.flush_at != due || state.scheduled) continue;  // there was work in the meantime
    state.flush_at = 0;
    state.flush_due = true;
    schedule(stream);
  }
}

// The next time at which something becomes ready by itself.
int64_t StreamQueue::next_due(int64_t until) const {
  if (!deadlines_.empty()) until = std::min(until, deadlines_.begin()->first);
  if (!held_back_.empty()) until = std::min(until, held_back_.begin()->first);
  return until;
}

// Bytes that workers have taken and outputs have not let go.
size_t StreamQueue::under_way() const {
  const size_t queued = queued_bytes_.load(), in_flight = in_flight_.load();
  return in_flight - std::min(queued, in_flight);
}

// Whether the first of the ready streams may be taken. When the queue is to become empty, all may.
bool StreamQueue::may_take(int64_t now) {
  while (!ready_.empty() && !draining() && held(*plugin::lane_of(*ready_.front().stream), now)) {
    const int64_t until = plugin::lane_of(*ready_.front().stream)->held_until();
    held_back_.emplace(until, pop_ready());
  }
  if (ready_.empty()) return false;
  if (draining() || now >= meet_until_ || ready_.front().tag < now_serving_) return true;
  if (window_.open(under_way(), now)) return true;
  window_wait_ = true;
  return false;
}

Turn StreamQueue::take(int64_t wait_millis, Turn turn, std::optional<uint64_t> seen) {
  std::unique_lock lock(mutex_);
  int64_t now = steady_nanos();
  const int64_t until = now + wait_millis * 1000000;
  for (;; now = steady_nanos()) {
    if (workers_paused()) return turn;
    collect_due(now);
    if (may_take(now)) break;
    if (now >= until || (closed_ && held_ == 0)) return turn;
    if (seen) {
      wants_wake_ = true;
      if (wakes_.load() != *seen) return turn;
    }
    work_.wait_for(lock, std::chrono::nanoseconds(next_due(until) - now));
  }
  fill(turn, now);
  lock.unlock();
  resume_inputs();
  return turn;
}

void StreamQueue::fill(Turn& turn, int64_t now) {
  const uint64_t tag = ready_.front().tag;
  now_serving_ = std::max(now_serving_, tag);
  turn.stream = pop_ready();
  ++held_;
  auto& state = StreamState::of(*turn.stream);
  Lane& lane = *state.lane;
  size_t credit = 0;
  while (!state.chunks.empty() && credit < kTurnCredit) {
    credit += state.chunks.front().credit;
    turn.chunks.push_back(state.chunks.pop_front());
  }
  if (credit != 0) meet(lane, credit, now);
  lane.queued.fetch_sub(credit, std::memory_order_relaxed);
  queued_bytes_.fetch_sub(credit);
  queued_.fetch_sub(turn.chunks.size(), std::memory_order_relaxed);
  auto& finish = finish_of(lane);
  finish = std::max(finish, tag) + credit;
  if (state.chunks.empty()) {
    turn.flush = state.ended || state.flush_due;
    state.flush_due = false;
    if (state.ended) turn.done = std::move(state.done);
    state.ended = false;
  }
}

// A sender has a turn. While there are several, the window is in force.
void StreamQueue::meet(const Lane& lane, size_t bytes, int64_t now) {
  if (last_lane_ && last_lane_ != &lane && now - last_turn_at_ < kMeetNanos) {
    if (now >= meet_until_) window_.begin();
    meet_until_ = now + kMeetNanos;
  }
  last_lane_ = &lane;
  last_turn_at_ = now;
  const bool several = now < meet_until_;
  meet_ = several;
  if (several) window_.taken(under_way(), bytes, now);
}

void StreamQueue::release(Turn& turn, std::optional<int64_t> flush_after) {
  turn.chunks.clear();  // without the lock: what they held may be settled now
  {
    std::scoped_lock lock(mutex_);
    auto& state = StreamState::of(*turn.stream);
    --held_;
    state.scheduled = false;
    state.flush_at = 0;  // an earlier deadline was for what has been decoded since
    if (!state.chunks.empty() || state.ended) {
      schedule(turn.stream);
    } else if (flush_after) {
      state.flush_at = steady_nanos() + *flush_after * 1000000;
      deadlines_.emplace(state.flush_at, turn.stream);
      work_.notify_one();
    }
    if (closed_ && held_ == 0 && ready_.empty() && held_back_.empty()) work_.notify_all();
  }
  turn.stream.reset();
  turn.flush = false;
  turn.done = nullptr;
}

void StreamQueue::hold() {
  const std::scoped_lock lock(mutex_);
  ++holds_;
  work_.notify_all();
}

// With the lock, so that who is about to wait is seen.
void StreamQueue::let_go() {
  {
    const std::scoped_lock lock(mutex_);
    --holds_;
  }
  resume_inputs();
}

void StreamQueue::pause_workers(bool pause) {
  const std::scoped_lock lock(mutex_);
  workers_paused_ = pause;
  if (pause) work_.notify_all();
}

void StreamQueue::close() {
  wakes_.fetch_add(1);
  std::scoped_lock lock(mutex_);
  closed_ = true;
  work_.notify_all();
  room_.notify_all();
}

bool StreamQueue::drained() const {
  std::scoped_lock lock(mutex_);
  return closed_ && ready_.empty() && held_back_.empty() && held_ == 0;
}

}  // namespace sluice::runtime
