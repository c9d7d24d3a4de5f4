#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "event/batch.hpp"
#include "event/fixture.hpp"

using namespace sluice;

namespace {

struct Outcome {
  int settled = 0;
  bool delivered = false;
};

class Ack : public Acknowledgement {
 public:
  explicit Ack(Outcome& outcome) : outcome_(outcome) {}
  void settled(bool delivered) noexcept override {
    ++outcome_.settled;
    outcome_.delivered = delivered;
  }

 private:
  Outcome& outcome_;
};

}  // namespace

TEST_CASE("a piece of input is acknowledged when the last batch that holds events of it is let go") {
  BatchPool pool;
  Outcome outcome;
  auto first = pool.take(), second = pool.take();
  {
    const AckRef ack(new Ack(outcome));
    first->hold(ack);
    second->hold(ack);
  }
  const BatchRef output_keeps = first;
  first.reset();
  second.reset();
  CHECK(outcome.settled == 0);
  CHECK(pool.in_flight() == 1);
  const_cast<BatchRef&>(output_keeps).reset();
  CHECK(outcome.settled == 1);
  CHECK(outcome.delivered);
  CHECK(pool.in_flight() == 0);
  CHECK(pool.wait_idle(0));
}

TEST_CASE("one abandoned batch makes the whole piece undelivered; the next use of the batch is clean") {
  BatchPool pool;
  Outcome lost, next;
  auto first = pool.take(), second = pool.take();
  {
    const AckRef ack(new Ack(lost));
    first->hold(ack);
    second->hold(ack);
  }
  first->abandon();
  first.reset();
  CHECK(lost.settled == 0);
  second.reset();
  CHECK(lost.settled == 1);
  CHECK_FALSE(lost.delivered);
  for (int i = 0; i < 2; ++i) {
    auto again = pool.take();
    again->hold(AckRef(new Ack(next)));
  }
  CHECK(next.settled == 2);
  CHECK(next.delivered);
}

TEST_CASE("the pool reports the credit of each settled batch, once its memory is free") {
  std::vector<size_t> credits;
  BatchPool pool([&](size_t credit) { credits.push_back(credit); });
  auto batch = pool.take();
  batch->credit = 42;
  batch.reset();
  pool.take().reset();
  CHECK(credits == std::vector<size_t>{42, 0});
}

TEST_CASE("a recycled batch is empty and needs no new memory") {
  BatchPool pool;
  size_t held = 0;
  const Batch* address = nullptr;
  for (int round = 0; round < 5; ++round) {
    auto batch = pool.take();
    CHECK(batch->events().empty());
    CHECK(batch->sources().empty());
    CHECK(batch->credit == 0);
    const auto source = batch->add_source({"input", "stream"});
    for (int i = 0; i < 1000; ++i) {
      auto& event = batch->make(source);
      event.set(Names::get().message, event.text(std::string(50, 'x')));
      batch->add(event);
      CHECK(event.origin == static_cast<uint32_t>(i));
    }
    batch->hold(SlabRef::copy_of("bytes"));
    if (round == 0) {
      address = batch.get();
      held = batch->arena().capacity();
    }
    CHECK(batch.get() == address);
    CHECK(batch->arena().capacity() == held);
  }
}

TEST_CASE("a pool frees the batches that were not needed since it was trimmed last") {
  BatchPool pool;
  const auto use = [&](size_t batches) {
    std::vector<BatchRef> taken;
    for (size_t i = 0; i < batches; ++i) {
      taken.push_back(pool.take());
      taken.back()->make();
    }
    return taken.front()->arena().capacity();
  };
  const size_t one = use(3);
  CHECK(pool.trim() == 0);
  use(1);
  CHECK(pool.trim() == 2 * one);
  CHECK(pool.trim() == one);
  CHECK(pool.trim() == 0);
}

TEST_CASE("slabs live as long as the batch that holds them") {
  BatchPool pool;
  auto slab = SlabRef::copy_of("some bytes");
  auto batch = pool.take();
  batch->hold(slab);
  CHECK_FALSE(slab.sole_owner());
  batch.reset();
  CHECK(slab.sole_owner());
}

TEST_CASE("wait_idle waits for batches that other threads hold") {
  BatchPool pool;
  auto batch = pool.take();
  CHECK_FALSE(pool.wait_idle(1));
  std::thread other([held = std::move(batch)]() mutable { held.reset(); });
  CHECK(pool.wait_idle(60'000));
  other.join();
}

TEST_CASE("a pool knows for each holder since when it has had the oldest of its batches") {
  BatchPool pool({}, 3);
  CHECK(pool.oldest() == std::vector<int64_t>{0, 0, 0});
  auto first = pool.take();
  const int64_t since = pool.oldest()[0];
  CHECK(since > 0);
  auto kept = first.for_holder(2);
  first.reset();
  CHECK(pool.oldest() == std::vector<int64_t>{0, 0, since});
  const auto second = pool.take();
  const auto later = second.for_holder(2);
  CHECK(pool.oldest()[2] == since);
  kept = BatchRef();
  CHECK(pool.oldest()[2] >= since);
  CHECK(pool.oldest()[0] == pool.oldest()[2]);
  // A holder that the pool does not know counts as the first.
  const auto stranger = second.for_holder(9);
  CHECK(pool.oldest().size() == 3);
}
