// UDP: many datagrams per system call.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/slab.hpp"
#include "base/status.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/peer_limits.hpp"

namespace sluice::net {

struct UdpOptions {
  std::string host = "0.0.0.0";
  uint16_t port = 0;             // 0: any free one
  size_t buffer_size = 65536;    // longer datagrams are cut to this
  AccessRules access{};          // of others nothing is taken
  int receive_buffer_bytes = 0;  // the wish for SO_RCVBUF; 0: UdpSocket::kReceiveBuffer
};

/// Datagrams that lie one behind the other in a slab, each with its sender. Reads them in order.
class DatagramRun {
 public:
  explicit DatagramRun(std::string_view records) : rest_(records) {}

  /// The next datagram; false when there is none any more. `bytes` lie in the slab.
  bool next(std::string_view& bytes, Endpoint& from) {
    if (rest_.empty()) return false;
    Head head;
    std::memcpy(static_cast<void*>(&head), rest_.data(), sizeof head);
    bytes = rest_.substr(sizeof head, head.size);
    from = head.from;
    rest_.remove_prefix(record_size(head.size));
    return true;
  }

  /// What a datagram of `size` bytes takes.
  static size_t record_size(size_t size) { return (sizeof(Head) + size + 7) & ~size_t{7}; }
  /// Writes a record to `at`, where there is room for it; answers its size.
  static size_t write(char* at, std::string_view bytes, const Endpoint& from) {
    const Head head{static_cast<uint32_t>(bytes.size()), from};
    std::memcpy(at, &head, sizeof head);
    std::memcpy(at + sizeof head, bytes.data(), bytes.size());
    return record_size(bytes.size());
  }

 private:
  struct Head {
    uint32_t size = 0;
    Endpoint from;
  };
  std::string_view rest_;
};

/// A bound UDP socket. Calls from any thread unless said otherwise; destroying closes it.
class UdpSocket {
 public:
  /// What is asked of the kernel where nobody says what is wanted. The kernel takes the memory only while
  /// datagrams wait.
  static constexpr int kReceiveBuffer = 8 << 20;

  /// `count` datagrams, none of them empty, on the loop's thread: `records` (for DatagramRun) lie in `slab`.
  using OnDatagrams = std::function<void(const SlabRef& slab, std::string_view records, size_t count)>;

  /// Binds and starts to receive. Errors name address and reason.
  static Result<std::unique_ptr<UdpSocket>> bind(Loop& loop, const UdpOptions& options,
                                                 OnDatagrams on_datagrams);
  ~UdpSocket();

  [[nodiscard]] uint16_t port() const;
  /// What the kernel granted, in the unit of the wish (the kernel reports twice that: its own bookkeeping
  /// counts as well). More than net.core.rmem_max takes CAP_NET_ADMIN.
  [[nodiscard]] int receive_buffer_bytes() const;
  /// Datagrams that the kernel had no room for, since bind(); wraps around. Loop thread.
  [[nodiscard]] uint32_t dropped() const;
  /// Datagrams that the access rules did not let in: of peers that are not allowed, and of peers that sent
  /// too much. Loop thread.
  [[nodiscard]] uint64_t refused() const;
  [[nodiscard]] uint64_t over_rate() const;
  /// Stops and restarts receiving; meanwhile the kernel keeps what fits its buffer and drops the rest. The
  /// datagrams of the system calls under way may still come.
  void pause();
  void resume();
  void close();

  struct Impl;

 private:
  explicit UdpSocket(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace sluice::net
