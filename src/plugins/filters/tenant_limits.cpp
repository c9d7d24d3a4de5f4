#include "plugins/filters/tenant_limits.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace sluice::plugins {
namespace {

constexpr double kAny = std::numeric_limits<double>::infinity();

double spare_of(double rate, double burst_nanos, int64_t full_at, int64_t now) {
  if (rate <= 0) return kAny;
  return burst_nanos - static_cast<double>(std::max<int64_t>(full_at - now, 0));
}

// Puts the time at which the bucket is full off by `nanos`; the new time.
int64_t put_off(std::atomic<int64_t>& full_at, double nanos, int64_t now) {
  // A debt of more than some years is as good as one of some years, and no number overflows.
  constexpr double kLongest = 1e17;
  const auto more = static_cast<int64_t>(std::llround(std::min(nanos, kLongest)));
  int64_t known = full_at.load(std::memory_order_relaxed);
  for (;;) {
    const int64_t next = std::min(std::max(known, now), now + static_cast<int64_t>(kLongest)) + more;
    if (full_at.compare_exchange_weak(known, next, std::memory_order_relaxed)) return next;
  }
}

uint64_t json_bytes(const Value& value) {
  constexpr uint64_t kNumber = 8, kTime = 26;
  if (value.is_string()) return value.as_text().size() + 2;
  if (value.kind() == Value::Kind::timestamp) return kTime;
  uint64_t bytes = 2;
  if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()->all())
      bytes += key.text().size() + 4 + json_bytes(member);
    return bytes;
  }
  if (value.is_array()) {
    for (const auto& item : value.as_array()->all()) bytes += 1 + json_bytes(item);
    return bytes;
  }
  return kNumber;
}

}  // namespace

uint64_t event_bytes(const Event& event) { return json_bytes(Value::object(&event.fields())); }

TenantBucket::Spare TenantBucket::spare(int64_t now) const {
  return {
      spare_of(rate_.events, burst_nanos(), events_full_at_.load(std::memory_order_relaxed), now),
      spare_of(rate_.bytes, burst_nanos(), bytes_full_at_.load(std::memory_order_relaxed), now),
  };
}

bool TenantBucket::lets_pass(const Spare& spare, const Spare& spent) const {
  constexpr double kRounding = 1;  // nanosecond
  // A bucket that holds less than one event lets it pass when it is full.
  const double event = std::min(event_nanos(1), burst_nanos());
  return spent.events + event <= spare.events + kRounding && spent.bytes < spare.bytes;
}

int64_t TenantBucket::take(uint64_t events, uint64_t bytes, int64_t now) {
  used_at_.store(now, std::memory_order_relaxed);
  int64_t full_at = now;
  if (rate_.events > 0) full_at = put_off(events_full_at_, event_nanos(static_cast<double>(events)), now);
  if (rate_.bytes > 0)
    full_at = std::max(full_at, put_off(bytes_full_at_, byte_nanos(static_cast<double>(bytes)), now));
  return full_at - static_cast<int64_t>(burst_nanos());
}

uint64_t TenantBucket::make_wait(int64_t until, int64_t now) {
  constexpr int64_t kMilli = 1'000'000;
  int64_t known = waits_until_.load(std::memory_order_relaxed);
  for (;;) {
    const int64_t before = std::max(known, now);
    if (until - before < kMilli) return 0;  // it counts with what comes
    if (waits_until_.compare_exchange_weak(known, until, std::memory_order_relaxed))
      return static_cast<uint64_t>((until - before) / kMilli);
  }
}

std::shared_ptr<TenantBucket> TenantBuckets::of(std::string_view tenant, const TenantRate& rate,
                                                int64_t now) {
  std::scoped_lock lock(mutex_);
  if (const auto found = buckets_.find(tenant); found != buckets_.end()) return found->second;
  if (buckets_.size() >= most_) forget_some();
  auto made = std::make_shared<TenantBucket>(rate);
  made->used_at_.store(now, std::memory_order_relaxed);
  buckets_.emplace(tenant, made);
  return made;
}

// A quarter at a time, so that a flood of names does not look through all of them for each.
void TenantBuckets::forget_some() {
  std::vector<int64_t> times;
  times.reserve(buckets_.size());
  const auto used_at = [](const TenantBucket& bucket) {
    return bucket.used_at_.load(std::memory_order_relaxed);
  };
  for (const auto& [name, bucket] : buckets_) times.push_back(used_at(*bucket));
  const size_t wanted = times.size() / 4 + 1;
  const auto limit = times.begin() + static_cast<ptrdiff_t>(std::min(wanted, times.size()) - 1);
  std::nth_element(times.begin(), limit, times.end());
  size_t left = wanted;  // of a time that many have, no more go than have to
  std::erase_if(buckets_, [&, oldest = *limit](const auto& entry) {
    if (left == 0 || used_at(*entry.second) > oldest) return false;
    entry.second->forgotten_.store(true, std::memory_order_relaxed);
    --left;
    return true;
  });
}

size_t TenantBuckets::size() const {
  std::scoped_lock lock(mutex_);
  return buckets_.size();
}

void TenantMeter::begin(std::shared_ptr<TenantBucket> bucket, int64_t now) {
  bucket_ = std::move(bucket);
  spare_ = bucket_->spare(now);
  spent_ = {};
}

void TenantMeter::pass(const Event& event) {
  ++events_;
  spent_.events += bucket_->event_nanos(1);
  if (!bucket_->counts_bytes()) return;
  const uint64_t bytes = event_bytes(event);
  bytes_ += bytes;
  spent_.bytes += bucket_->byte_nanos(static_cast<double>(bytes));
}

int64_t TenantMeter::settle(const TenantFigures& figures, int64_t now) {
  if (bytes_ != 0) figures.bytes->add(bytes_);
  if (limited_ != 0) figures.limited->add(limited_);
  limited_ = 0;
  return bucket_->take(std::exchange(events_, 0), std::exchange(bytes_, 0), now);
}

}  // namespace sluice::plugins
