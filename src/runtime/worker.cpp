#include "runtime/worker.hpp"

#include <malloc.h>
#include <pthread.h>

#include "base/log.hpp"
#include "base/time.hpp"

namespace sluice::runtime {
namespace {
constexpr int64_t kFlushEvery = 5'000'000'000;  // nanoseconds, as Logstash's periodic flush
constexpr int64_t kTrimEvery = 1'000'000'000;   // nanoseconds
constexpr int64_t kIdleWait = 1000;             // milliseconds between looks at these clocks
constexpr int kRecordsPerTurn = 4;              // of the backlog
constexpr size_t kWorthTrimming = 1 << 20;      // bytes
}  // namespace

void Worker::start(size_t number) {
  thread_ = std::thread([this, number] {
    pthread_setname_np(pthread_self(), ("worker" + std::to_string(number)).c_str());
    log::set_thread_pipeline(context_.pipeline_id);
    run(number == 0);
  });
}

// Until the queue is drained.
void Worker::run(bool trims) {
  if (next_flush_ == 0) next_flush_ = steady_nanos() + kFlushEvery;
  if (next_trim_ == 0) next_trim_ = steady_nanos() + kTrimEvery;
  Turn turn;
  bool more = true;
  while (more && !abort_ && !context_.queue.workers_paused()) {
    more = context_.persistence ? through_disk(turn) : through_memory(turn);
    const int64_t now = steady_nanos();
    if (execution_->wants_flush() && now >= next_flush_) flush_filters(false);
    if (trims && now >= next_trim_) trim();
  }
  if (more && !abort_) return;  // paused
  if (unstored_) give_up();
  if (execution_->wants_flush() && !abort_) flush_filters(true);
}

void Worker::flush_before(const plan::Plan& next) {
  if (!execution_->wants_flush()) return;
  const BatchRef batch = context_.generation->pool.take();
  context_.events_out.add(execution_->flush_before(batch, next));
}

std::unique_ptr<plan::Execution> Worker::renew() {
  auto next =
      std::make_unique<plan::Execution>(*context_.generation->plan, context_.refused, execution_.get());
  return std::exchange(execution_, std::move(next));
}

// Ended by force: the source sends again.
void Worker::give_up() {
  unstored_->abandon();
  context_.queue.settle(std::exchange(unstored_->credit, 0));
  unstored_.reset();
}

// Filter, output; letting the batch go acknowledges it once the outputs have let go too.
void Worker::work(const BatchRef& batch, int64_t started) {
  working_since_.store(started, std::memory_order_relaxed);
  const plugin::SendersScope scope(senders_);
  const size_t left = execution_->run(batch);
  context_.events_out.add(left);
  if (left != 0)
    for (auto* charge : charges_) charge->reached_outputs();
  working_since_.store(0, std::memory_order_relaxed);
  context_.busy_nanos.add(static_cast<uint64_t>(steady_nanos() - started));
}

// Take, decode, filter, output. False: nothing more will come.
bool Worker::through_memory(Turn& turn) {
  turn = context_.queue.take(kIdleWait, std::move(turn));
  if (!turn) return !context_.queue.drained();
  const int64_t started = steady_nanos();
  const BatchRef batch = gather(turn);
  context_.events_in.add(batch->events().size());
  work(batch, started);
  return true;
}

// The same with the disk between decoding and filters. What waits there is read back faster than new events
// come, so that it gets less.
bool Worker::through_disk(Turn& turn) {
  auto& disk = *context_.persistence;
  const uint64_t seen = context_.queue.wakes();
  if (unstored_) {
    senders_ = std::move(unstored_senders_);
    store(std::exchange(unstored_, {}));
  }
  const bool worked = work_backlog();
  if (unstored_ || !disk.may_take()) {
    if (!worked) context_.queue.wait(disk.patience(kIdleWait), seen);
    return true;
  }
  const bool blocked = disk.has_backlog();
  turn = context_.queue.take(worked ? 0 : disk.patience(kIdleWait), std::move(turn),
                             blocked ? std::optional(seen) : std::nullopt);
  if (!turn) {
    if (!context_.queue.drained()) return true;
    if (!disk.has_backlog()) return false;
    if (!worked) context_.queue.wait(disk.patience(kIdleWait), seen);
    return true;
  }
  BatchRef batch = gather(turn);
  context_.events_in.add(batch->events().size());
  store(std::move(batch));
  return true;
}

bool Worker::work_backlog() {
  bool worked = false;
  for (int i = 0; i < kRecordsPerTurn && context_.persistence->may_read(); ++i) {
    const BatchRef batch = context_.generation->pool.take();
    if (!context_.persistence->read(*batch)) break;
    senders_.clear();
    senders_.add(0, context_.persistence->disk());
    work(batch, steady_nanos());
    worked = true;
  }
  return worked;
}

// A batch that cannot be written waits for the disk, and input with it.
void Worker::store(BatchRef batch) {
  charges_.clear();  // they go with the acknowledgements
  const auto next = context_.persistence->append(writer_, *batch);
  if (!next.ok()) {
    unstored_ = std::move(batch);
    unstored_senders_ = std::move(senders_);
  } else if (*next == Persistence::Next::run) {
    work(batch, steady_nanos());
  }
}

// One batch of what is there; waits for more only as long as pipeline.batch.delay says.
BatchRef Worker::gather(Turn& turn) {
  BatchRef batch = context_.generation->pool.take();
  senders_.clear();
  charges_.clear();
  const int64_t until =
      context_.batch_delay_millis ? steady_nanos() + context_.batch_delay_millis * 1000000 : 0;
  for (;;) {
    decode(turn, *batch);
    if (batch->events().size() >= context_.batch_size) return batch;
    const int64_t left = until ? (until - steady_nanos()) / 1000000 : 0;
    turn = context_.queue.take(std::max<int64_t>(left, 0), std::move(turn));
    if (!turn) return batch;
  }
}

void Worker::charge(const LanePtr& lane, size_t credit, Batch& batch) {
  batch.credit += credit;
  charges_.push_back(new Charge(context_.queue, lane, credit, steady_nanos()));
  batch.hold(AckRef(charges_.back()));
}

void Worker::decode(Turn& turn, Batch& batch) {
  size_t credit = 0;
  for (const auto& chunk : turn.chunks) credit += chunk.credit;
  if (credit != 0) charge(plugin::lane_of(*turn.stream), credit, batch);
  senders_.add(static_cast<uint32_t>(batch.sources().size()), plugin::lane_of(*turn.stream));
  for (auto& chunk : turn.chunks) turn.stream->decode(chunk, batch);
  if (turn.flush) turn.stream->flush(batch);
  auto done = std::move(turn.done);
  context_.queue.release(turn, turn.stream->flush_after());
  if (done) done();
}

// What a burst needed goes back: first what the pools have kept for a while in vain, then the pages that
// the allocator keeps of it.
void Worker::trim() {
  next_trim_ = steady_nanos() + kTrimEvery;
  const size_t freed = context_.generation->pool.trim() + SlabPool::shared().trim();
#ifdef __GLIBC__
  if (freed >= kWorthTrimming) malloc_trim(0);
#endif
}

void Worker::flush_filters(bool final) {
  next_flush_ = steady_nanos() + kFlushEvery;
  const BatchRef batch = context_.generation->pool.take();
  context_.events_out.add(execution_->flush(batch, final));
}

}  // namespace sluice::runtime
