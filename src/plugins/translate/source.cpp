#include "plugins/translate/source.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/time.hpp"

namespace sluice::plugins::translate {
namespace {

constexpr std::string_view kLogger = "logstash.filters.translate";
constexpr double kShortInterval = 300;  // seconds up to which a file that did not change is not read again
constexpr double kLongestInterval = 1e9;

}  // namespace

std::shared_ptr<const Dictionary> Source::get() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void Source::set(std::shared_ptr<const Dictionary> dictionary) {
  const std::lock_guard lock(mutex_);
  current_.swap(dictionary);
}

Status Source::load() {
  const auto stamp = stamp_of(file.path);
  if (!stamp.exists) {
    log::warn(kLogger, "dictionary file read failure, continuing with old dictionary", {{"path", file.path}});
    return {};
  }
  auto fresh = std::make_shared<Dictionary>(matching);
  if (const auto old = get(); old && !replace) fresh->put_all(*old);
  Status status = read_dictionary(file, matching, *fresh);
  if (status.ok()) status = fresh->finish();
  if (status.ok()) set(std::move(fresh));
  stamp_ = stamp;
  return status;
}

bool Source::due() {
  if (interval <= 0) return false;
  const auto step = static_cast<int64_t>(std::min(interval, kLongestInterval) * 1e9);
  const int64_t now = steady_nanos();
  int64_t next = next_.load(std::memory_order_relaxed);
  if (next == 0) {
    next_.compare_exchange_strong(next, now + step);
    return false;
  }
  return now >= next && next_.compare_exchange_strong(next, now + step) && !busy_.exchange(true);
}

void Source::refresh() {
  if (interval > kShortInterval || !(stamp_of(file.path) == stamp_)) {
    if (const Status status = load(); !status.ok())
      log::warn(kLogger, "The dictionary cannot be loaded, continuing with old dictionary",
                {{"dictionary_path", file.path}, {"reason", status.message()}});
  }
  busy_.store(false, std::memory_order_release);
}

}  // namespace sluice::plugins::translate
