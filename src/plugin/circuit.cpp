#include "plugin/circuit.hpp"

#include "base/backoff.hpp"
#include "base/random.hpp"

namespace sluice::plugin {

Circuit::Circuit(Settings settings, std::atomic<CircuitState>& state)
    : settings_(settings), state_(state), random_(static_cast<uint32_t>(random_number())) {
  state_ = settings.untried ? CircuitState::half_open : CircuitState::closed;
}

bool Circuit::succeeded() {
  const std::scoped_lock lock(mutex_);
  failures_ = waits_ = 0;
  return state_.exchange(CircuitState::closed) != CircuitState::closed;
}

bool Circuit::failed(int64_t now) {
  const std::scoped_lock lock(mutex_);
  ++failures_;
  // While it is open, those fail that were sent before.
  if (state() == CircuitState::open || (closed() && failures_ < settings_.failures)) return false;
  const uint64_t wait = full_jitter(settings_.first_millis, waits_, settings_.longest_millis, random_);
  probe_at_ = now + static_cast<int64_t>(wait) * 1'000'000;
  state_ = CircuitState::open;
  return ++waits_ == 1;
}

bool Circuit::begin_probe(int64_t now) {
  const std::scoped_lock lock(mutex_);
  if (state() != CircuitState::open || now < probe_at_) return false;
  state_ = CircuitState::half_open;
  return true;
}

uint64_t Circuit::wait_millis(int64_t now) const {
  const std::scoped_lock lock(mutex_);
  return now >= probe_at_ ? 0 : static_cast<uint64_t>(probe_at_ - now + 999'999) / 1'000'000;
}

}  // namespace sluice::plugin
