// UDP: many datagrams per system call.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/slab.hpp"
#include "base/status.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"

namespace sluice::net {

struct UdpOptions {
  std::string host = "0.0.0.0";
  uint16_t port = 0;             // 0: any free one
  size_t buffer_size = 65536;    // longer datagrams are cut to this
  int receive_buffer_bytes = 0;  // SO_RCVBUF; 0: the system's default
  bool reuse_port = false;
};

/// A bound UDP socket. Calls from any thread unless said otherwise; destroying closes it.
class UdpSocket {
 public:
  /// One datagram, on the loop's thread. `bytes` lie in `slab` (packed with other datagrams); `from` is cheap
  /// to compare, so a caller can keep its text for the next datagram of the same sender.
  using OnDatagram = std::function<void(const SlabRef& slab, std::string_view bytes, const Endpoint& from)>;

  /// Binds and starts to receive. Errors name address and reason.
  static Result<std::unique_ptr<UdpSocket>> bind(Loop& loop, const UdpOptions& options,
                                                 OnDatagram on_datagram);
  ~UdpSocket();

  [[nodiscard]] uint16_t port() const;
  /// What the kernel gave for SO_RCVBUF (it doubles the wish, and has a limit).
  [[nodiscard]] int receive_buffer_bytes() const;
  /// Stops and restarts receiving; meanwhile the kernel keeps what fits its buffer and drops the rest. A few
  /// datagrams that were read with the current one may still come.
  void pause();
  void resume();
  /// Sends one datagram now; an error when the system does not take it.
  Status send_to(std::string_view bytes, const Endpoint& to);
  void close();

  struct Impl;

 private:
  explicit UdpSocket(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace sluice::net
