// One Beats client: which of its windows still have to be acknowledged, and how it hears of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "event/source.hpp"
#include "net/tcp.hpp"

namespace sluice::plugins::beats {

/// Shared by the connection's handler (loop), its stream (workers) and the acknowledgements of its windows
/// (any thread). Acknowledgements are sent in the order of the windows, each with a frame of its own.
class Peer : public std::enable_shared_from_this<Peer> {
 public:
  /// What events say of the client. Written before the first chunk is pushed.
  struct Facts {
    std::string ip;
    std::string address;  // with the port, for log lines
    bool tls = false;
    bool verified = false;
    std::string protocol, cipher, subject;
  };

  Peer(net::Loop& loop, std::weak_ptr<net::TcpConnection> connection, Facts facts)
      : facts(std::move(facts)), loop_(loop), connection_(std::move(connection)) {}

  const Facts facts;

  /// A window begins (worker). The token is to be held by every batch with events of the window. The window
  /// is never acknowledged unless set_ack() is called before the last reference goes.
  AckRef open_window(uint64_t& number);
  /// All events of the window have come; this is what acknowledges it.
  void set_ack(uint64_t number, char version, uint32_t sequence);
  /// What the client sent cannot be understood: says so in the log and closes the connection. Nothing that it
  /// sent is taken from then on (worker).
  void refuse(std::string_view reason);
  /// True after refuse(). Any thread.
  [[nodiscard]] bool broken() const { return refused_.load(std::memory_order_relaxed); }

  /// True while the client has to wait for an acknowledgement. Any thread.
  [[nodiscard]] bool waiting() const {
    return undecoded.load(std::memory_order_relaxed) != 0 ||
           open_windows_.load(std::memory_order_relaxed) != 0;
  }
  /// Chunks on their way to a worker.
  std::atomic<uint32_t> undecoded{0};

  // Loop thread.
  /// When something was last written to the client or, after a rest, first read: what keep-alives count from.
  uint64_t last_sign_millis = 0;
  /// The client has sent its last byte; the connection ends with the last acknowledgement it waits for.
  void end_when_answered();
  /// Tells the client that its events are still being worked on.
  void keep_alive(uint64_t now_millis);

 private:
  friend class WindowAck;
  struct Window {
    uint32_t sequence = 0;
    char version = 0;  // 0: not complete
    bool settled = false;
    bool delivered = false;
  };
  void settle(uint64_t number, bool delivered);
  void fail();
  void send(std::string frames);

  bool ended_ = false;  // loop thread
  std::atomic<bool> refused_{false};
  net::Loop& loop_;
  std::weak_ptr<net::TcpConnection> connection_;
  std::mutex mutex_;
  std::deque<Window> windows_;  // the oldest that is not acknowledged first
  uint64_t first_ = 0;          // its number
  bool broken_ = false;         // a window was given up: none after it may be acknowledged
  std::atomic<uint32_t> open_windows_{0};
};

}  // namespace sluice::plugins::beats
