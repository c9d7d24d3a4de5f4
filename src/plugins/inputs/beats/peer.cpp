#include "plugins/inputs/beats/peer.hpp"

#include "base/log.hpp"
#include "net/lumberjack.hpp"

namespace sluice::plugins::beats {
namespace {
constexpr std::string_view kLogger = "logstash.inputs.beats";
// A client that does not read its acknowledgements gets no more signs of life than this.
constexpr size_t kMaxUnread = 4096;
}  // namespace

class WindowAck : public Acknowledgement {
 public:
  WindowAck(std::shared_ptr<Peer> peer, uint64_t number) : peer_(std::move(peer)), number_(number) {}
  void settled(bool delivered) noexcept override { peer_->settle(number_, delivered); }

 private:
  std::shared_ptr<Peer> peer_;
  uint64_t number_;
};

AckRef Peer::open_window(uint64_t& number) {
  std::scoped_lock lock(mutex_);
  windows_.emplace_back();
  number = first_ + windows_.size() - 1;
  open_windows_.fetch_add(1, std::memory_order_relaxed);
  return AckRef(new WindowAck(shared_from_this(), number));
}

void Peer::set_ack(uint64_t number, char version, uint32_t sequence) {
  std::scoped_lock lock(mutex_);
  auto& window = windows_[number - first_];
  window.version = version;
  window.sequence = sequence;
}

void Peer::settle(uint64_t number, bool delivered) {
  std::string frames;
  bool give_up = false;
  {
    std::scoped_lock lock(mutex_);
    auto& settled = windows_[number - first_];
    settled.settled = true;
    settled.delivered = delivered;
    while (!windows_.empty() && windows_.front().settled) {
      const Window& window = windows_.front();
      if (!broken_ && (!window.delivered || window.version == 0)) broken_ = give_up = true;
      if (!broken_) {
        const auto frame = net::lumberjack_ack(window.version, window.sequence);
        frames.append(frame.data(), frame.size());
      }
      windows_.pop_front();
      ++first_;
      open_windows_.fetch_sub(1, std::memory_order_relaxed);
    }
  }
  if (!frames.empty()) send(std::move(frames));
  // The client sends again what it gets no answer for; closing tells it to do so now.
  if (give_up) fail();
}

void Peer::send(std::string frames) {
  loop_.post([self = shared_from_this(), frames = std::move(frames)]() mutable {
    const auto connection = self->connection_.lock();
    if (!connection || !connection->open()) return;
    self->last_sign_millis = self->loop_.now_millis();
    connection->write(net::Bytes(std::move(frames)));
    if (self->ended_ && !self->waiting()) connection->close_after_writes();
  });
}

void Peer::end_when_answered() {
  ended_ = true;
  const auto connection = connection_.lock();
  if (connection && !waiting()) connection->close_after_writes();
}

void Peer::keep_alive(uint64_t now_millis) {
  const auto connection = connection_.lock();
  if (!connection || !connection->open() || connection->pending_bytes() > kMaxUnread) return;
  last_sign_millis = now_millis;
  const auto frame = net::lumberjack_ack('2', 0);
  connection->write(net::Bytes(std::string(frame.data(), frame.size())));
}

void Peer::refuse(std::string_view reason) {
  if (refused_.exchange(true)) return;
  log::warn(kLogger, "Invalid frame, closing the connection",
            {{"remote", facts.address}, {"message", std::string(reason)}});
  fail();
}

void Peer::fail() {
  loop_.post([weak = connection_] {
    if (const auto connection = weak.lock())
      connection->close({net::CloseReason::error, "the frames could not be taken"});
  });
}

}  // namespace sluice::plugins::beats
