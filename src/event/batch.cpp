#include "event/batch.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "base/time.hpp"

namespace sluice {

Event& Batch::make(uint32_t source) {
  auto* event = new (arena_.allocate(sizeof(Event), alignof(Event))) Event;
  event->batch_ = this;
  event->source = source;
  event->fields_ = Object::make(arena_, 0);  // a document that was read takes its place, often
  event->metadata_ = Value::object(Object::make(arena_, 4));
  return *event;
}

Event& Batch::clone(const Event& event) {
  auto* copy = new (arena_.allocate(sizeof(Event), alignof(Event))) Event(event);
  const bool foreign = event.batch_ != this;
  copy->batch_ = this;
  copy->fields_ = deep_copy(Value::object(event.fields_), arena_, foreign).as_object();
  copy->metadata_ = deep_copy(event.metadata_, arena_, foreign);
  copy->cancelled_ = false;
  copy->children = 0;
  return *copy;
}

void Batch::clear() {
  const bool lost = abandoned_.exchange(false, std::memory_order_relaxed);
  if (lost)
    for (auto& ack : acks_) ack.abandon();
  acks_.clear();
  events_.clear();
  sources_.clear();
  slabs_.clear();
  arena_.reset();
  credit = 0;
}

void BatchRef::release() {
  if (!batch_) return;
  batch_->held_[holder_].fetch_sub(1, std::memory_order_relaxed);
  if (batch_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) batch_->pool_->give_back(batch_);
}

BatchPool::~BatchPool() = default;

BatchRef BatchPool::take() {
  in_flight_.fetch_add(1, std::memory_order_acq_rel);
  const int64_t now = steady_nanos();
  const std::scoped_lock lock(mutex_);
  std::unique_ptr<Batch> batch;
  if (!idle_.empty()) {
    batch = std::move(idle_.back());
    idle_.pop_back();
    unneeded_ = std::min(unneeded_, idle_.size());
  } else {
    batch = std::make_unique<Batch>();
    batch->pool_ = this;
    batch->held_ = std::make_unique<std::atomic<uint32_t>[]>(holders_);
    batch->holders_ = holders_;
  }
  batch->taken_at_ = now;
  link(*batch);
  return BatchRef(batch.release());
}

void BatchPool::link(Batch& batch) {
  batch.older_ = newest_;
  batch.newer_ = nullptr;
  (newest_ ? newest_->newer_ : oldest_) = &batch;
  newest_ = &batch;
}

void BatchPool::unlink(Batch& batch) {
  (batch.older_ ? batch.older_->newer_ : oldest_) = batch.newer_;
  (batch.newer_ ? batch.newer_->older_ : newest_) = batch.older_;
}

void BatchPool::give_back(Batch* batch) {
  std::unique_ptr<Batch> owned(batch);
  const size_t credit = owned->credit;
  owned->clear();
  if (settled_) settled_(credit);
  std::scoped_lock lock(mutex_);
  unlink(*owned);
  idle_.push_back(std::move(owned));
  if (in_flight_.fetch_sub(1, std::memory_order_acq_rel) == 1) none_in_flight_.notify_all();
}

std::vector<int64_t> BatchPool::oldest() const {
  std::vector<int64_t> since(holders_, 0);
  size_t missing = holders_;
  const std::scoped_lock lock(mutex_);
  for (const Batch* batch = oldest_; batch && missing > 0; batch = batch->newer_)
    for (uint32_t holder = 0; holder < holders_; ++holder) {
      if (since[holder] != 0 || batch->held_[holder].load(std::memory_order_relaxed) == 0) continue;
      since[holder] = batch->taken_at_;
      --missing;
    }
  return since;
}

size_t BatchPool::trim() {
  std::vector<std::unique_ptr<Batch>> spare;
  {
    std::scoped_lock lock(mutex_);
    const auto end = idle_.begin() + static_cast<ptrdiff_t>(unneeded_);
    spare.assign(std::make_move_iterator(idle_.begin()), std::make_move_iterator(end));
    idle_.erase(idle_.begin(), end);
    unneeded_ = idle_.size();
  }
  size_t bytes = 0;
  for (const auto& batch : spare) bytes += batch->arena_.capacity();
  return bytes;
}

bool BatchPool::wait_idle(int64_t millis) {
  std::unique_lock lock(mutex_);
  return none_in_flight_.wait_for(lock, std::chrono::milliseconds(millis),
                                  [this] { return in_flight() == 0; });
}

}  // namespace sluice
