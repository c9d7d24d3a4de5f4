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
constexpr size_t kWorthTrimming = 1 << 20;      // bytes
}  // namespace

void Worker::start(size_t number) {
  thread_ = std::thread([this, number] {
    pthread_setname_np(pthread_self(), ("worker" + std::to_string(number)).c_str());
    log::set_thread_pipeline(context_.pipeline_id);
    run(number == 0);
  });
}

// Take, decode, filter, output; letting the batch go acknowledges it once the outputs have let go too.
void Worker::run(bool trims) {
  int64_t now = steady_nanos();
  next_flush_ = now + kFlushEvery;
  next_trim_ = now + kTrimEvery;
  Turn turn;
  while (!abort_) {
    turn = context_.queue.take(kIdleWait, std::move(turn));
    now = steady_nanos();
    if (turn) {
      const BatchRef batch = gather(turn);
      context_.events_in.add(batch->events().size());
      context_.events_out.add(execution_.run(batch));
      const int64_t started = std::exchange(now, steady_nanos());
      context_.busy_nanos.add(static_cast<uint64_t>(now - started));
    } else if (context_.queue.drained()) {
      break;
    }
    if (execution_.wants_flush() && now >= next_flush_) flush_filters(false);
    if (trims && now >= next_trim_) trim();
  }
  if (execution_.wants_flush() && !abort_) flush_filters(true);
}

// One batch of what is there; waits for more only as long as pipeline.batch.delay says.
BatchRef Worker::gather(Turn& turn) {
  BatchRef batch = context_.pool.take();
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

void Worker::decode(Turn& turn, Batch& batch) {
  for (auto& chunk : turn.chunks) {
    batch.credit += chunk.credit;
    turn.stream->decode(chunk, batch);
  }
  if (turn.flush) turn.stream->flush(batch);
  auto done = std::move(turn.done);
  context_.queue.release(turn, turn.stream->flush_after());
  if (done) done();
}

// What a burst needed goes back: first what the pools have kept for a while in vain, then the pages that
// the allocator keeps of it.
void Worker::trim() {
  next_trim_ = steady_nanos() + kTrimEvery;
  const size_t freed = context_.pool.trim() + SlabPool::shared().trim();
#ifdef __GLIBC__
  if (freed >= kWorthTrimming) malloc_trim(0);
#endif
}

void Worker::flush_filters(bool final) {
  next_flush_ = steady_nanos() + kFlushEvery;
  const BatchRef batch = context_.pool.take();
  context_.events_out.add(execution_.flush(batch, final));
}

}  // namespace sluice::runtime
