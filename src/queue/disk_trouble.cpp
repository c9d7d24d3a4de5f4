#include "queue/disk_trouble.hpp"

#include "base/log.hpp"
#include "base/time.hpp"

namespace sluice::queue {
namespace {

constexpr std::string_view kLogger = "logstash.queue";
constexpr int64_t kSecond = 1'000'000'000;  // nanoseconds
constexpr int64_t kSayAgain = 60 * kSecond;

}  // namespace

void DiskTrouble::note(const Status& status) {
  if (status.ok() && !there_.load(std::memory_order_relaxed)) return;
  const int64_t now = steady_nanos();
  const std::scoped_lock lock(mutex_);
  if (status.ok()) {
    if (!there_ || now - last_ < kSecond) return;
    there_ = false;
    log::info(kLogger, std::string(over_), {{"folder", folder_}});
    return;
  }
  last_ = now;
  there_ = true;
  if (said_ && now - said_ < kSayAgain) return;
  said_ = now;
  log::error(kLogger, std::string(what_), {{"folder", folder_}, {"error", status.message()}});
}

}  // namespace sluice::queue
