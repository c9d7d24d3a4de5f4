// A queue with its batches, and acknowledgements that can be looked at.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "queue/persistent_queue.hpp"
#include "simulated_env.hpp"

namespace sluice::test {

/// Numbers that an input was told are safe, or not.
struct Told {
  std::set<int64_t> safe, lost;
};

/// One run of a queue: what a process does until it is stopped.
struct Run {
  explicit Run(Env& env, queue::PersistentQueueSettings settings, bool background = false)
      : pool(std::make_unique<BatchPool>()) {
    settings.background = background;
    auto opened = queue::PersistentQueue::open(env, settings);
    if (opened.ok())
      queue = std::move(opened).value();
    else
      problem = opened.message();
  }

  /// A batch of events with these numbers, and an acknowledgement that `told` learns of.
  BatchRef batch(const std::vector<int64_t>& numbers, Told& told, size_t padding = 20) {
    BatchRef batch = pool->take();
    const uint32_t source = batch->add_source({"in", "stream"});
    for (const int64_t number : numbers) {
      auto& event = batch->make(source);
      event.set(Key::intern("n"), Value::integer(number));
      event.set(Key::intern("text"), event.text(std::string(padding, 'x')));
      batch->add(event);
    }
    batch->hold(AckRef(new Ack{numbers, told}));
    return batch;
  }
  /// Appends, and goes on with the batch (true) or leaves it to be read.
  bool append(const std::vector<int64_t>& numbers, Told& told, bool run = false, size_t padding = 20) {
    BatchRef made = batch(numbers, told, padding);
    const auto next = queue->append(writer, *made, run);
    if (!next.ok()) {
      made->abandon();
      return false;
    }
    if (*next == queue::PersistentQueue::Next::run) running.push_back(std::move(made));
    return true;
  }
  /// Reads a record; the numbers of its events, none at the end.
  std::vector<int64_t> read() {
    BatchRef made = pool->take();
    const auto found = queue->read(*made);
    if (!found.ok() || !*found) return {};
    running.push_back(made);
    return numbers_of(*made);
  }
  /// All that can be read, in order.
  std::vector<int64_t> read_all() {
    std::vector<int64_t> all;
    for (auto part = read(); !part.empty(); part = read()) all.insert(all.end(), part.begin(), part.end());
    return all;
  }
  /// The oldest batch that runs has been delivered; its numbers.
  std::vector<int64_t> deliver(size_t index = 0) {
    const auto numbers = numbers_of(*running.at(index));
    running.erase(running.begin() + static_cast<std::ptrdiff_t>(index));
    return numbers;
  }
  /// The process is gone: what ran was not delivered.
  void stop() {
    for (auto& batch : running) batch->abandon();
    running.clear();
    queue.reset();
  }
  ~Run() { stop(); }

  static std::vector<int64_t> numbers_of(const Batch& batch) {
    std::vector<int64_t> numbers;
    for (const auto* event : batch.events()) numbers.push_back(event->get(Key::intern("n"))->as_integer());
    return numbers;
  }

  std::unique_ptr<BatchPool> pool;
  std::shared_ptr<queue::PersistentQueue> queue;
  queue::RecordWriter writer;
  std::vector<BatchRef> running;
  std::string problem;

 private:
  struct Ack : Acknowledgement {
    Ack(std::vector<int64_t> n, Told& t) : numbers(std::move(n)), told(t) {}
    void settled(bool delivered) noexcept override {
      (delivered ? told.safe : told.lost).insert(numbers.begin(), numbers.end());
    }
    std::vector<int64_t> numbers;
    Told& told;
  };
};

inline queue::PersistentQueueSettings small_queue() {
  queue::PersistentQueueSettings settings;
  settings.folder = "/q";
  settings.page_capacity = 2048;
  settings.max_bytes = 1 << 20;
  return settings;
}

}  // namespace sluice::test
