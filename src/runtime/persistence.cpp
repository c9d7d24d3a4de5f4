#include "runtime/persistence.hpp"

#include <algorithm>

#include "base/random.hpp"
#include "base/time.hpp"

namespace sluice::runtime {
namespace {

constexpr int64_t kSecond = 1'000'000'000;  // nanoseconds

}  // namespace

Persistence::Persistence(std::shared_ptr<queue::PersistentQueue> queue, StreamQueue& entrance,
                         bool name_events)
    : queue_(std::move(queue)),
      entrance_(entrance),
      name_(name_events ? random_number() | 1 : 0),
      writing_(
          "Events cannot be written to the queue on disk: inputs wait until they can. Make room, or mend the "
          "disk",
          "The queue on disk takes events again", queue_->folder()),
      reading_("The queue on disk cannot be read: it is tried again each second. Mend the disk",
               "The queue on disk can be read again", queue_->folder()) {
  queue_->on_room([this] { entrance_.wake(); });
}

Persistence::~Persistence() {
  (void)queue_->close();  // its thread calls the callback
  queue_->on_room({});
}

bool Persistence::has_backlog() const {
  if (!queue_->has_unread()) return false;
  const int64_t deadline = deadline_.load(std::memory_order_relaxed);
  return deadline == INT64_MAX || steady_nanos() < deadline;
}

// As much as half of what input may take.
bool Persistence::little_runs() const {
  return running_.load(std::memory_order_relaxed) < entrance_.limit() / 2;
}

bool Persistence::may_read() const {
  if (!little_runs() || !has_backlog()) return false;
  const int64_t again = std::max(read_again_.load(std::memory_order_relaxed), disk_->held_until());
  return again == 0 || steady_nanos() >= again;
}

int64_t Persistence::patience(int64_t most) const {
  const int64_t left = (disk_->held_until() - steady_nanos()) / 1'000'000 + 1;
  return left > 0 ? std::min(left, most) : most;
}

void Persistence::settled(size_t credit) {
  running_.fetch_sub(credit, std::memory_order_relaxed);
  entrance_.wake();
}

// The name is written with the event, so that it is the same however often the event is read and sent.
void Persistence::name(Batch& batch) {
  for (auto* event : batch.events()) {
    if (event->digest != 0) continue;
    event->digest = name_;
    event->position = named_.fetch_add(1, std::memory_order_relaxed);
  }
}

Result<Persistence::Next> Persistence::append(queue::RecordWriter& writer, Batch& batch) {
  if (name_ != 0) name(batch);
  auto next = queue_->append(writer, batch, !ending() && little_runs());
  writing_.note(next.status());
  if (!next.ok() && !ending()) return next;
  entrance_.settle(batch.credit);
  if (next.ok() && *next == Next::read)
    batch.credit = 0;
  else
    running_.fetch_add(batch.credit, std::memory_order_relaxed);
  return next.ok() ? next : Next::run;
}

bool Persistence::read(Batch& batch) {
  const auto found = queue_->read(batch);
  reading_.note(found.status());
  if (!found.ok()) {
    read_again_ = steady_nanos() + kSecond;
    return false;
  }
  read_again_.store(0, std::memory_order_relaxed);
  running_.fetch_add(batch.credit, std::memory_order_relaxed);
  return *found;
}

void Persistence::end(int64_t deadline) {
  deadline_ = deadline;
  ending_ = true;
  entrance_.wake();
}

}  // namespace sluice::runtime
