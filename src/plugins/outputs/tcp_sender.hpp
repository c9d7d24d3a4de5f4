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

namespace sluice::plugins {

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
/// before the system had all of it is sent again whole.
std::unique_ptr<TcpSender> make_tcp_client(net::Loop& loop, net::ConnectOptions options,
                                           uint64_t reconnect_millis);

/// Listens on `options`; every client that is connected gets every payload. Without clients events count as
/// delivered, as in Logstash. A client that takes nothing for a minute while bytes wait for it is
/// disconnected.
std::unique_ptr<TcpSender> make_tcp_server(net::Loop& loop, net::ListenOptions options,
                                           std::function<void(const std::string&)> listening);

}  // namespace sluice::plugins
