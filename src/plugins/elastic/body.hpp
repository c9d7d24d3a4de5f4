// The body of a bulk request while it grows, travels and comes back.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/buffer.hpp"
#include "event/batch.hpp"

namespace sluice::elastic {

/// One action of a body.
struct Item {
  const Event* event;  // lives as long as the body's batches
  uint32_t begin;      // of its action line in the bytes
};

/// Action and source lines, with what is needed to judge each item afterwards. The batches are held until
/// every item has its verdict.
struct Body {
  Buffer bytes;
  std::vector<Item> items;
  std::vector<BatchRef> batches;
  Buffer compressed;            // the bytes as sent; empty without compression
  uint32_t attempts = 0;        // how often it was refused
  uint64_t since_millis = 0;    // when the first item came, on the loop's clock; 0: not noticed yet
  uint64_t delivered_then = 0;  // successes of the output when the server called the request malformed
  bool malformed = false;
  bool overloaded = false;  // refused because there was no room for it (429)
  bool wanted = false;      // the loop asks the worker that fills it to send it on

  [[nodiscard]] bool empty() const { return items.empty(); }
  [[nodiscard]] size_t size() const { return bytes.size(); }
  [[nodiscard]] size_t capacity() const { return bytes.capacity() + compressed.capacity(); }
  [[nodiscard]] uint32_t end(size_t item) const {
    return item + 1 < items.size() ? items[item + 1].begin : static_cast<uint32_t>(bytes.size());
  }
  [[nodiscard]] std::string_view text(size_t item) const {
    return bytes.view().substr(items[item].begin, end(item) - items[item].begin);
  }
  void hold(const BatchRef& batch) {
    if (batches.empty() || batches.back().get() != batch.get()) batches.push_back(batch);
  }
  /// Copies item `index` of `from` behind the others.
  void take(const Body& from, size_t index) {
    items.push_back({from.items[index].event, static_cast<uint32_t>(bytes.size())});
    bytes.append(from.text(index));
    hold(from.batches.front().to(from.items[index].event->batch()));
  }
  void clear() {
    bytes.clear();
    items.clear();
    batches.clear();
    compressed.clear();
    attempts = 0;
    since_millis = 0;
    malformed = false;
    overloaded = false;
    wanted = false;
  }
};
using BodyPtr = std::unique_ptr<Body>;

/// Keeps bodies for reuse, so that the steady state neither allocates nor faults pages in. Thread-safe.
class BodyPool {
 public:
  BodyPtr take() {
    {
      std::scoped_lock lock(mutex_);
      if (!free_.empty()) {
        auto body = std::move(free_.back());
        free_.pop_back();
        kept_ -= body->capacity();
        return body;
      }
    }
    return std::make_unique<Body>();
  }
  void give(BodyPtr body) {
    body->clear();  // outside the lock: letting batches go may run acknowledgements
    std::scoped_lock lock(mutex_);
    if (kept_ + body->capacity() > kKeep) return;
    kept_ += body->capacity();
    free_.push_back(std::move(body));
  }

 private:
  static constexpr size_t kKeep = size_t{32} << 20;
  std::mutex mutex_;
  std::vector<BodyPtr> free_;
  size_t kept_ = 0;
};

}  // namespace sluice::elastic
