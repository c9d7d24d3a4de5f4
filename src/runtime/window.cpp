#include "runtime/window.hpp"

#include <algorithm>

namespace sluice::runtime {
namespace {

constexpr int kRound = 4;  // batches
// Shorter than this no line is worth making shorter: outputs gather events into requests, and want some.
constexpr int64_t kHarmless = 100'000'000;
// How long a measurement of the usual time holds: at least this, and many times as long as making one takes.
constexpr int64_t kHolds = 10'000'000'000;
constexpr int64_t kHoldsTimes = 50;

}  // namespace

void Window::begin() {
  size_ = least_;
  usual_ = measured_at_ = 0;
  probing_ = little_ = false;
  little_since_ = little_until_ = 0;
  new_round();
}

bool Window::open(size_t under_way, int64_t now) {
  // The line may have grown so slowly that it passes for the outputs' own time: measure without it.
  if (size_ > least_ && now - measured_at_ > std::max(kHolds, kHoldsTimes * usual_)) {
    probing_ = true;
    new_round();
  }
  if (under_way < size()) return true;
  was_full_ = true;
  return false;
}

void Window::taken(size_t under_way, size_t bytes, int64_t now) {
  const bool little = under_way < least_;
  if (little && !little_) little_since_ = now;
  if (!little && little_) little_until_ = now;
  little_ = little;
  if (round_began_ == 0 && !probing_ && 2 * (under_way + bytes) >= size_) round_began_ = now;
}

void Window::settled(int64_t taken_at, int64_t now) {
  const int64_t took = std::max<int64_t>(now - taken_at, 1);
  if (little_since_ != 0 && taken_at >= little_since_ && (little_ || taken_at < little_until_)) {
    usual_ = usual_ == 0 || probing_ ? took : usual_ + (took - usual_) / 8;
    measured_at_ = now;
    probing_ = false;
  }
  if (round_began_ == 0 || taken_at < round_began_ || probing_) return;
  round_nanos_ += took;
  if (++round_batches_ == kRound) end_round();
}

void Window::end_round() {
  const int64_t took = round_nanos_ / kRound, limit = std::max(2 * usual_, kHarmless);
  if (usual_ != 0 && took > limit) {
    const double share = static_cast<double>(limit) / static_cast<double>(took);
    const auto smaller = static_cast<size_t>(static_cast<double>(size_) * std::max(share, 0.5));
    size_ = std::max(smaller, least_);
  } else if (usual_ != 0 && was_full_) {
    size_ = std::min(size_ + size_ / 2, most_);
  }
  new_round();
}

void Window::new_round() {
  round_began_ = round_nanos_ = 0;
  round_batches_ = 0;
  was_full_ = false;
}

}  // namespace sluice::runtime
