#include "event/batch.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

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
  if (!batch_ || batch_->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  batch_->pool_->give_back(batch_);
}

BatchPool::~BatchPool() = default;

BatchRef BatchPool::take() {
  in_flight_.fetch_add(1, std::memory_order_acq_rel);
  std::unique_ptr<Batch> batch;
  {
    std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      batch = std::move(idle_.back());
      idle_.pop_back();
      unneeded_ = std::min(unneeded_, idle_.size());
    }
  }
  if (!batch) batch = std::make_unique<Batch>();
  batch->pool_ = this;
  return BatchRef(batch.release());
}

void BatchPool::give_back(Batch* batch) {
  std::unique_ptr<Batch> owned(batch);
  const size_t credit = owned->credit;
  owned->clear();
  if (settled_) settled_(credit);
  std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(owned));
  if (in_flight_.fetch_sub(1, std::memory_order_acq_rel) == 1) none_in_flight_.notify_all();
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
