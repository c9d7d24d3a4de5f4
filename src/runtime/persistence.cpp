#include "runtime/persistence.hpp"

#include <random>

#include "base/log.hpp"
#include "base/time.hpp"

namespace sluice::runtime {
namespace {

constexpr std::string_view kLogger = "logstash.queue";
constexpr int64_t kSecond = 1'000'000'000;        // nanoseconds
constexpr int64_t kComplainAgain = 60 * kSecond;  // while a problem lasts

uint64_t random_name() {
  std::random_device device;
  return uint64_t{device()} << 32 | device() | 1;
}

}  // namespace

Persistence::Persistence(std::shared_ptr<queue::PersistentQueue> queue, StreamQueue& entrance,
                         bool name_events)
    : queue_(std::move(queue)), entrance_(entrance), name_(name_events ? random_name() : 0) {
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

// Half of the memory in flight, so that inputs always find room in the other.
bool Persistence::may_read() const {
  return has_backlog() && entrance_.running_bytes() < entrance_.limit() / 2 &&
         (read_again_.load(std::memory_order_relaxed) == 0 ||
          steady_nanos() >= read_again_.load(std::memory_order_relaxed));
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
  const bool run = !ending() && entrance_.running_bytes() < entrance_.limit() / 2;
  auto next = queue_->append(writer, batch, run);
  if (!next.ok()) {
    failed(
        "Events cannot be written to the queue on disk: inputs wait until they can. Make room, or mend the "
        "disk",
        next.status());
  } else if (complained_.load(std::memory_order_relaxed) && complained_.exchange(0)) {
    log::info(kLogger, "The queue on disk takes events again", {{"folder", queue_->folder()}});
  }
  return next;
}

bool Persistence::read(Batch& batch) {
  const auto found = queue_->read(batch);
  if (!found.ok()) {
    read_again_ = steady_nanos() + kSecond;
    failed("The queue on disk cannot be read: it is tried again each second", found.status());
    return false;
  }
  read_again_.store(0, std::memory_order_relaxed);
  if (*found) entrance_.charge(batch.credit);
  return *found;
}

void Persistence::end(int64_t deadline) {
  deadline_ = deadline;
  ending_ = true;
  entrance_.wake();
}

void Persistence::failed(std::string_view what, const Status& status) {
  const int64_t now = steady_nanos();
  int64_t last = complained_.load();
  if ((last && now - last < kComplainAgain) || !complained_.compare_exchange_strong(last, now)) return;
  log::error(kLogger, std::string(what), {{"folder", queue_->folder()}, {"error", status.message()}});
}

}  // namespace sluice::runtime
