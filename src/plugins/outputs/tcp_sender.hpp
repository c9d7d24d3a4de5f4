// The sending sides of the tcp output, on the output loop: to one server, or to all clients of a port.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "event/batch.hpp"
#include "net/bytes.hpp"
#include "net/loop.hpp"
#include "net/tcp.hpp"
#include "plugin/circuit.hpp"

namespace sluice::plugins {

/// Whether a peer takes what is written to it.
struct Progress {
  static constexpr uint64_t kStalledMillis = 60'000;
  uint64_t bytes_out = 0;
  uint64_t moved_at = 0;  // milliseconds

  /// True when bytes have been pending for a minute and none went out.
  bool stalled(uint64_t out, size_t pending, uint64_t now) {
    if (out != bytes_out || pending == 0) *this = {out, now};
    return now - moved_at >= kStalledMillis;
  }
};

/// One encoded batch on its way.
struct TcpPayload {
  net::Bytes bytes;
  BatchRef batch;
};

/// Takes payloads from any thread (send) and delivers them on the loop.
class TcpSender {
 public:
  virtual ~TcpSender() = default;
  virtual Status start() = 0;
  /// Loop thread.
  virtual void send(TcpPayload payload) = 0;
  /// Loop thread. What is not delivered is abandoned.
  virtual void stop() = 0;
};

/// Connects to `options`, again and again for ever, and sends in order. A payload whose connection broke
/// before the system had all of it is sent again whole. The waits between attempts double, with full jitter,
/// up to `longest_wait_millis`; `circuit` shows them. A server that takes nothing for a minute while bytes
/// wait for it is disconnected.
std::unique_ptr<TcpSender> make_tcp_client(net::Loop& loop, net::ConnectOptions options,
                                           uint64_t longest_wait_millis,
                                           std::atomic<plugin::CircuitState>& circuit);

/// Listens on `options`; every client that is connected gets every payload. Without clients events count as
/// delivered, as in Logstash. A client that takes nothing for a minute while bytes wait for it is
/// disconnected.
std::unique_ptr<TcpSender> make_tcp_server(net::Loop& loop, net::ListenOptions options,
                                           std::function<void(const std::string&)> listening);

}  // namespace sluice::plugins
