#include "net/udp.hpp"

#include <uv.h>

#include <algorithm>
#include <atomic>

#include "net/loop_impl.hpp"

namespace sluice::net {

namespace {
constexpr size_t kStride = 64 << 10;  // libuv cuts a receive area into pieces of this size, one a datagram
constexpr size_t kAtOnce = 20;        // and takes at most this many
}  // namespace

struct UdpSocket::Impl : HandleOwner, std::enable_shared_from_this<UdpSocket::Impl> {
  explicit Impl(Loop& on) : loop(on) {}

  Loop& loop;
  uv_udp_t udp{};
  UdpOptions options;
  OnDatagram on_datagram;
  std::shared_ptr<Impl> self;       // while the handle is open
  std::unique_ptr<char[]> receive;  // pages that no datagram reached cost nothing
  uint16_t port = 0;
  int kernel_buffer = 0;
  bool receiving = false;
  bool in_batch = false;    // datagrams of one system call are being handed over
  bool stop_after = false;  // pause was asked for meanwhile

  Status bind(const Endpoint& address);
  void start();
  void stop();
  void close();
  void received(const uv_buf_t* buffer, size_t count, const sockaddr* from);
  void loop_stopped() override { close(); }
  static Impl* from(void* data) { return static_cast<Impl*>(static_cast<HandleOwner*>(data)); }
};

Status UdpSocket::Impl::bind(const Endpoint& address) {
  int code =
      uv_udp_init_ex(loop.uv(), &udp, static_cast<unsigned>(address.raw()->sa_family) | UV_UDP_RECVMMSG);
  if (code != 0) return listen_error(options.host, options.port, code);
  udp.data = static_cast<HandleOwner*>(this);
  self = shared_from_this();
  uv_os_fd_t fd = -1;
  uv_fileno(reinterpret_cast<uv_handle_t*>(&udp), &fd);
  const int on = 1;
  if (options.reuse_port) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  code = uv_udp_bind(&udp, address.raw(), 0);
  if (code != 0) {
    close();
    return listen_error(options.host, options.port, code);
  }
  if (options.receive_buffer_bytes > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer_bytes, sizeof options.receive_buffer_bytes);
  }
  socklen_t length = sizeof kernel_buffer;
  getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kernel_buffer, &length);
  sockaddr_storage bound{};
  int size = sizeof bound;
  uv_udp_getsockname(&udp, reinterpret_cast<sockaddr*>(&bound), &size);
  port = Endpoint(reinterpret_cast<sockaddr*>(&bound)).port();
  receive.reset(new char[kStride * kAtOnce]);  // not cleared: see above
  start();
  return {};
}

void UdpSocket::Impl::start() {
  stop_after = false;
  if (!self || receiving || uv_is_closing(reinterpret_cast<uv_handle_t*>(&udp))) return;
  receiving = true;
  uv_udp_recv_start(
      &udp,
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        *buffer = uv_buf_init(from(handle->data)->receive.get(), kStride * kAtOnce);
      },
      [](uv_udp_t* handle, ssize_t count, const uv_buf_t* buffer, const sockaddr* peer, unsigned flags) {
        Impl* impl = from(handle->data);
        impl->in_batch = (flags & UV_UDP_MMSG_CHUNK) != 0;
        // Errors of single datagrams (ICMP) end nothing.
        if (count >= 0 && peer != nullptr) impl->received(buffer, static_cast<size_t>(count), peer);
        if ((flags & UV_UDP_MMSG_FREE) != 0 && impl->stop_after) impl->stop();
      });
}

// Datagrams are packed into a shared slab: a view of the receive area would pin 64 KiB each.
void UdpSocket::Impl::received(const uv_buf_t* buffer, size_t count, const sockaddr* from) {
  if (uv_is_closing(reinterpret_cast<uv_handle_t*>(&udp))) return;
  count = std::min(count, options.buffer_size);
  ReadSlabs& reads = loop.impl().reads;
  size_t room;
  std::copy_n(buffer->base, count, reads.room(count, room));
  const std::string_view bytes = reads.take(count);
  on_datagram(reads.slab(), bytes, Endpoint(from));
}

void UdpSocket::Impl::stop() {
  if (!self || !receiving) return;
  if (in_batch) {  // libuv would drop the rest of what it has read
    stop_after = true;
    return;
  }
  receiving = stop_after = false;
  uv_udp_recv_stop(&udp);
}

void UdpSocket::Impl::close() {
  auto* handle = reinterpret_cast<uv_handle_t*>(&udp);
  if (!self || uv_is_closing(handle)) return;
  receiving = false;
  uv_close(handle, [](uv_handle_t* closed) {
    Impl* impl = from(closed->data);
    impl->on_datagram = nullptr;
    const auto last = std::move(impl->self);
  });
}

Result<std::unique_ptr<UdpSocket>> UdpSocket::bind(Loop& loop, const UdpOptions& options,
                                                   OnDatagram on_datagram) {
  auto address = Endpoint::parse(options.host.empty() ? "::" : options.host, options.port);
  if (!address.ok()) return address.status();
  auto impl = std::make_shared<Impl>(loop);
  impl->options = options;
  impl->on_datagram = std::move(on_datagram);
  Status status = loop.call([&] { return impl->bind(*address); });
  if (!status.ok()) return status;
  return std::unique_ptr<UdpSocket>(new UdpSocket(std::move(impl)));
}

UdpSocket::~UdpSocket() { close(); }

uint16_t UdpSocket::port() const { return impl_->port; }
int UdpSocket::receive_buffer_bytes() const { return impl_->kernel_buffer; }
void UdpSocket::pause() {
  impl_->loop.call([this] { impl_->stop(); });
}
void UdpSocket::resume() {
  impl_->loop.call([this] { impl_->start(); });
}

Status UdpSocket::send_to(std::string_view bytes, const Endpoint& to) {
  return impl_->loop.call([&]() -> Status {
    if (!impl_->self) return Status::system("the socket is closed");
    const uv_buf_t raw = uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
    const int code = uv_udp_try_send(&impl_->udp, &raw, 1, to.raw());
    if (code < 0) {
      return Status::error(Fault::system, "cannot send to " + to.text() + ": " + uv_text(code), true);
    }
    return {};
  });
}

void UdpSocket::close() {
  impl_->loop.call([this] { impl_->close(); });
}

}  // namespace sluice::net
