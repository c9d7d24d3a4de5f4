// What a tenant may send: events and bytes per second, by token buckets that all workers share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

#include "event/event.hpp"
#include "plugins/filters/tenant_counters.hpp"

namespace sluice::plugins {

/// What a bucket takes in. 0: any number.
struct TenantRate {
  double events = 0;  ///< per second
  double bytes = 0;   ///< per second
  double burst = 1;   ///< seconds of it that a tenant which was quiet may send at once
  [[nodiscard]] bool limited() const { return events > 0 || bytes > 0; }
};

/// One tenant's tokens. An event passes when there is a token for it and some for bytes, and may leave a
/// debt, which the time that follows pays: so the rate holds whatever the size of what comes at once. Times
/// are steady nanoseconds. Thread-safe, without a lock.
class TenantBucket {
 public:
  explicit TenantBucket(const TenantRate& rate) : rate_(rate) {}

  /// How long, at the limit's rate, what may pass now would take (nanoseconds); none is left at 0 or below.
  struct Spare {
    double events, bytes;
  };
  [[nodiscard]] Spare spare(int64_t now) const;
  /// Whether one more event may pass when `spent` of `spare` is gone.
  [[nodiscard]] bool lets_pass(const Spare& spare, const Spare& spent) const;
  /// What `n` of them take at the limit's rate (nanoseconds); 0 without a limit.
  [[nodiscard]] double event_nanos(double n) const { return rate_.events > 0 ? n * 1e9 / rate_.events : 0; }
  [[nodiscard]] double byte_nanos(double n) const { return rate_.bytes > 0 ? n * 1e9 / rate_.bytes : 0; }
  /// Takes what has passed. The time up to which there is a debt; one that is over means there is none.
  int64_t take(uint64_t events, uint64_t bytes, int64_t now);
  /// Senders wait for the debt. The milliseconds by which that is longer than what they wait for already.
  uint64_t make_wait(int64_t until, int64_t now);
  [[nodiscard]] bool counts_bytes() const { return rate_.bytes > 0; }

 private:
  friend class TenantBuckets;
  [[nodiscard]] double burst_nanos() const { return rate_.burst * 1e9; }

  const TenantRate rate_;
  std::atomic<int64_t> events_full_at_{0}, bytes_full_at_{0};  // when the bucket will be full again
  std::atomic<int64_t> used_at_{0}, waits_until_{0};
  std::atomic<bool> forgotten_{false};
};

/// The buckets of a bounded number of tenants, since names come from outside: of too many, those that were
/// used longest ago go. Thread-safe.
class TenantBuckets {
 public:
  static constexpr size_t kMost = 10'000;
  explicit TenantBuckets(size_t most = kMost) : most_(most) {}

  std::shared_ptr<TenantBucket> of(std::string_view tenant, const TenantRate& rate, int64_t now);
  /// False: somebody else may have another bucket for the same tenant, ask of() again.
  static bool known(const TenantBucket& bucket) { return !bucket.forgotten_.load(std::memory_order_relaxed); }
  [[nodiscard]] size_t size() const;

 private:
  void forget_some();

  const size_t most_;
  mutable std::mutex mutex_;
  TextMap<std::shared_ptr<TenantBucket>> buckets_;
};

/// What one worker lets pass of one tenant during a call of the filter; the bucket is asked once and told
/// once.
class TenantMeter {
 public:
  /// A call begins.
  void begin(std::shared_ptr<TenantBucket> bucket, int64_t now);
  [[nodiscard]] const std::shared_ptr<TenantBucket>& bucket() const { return bucket_; }
  /// Whether the tenant is over its limit.
  [[nodiscard]] bool over() const { return !bucket_->lets_pass(spare_, spent_); }
  /// `event` passes.
  void pass(const Event& event);
  /// `event` came while the tenant was over its limit.
  void limit() { ++limited_; }
  /// The call has ended. The time up to which the tenant has a debt (steady nanoseconds).
  int64_t settle(const TenantFigures& figures, int64_t now);

 private:
  std::shared_ptr<TenantBucket> bucket_;
  TenantBucket::Spare spare_{}, spent_{};
  uint64_t events_ = 0, bytes_ = 0, limited_ = 0;
};

/// About what the event takes as JSON, @metadata aside.
uint64_t event_bytes(const Event& event);

}  // namespace sluice::plugins
