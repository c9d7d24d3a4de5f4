#include "runtime/worker.hpp"

#include <pthread.h>

#include "base/log.hpp"
#include "base/time.hpp"

namespace sluice::runtime {
namespace {
constexpr int64_t kFlushEvery = 5'000'000'000;  // nanoseconds, as Logstash's periodic flush
constexpr int64_t kIdleWait = 1000;             // milliseconds between looks at the flush clock
}  // namespace

void Worker::start(size_t number) {
  thread_ = std::thread([this, number] {
    pthread_setname_np(pthread_self(), ("worker" + std::to_string(number)).c_str());
    log::set_thread_pipeline(context_.pipeline_id);
    run();
  });
}

// Take, decode, filter, output; letting the batch go acknowledges it once the outputs have let go too.
void Worker::run() {
  next_flush_ = steady_nanos() + kFlushEvery;
  while (!abort_) {
    Turn turn = context_.queue.take(kIdleWait);
    if (turn) {
      const int64_t started = steady_nanos();
      const BatchRef batch = gather(std::move(turn));
      context_.events_in.add(batch->events().size());
      context_.events_out.add(execution_.run(batch));
      context_.busy_nanos.add(static_cast<uint64_t>(steady_nanos() - started));
    } else if (context_.queue.drained()) {
      break;
    }
    if (execution_.wants_flush() && steady_nanos() >= next_flush_) flush_filters(false);
  }
  if (execution_.wants_flush() && !abort_) flush_filters(true);
}

// One batch of what is there; waits for more only as long as pipeline.batch.delay says.
BatchRef Worker::gather(Turn turn) {
  BatchRef batch = context_.pool.take();
  const int64_t until =
      context_.batch_delay_millis ? steady_nanos() + context_.batch_delay_millis * 1000000 : 0;
  for (;;) {
    decode(turn, *batch);
    if (batch->events().size() >= context_.batch_size) return batch;
    const int64_t left = until ? (until - steady_nanos()) / 1000000 : 0;
    turn = context_.queue.take(std::max<int64_t>(left, 0));
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

void Worker::flush_filters(bool final) {
  next_flush_ = steady_nanos() + kFlushEvery;
  const BatchRef batch = context_.pool.take();
  context_.events_out.add(execution_.flush(batch, final));
}

}  // namespace sluice::runtime
