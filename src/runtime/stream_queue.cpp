#include "runtime/stream_queue.hpp"

#include <chrono>

#include "base/time.hpp"

namespace sluice::plugin {

/// What the queue keeps with a stream; guarded by the queue's mutex.
class StreamState {
 public:
  Ring<Chunk> chunks;
  bool scheduled = false;  // in the ready list, or held by a worker
  bool ended = false;
  bool flush_due = false;
  int64_t flush_at = 0;  // steady nanoseconds; 0: never
  std::function<void()> done;

  static StreamState& of(Stream& stream) {
    if (!stream.queue_state_) stream.queue_state_ = std::make_shared<StreamState>();
    return *static_cast<StreamState*>(stream.queue_state_.get());
  }
};

}  // namespace sluice::plugin

namespace sluice::runtime {

using plugin::StreamState;

namespace {
// One turn takes this much credit (bytes, for most streams), so that busy streams do not starve the others
// and batches stay small.
constexpr size_t kTurnCredit = 256 << 10;
// What a queued chunk costs beside its bytes.
constexpr size_t kChunkCost = 256;

size_t credit_of(const plugin::Chunk& chunk) {
  return chunk.credit ? chunk.credit : chunk.bytes.size() + kChunkCost;
}
}  // namespace

void StreamQueue::schedule(const std::shared_ptr<plugin::Stream>& stream) {
  auto& state = StreamState::of(*stream);
  if (state.scheduled) return;
  state.scheduled = true;
  ready_.push_back(stream);
  work_.notify_one();
}

bool StreamQueue::push(std::shared_ptr<plugin::Stream> stream, plugin::Chunk chunk) {
  chunk.credit = credit_of(chunk);
  in_flight_.fetch_add(chunk.credit, std::memory_order_relaxed);
  queued_bytes_.fetch_add(chunk.credit, std::memory_order_relaxed);
  queued_.fetch_add(1, std::memory_order_relaxed);
  std::scoped_lock lock(mutex_);
  StreamState::of(*stream).chunks.push_back(std::move(chunk));
  schedule(stream);
  return ready();
}

void StreamQueue::finish(std::shared_ptr<plugin::Stream> stream, std::function<void()> done) {
  std::scoped_lock lock(mutex_);
  auto& state = StreamState::of(*stream);
  state.ended = true;
  state.done = std::move(done);
  schedule(stream);
}

void StreamQueue::when_ready(std::function<void()> resume) {
  {
    std::scoped_lock lock(mutex_);
    if (!ready()) {
      if (!paused_since_) paused_since_ = steady_nanos();
      waiting_.push_back(std::move(resume));
      has_waiting_ = true;
      return;
    }
  }
  resume();
}

bool StreamQueue::wait_ready(const std::atomic<bool>& stop) {
  std::unique_lock lock(mutex_);
  while (!ready() && !stop.load(std::memory_order_relaxed)) {
    if (!paused_since_) paused_since_ = steady_nanos();
    has_waiting_ = true;
    room_.wait_for(lock, std::chrono::milliseconds(50));
  }
  if (waiting_.empty()) count_pause();
  return !stop.load(std::memory_order_relaxed);
}

void StreamQueue::count_pause() {
  if (paused_since_) paused_nanos_ += static_cast<uint64_t>(steady_nanos() - paused_since_);
  paused_since_ = 0;
}

void StreamQueue::settle(size_t credit) {
  in_flight_.fetch_sub(credit, std::memory_order_relaxed);
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

// Goes on with some room free, so that inputs do not stop and go on with every batch.
void StreamQueue::resume_inputs() {
  if (!has_waiting_.load(std::memory_order_relaxed) || holds_.load(std::memory_order_relaxed) != 0 ||
      in_flight_.load(std::memory_order_relaxed) > limit_ - limit_ / 4 ||
      queued_bytes_.load(std::memory_order_relaxed) > kMostQueued / 2)
    return;
  std::vector<std::function<void()>> resume;
  {
    std::scoped_lock lock(mutex_);
    resume.swap(waiting_);
    has_waiting_ = false;
    count_pause();
  }
  room_.notify_all();
  for (auto& callback : resume) callback();
}

uint64_t StreamQueue::paused_nanos() const {
  std::scoped_lock lock(mutex_);
  return paused_nanos_ + (paused_since_ ? static_cast<uint64_t>(steady_nanos() - paused_since_) : 0);
}

int64_t StreamQueue::blocked_since() const {
  std::scoped_lock lock(mutex_);
  return paused_since_;
}

// Streams whose time of quiet is over become ready.
void StreamQueue::collect_due(int64_t now) {
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

Turn StreamQueue::take(int64_t wait_millis, Turn turn, std::optional<uint64_t> seen) {
  std::unique_lock lock(mutex_);
  const int64_t until = steady_nanos() + wait_millis * 1000000;
  for (;;) {
    const int64_t now = steady_nanos();
    if (workers_paused()) return turn;
    collect_due(now);
    if (!ready_.empty()) break;
    if (now >= until || (closed_ && held_ == 0)) return turn;
    if (seen) {
      wants_wake_ = true;
      if (wakes_.load() != *seen) return turn;
    }
    int64_t wake = until;
    if (!deadlines_.empty()) wake = std::min(wake, deadlines_.begin()->first);
    work_.wait_for(lock, std::chrono::nanoseconds(wake - now));
  }
  turn.stream = ready_.pop_front();
  ++held_;
  auto& state = StreamState::of(*turn.stream);
  size_t credit = 0;
  while (!state.chunks.empty() && credit < kTurnCredit) {
    credit += state.chunks.front().credit;
    turn.chunks.push_back(state.chunks.pop_front());
  }
  queued_bytes_.fetch_sub(credit, std::memory_order_relaxed);
  queued_.fetch_sub(turn.chunks.size(), std::memory_order_relaxed);
  if (state.chunks.empty()) {
    turn.flush = state.ended || state.flush_due;
    state.flush_due = false;
    if (state.ended) turn.done = std::move(state.done);
    state.ended = false;
  }
  lock.unlock();
  resume_inputs();
  return turn;
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
    if (closed_ && held_ == 0 && ready_.empty()) work_.notify_all();
  }
  turn.stream.reset();
  turn.flush = false;
  turn.done = nullptr;
}

void StreamQueue::hold() {
  const std::scoped_lock lock(mutex_);
  ++holds_;
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
  return closed_ && ready_.empty() && held_ == 0;
}

}  // namespace sluice::runtime
