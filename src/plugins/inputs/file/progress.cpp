#include "plugins/inputs/file/progress.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/time.hpp"

namespace sluice::plugins::file {

Bell::Bell() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
Bell::~Bell() { ::close(fd_); }
void Bell::ring() {
  const uint64_t one = 1;
  (void)!::write(fd_, &one, sizeof one);
}
void Bell::quiet() {
  uint64_t count = 0;
  (void)!::read(fd_, &count, sizeof count);
}

class StretchAck : public Acknowledgement {
 public:
  StretchAck(std::shared_ptr<Progress> progress, uint64_t number)
      : progress_(std::move(progress)), number_(number) {}
  void settled(bool delivered) noexcept override { progress_->settle(number_, delivered); }

 private:
  std::shared_ptr<Progress> progress_;
  uint64_t number_;
};

Progress::Progress(std::shared_ptr<Bell> bell, int64_t position)
    : bell_(std::move(bell)), delivered_(position), last_active_(wall_nanos()) {}

AckRef Progress::send(int64_t end) {
  std::scoped_lock lock(mutex_);
  stretches_.push_back({end, false});
  return AckRef(new StretchAck(shared_from_this(), first_ + stretches_.size() - 1));
}

void Progress::skip(int64_t end) {
  std::scoped_lock lock(mutex_);
  stretches_.push_back({end, true});
  advance();
}

void Progress::settle(uint64_t number, bool delivered) {
  bool done = false;
  {
    std::scoped_lock lock(mutex_);
    if (!delivered)
      lost_ = true;
    else
      stretches_[number - first_].settled = true;
    advance();
    done = stretches_.empty() || lost_;
  }
  last_active_.store(wall_nanos(), std::memory_order_relaxed);
  if (done) bell_->ring();
}

void Progress::advance() {
  while (!stretches_.empty() && stretches_.front().settled) {
    delivered_ = stretches_.front().end;
    stretches_.pop_front();
    ++first_;
  }
}

int64_t Progress::delivered() const {
  std::scoped_lock lock(mutex_);
  return delivered_;
}

bool Progress::idle() const {
  std::scoped_lock lock(mutex_);
  return stretches_.empty();
}

bool Progress::lost() const {
  std::scoped_lock lock(mutex_);
  return lost_;
}

}  // namespace sluice::plugins::file
