#include "net/udp.hpp"

#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "net/kept_sockets.hpp"
#include "net/loop_impl.hpp"

namespace sluice::net {

namespace {
constexpr size_t kAtOnce = 64;       // datagrams a system call
constexpr size_t kCallsAtOnce = 16;  // system calls before the loop does something else
// One datagram each lands in areas of this much more than buffer_size: not a power of two apart, which would
// put all of them into the same few lines of the processor's cache.
constexpr size_t kStagger = 192;

// While datagrams keep coming the socket is looked at every millisecond and not at each arrival, which would
// cost a wake-up for a handful of them. The buffer holds at least kSafety times what came in the last one.
constexpr size_t kBusy = 16;
constexpr uint64_t kPaceMillis = 1;
constexpr size_t kSafety = 8;
constexpr size_t kKernelCost = 2560;  // what the kernel counts for a datagram of a usual network, at most
}  // namespace

struct UdpSocket::Impl : HandleOwner, std::enable_shared_from_this<UdpSocket::Impl> {
  explicit Impl(Loop& on) : loop(on) {}

  Loop& loop;
  uv_poll_t poll{};
  std::unique_ptr<Timer> pace;
  UdpOptions options;
  OnDatagrams on_datagrams;
  PeerLimits limits{{}};
  uint64_t refused = 0;
  uint64_t over_rate = 0;
  std::shared_ptr<Impl> self;  // while the handle is open
  int fd = -1;
  uint16_t port = 0;
  int kernel_buffer = 0;
  bool receiving = false;  // between resume and pause
  bool polling = false;

  // What recvmmsg fills. Pages of the area that no datagram reached cost nothing.
  std::unique_ptr<char[]> area;
  std::array<iovec, kAtOnce> vectors{};
  std::array<mmsghdr, kAtOnce> messages{};
  std::array<sockaddr_storage, kAtOnce> senders{};
  // What is handed over.
  ReadSlabs slabs;
  size_t slab_from = 0;  // where the run that is being gathered begins
  size_t gathered = 0;   // its datagrams

  int open_socket(const Endpoint& address);
  Status bind(const Endpoint& address);
  void ask_for_buffer();
  void prepare_area();
  void start();
  void stop();
  void set_polling(bool on);
  void close();
  void read();
  bool let_in(const Endpoint& from, size_t size);
  void gather(std::string_view bytes, const sockaddr* from);
  void hand_over();
  void loop_stopped() override { close(); }
  static Impl* from(void* data) { return static_cast<Impl*>(static_cast<HandleOwner*>(data)); }
};

// The socket that was kept for the address, or a new one. A code of libuv.
int UdpSocket::Impl::open_socket(const Endpoint& address) {
  fd = take_kept_socket(SOCK_DGRAM, address);
  if (fd >= 0) return 0;
  fd = ::socket(address.raw()->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  const socklen_t length = address.v6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  return ::bind(fd, address.raw(), length) == 0 ? 0 : -errno;
}

Status UdpSocket::Impl::bind(const Endpoint& address) {
  int code = open_socket(address);
  if (fd < 0) return listen_error(options.host, options.port, code);
  if (code == 0) code = uv_poll_init(loop.uv(), &poll, fd);
  if (code != 0) {
    ::close(std::exchange(fd, -1));
    return listen_error(options.host, options.port, code);
  }
  poll.data = static_cast<HandleOwner*>(this);
  self = shared_from_this();
  pace = std::make_unique<Timer>(loop);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  port = Endpoint(reinterpret_cast<sockaddr*>(&bound)).port();
  ask_for_buffer();
  prepare_area();
  start();
  socket_opened(SOCK_DGRAM, address, fd);
  return {};
}

void UdpSocket::Impl::ask_for_buffer() {
  const int wish = options.receive_buffer_bytes > 0 ? options.receive_buffer_bytes : kReceiveBuffer;
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wish, sizeof wish) != 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wish, sizeof wish);
  }
  socklen_t length = sizeof kernel_buffer;
  ::getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kernel_buffer, &length);
}

void UdpSocket::Impl::prepare_area() {
  const size_t stride = options.buffer_size + kStagger;
  area.reset(new char[stride * kAtOnce]);  // not cleared: see above
  for (size_t i = 0; i < kAtOnce; ++i) {
    vectors[i] = {area.get() + i * stride, options.buffer_size};
    auto& header = messages[i].msg_hdr;
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
    header.msg_name = &senders[i];
    header.msg_namelen = sizeof(sockaddr_storage);
  }
}

void UdpSocket::Impl::start() {
  if (!self || receiving) return;
  receiving = true;
  set_polling(true);
}

void UdpSocket::Impl::stop() {
  if (!self || !receiving) return;
  receiving = false;
  pace->stop();
  set_polling(false);
}

void UdpSocket::Impl::set_polling(bool on) {
  if (polling == on) return;
  polling = on;
  if (!on) {
    uv_poll_stop(&poll);
    return;
  }
  uv_poll_start(&poll, UV_READABLE, [](uv_poll_t* handle, int, int) { from(handle->data)->read(); });
}

// Takes all that waits, then decides how to hear of more.
void UdpSocket::Impl::read() {
  const auto alive = self;
  size_t total = 0;
  for (size_t call = 0; call < kCallsAtOnce && receiving; ++call) {
    const int count = ::recvmmsg(fd, messages.data(), kAtOnce, 0, nullptr);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;  // errors of single datagrams (ICMP) end nothing
    for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
      const auto& from = *reinterpret_cast<const sockaddr*>(&senders[i]);
      if (messages[i].msg_len) gather({static_cast<char*>(vectors[i].iov_base), messages[i].msg_len}, &from);
      messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage);  // the kernel has put what it used
    }
    total += static_cast<size_t>(count);
    if (static_cast<size_t>(count) < kAtOnce) break;
  }
  hand_over();
  if (!receiving) return;
  const bool paced = total >= kBusy && total * kKernelCost * kSafety < static_cast<size_t>(kernel_buffer);
  set_polling(!paced);
  if (paced) pace->start(kPaceMillis, [this] { read(); });
}

bool UdpSocket::Impl::let_in(const Endpoint& from, size_t size) {
  if (const auto& allowed = options.access.allowed; !allowed.empty() && !allowed.contains(from)) {
    ++refused;
    return false;
  }
  if (limits.take(from, size, loop.now_millis())) return true;
  ++over_rate;
  return false;
}

// Datagrams are packed: views of the area would pin buffer_size each.
void UdpSocket::Impl::gather(std::string_view bytes, const sockaddr* from) {
  const Endpoint sender(from);
  if (options.access.any() && !let_in(sender, bytes.size())) return;
  const size_t size = DatagramRun::record_size(bytes.size());
  if (slabs.slab() && slabs.slab().room() < size) hand_over();
  size_t room;
  char* at = slabs.room(size, room);
  if (gathered == 0) slab_from = slabs.slab().size();
  DatagramRun::write(at, bytes, sender);
  slabs.take(size);
  ++gathered;
}

void UdpSocket::Impl::hand_over() {
  if (gathered == 0) return;
  on_datagrams(slabs.slab(), slabs.slab().view().substr(slab_from), std::exchange(gathered, 0));
}

void UdpSocket::Impl::close() {
  if (!self || uv_is_closing(reinterpret_cast<uv_handle_t*>(&poll))) return;
  stop();
  pace.reset();
  socket_closing(fd);
  uv_close(reinterpret_cast<uv_handle_t*>(&poll), [](uv_handle_t* closed) {
    Impl* impl = from(closed->data);
    ::close(std::exchange(impl->fd, -1));
    impl->on_datagrams = nullptr;
    const auto last = std::move(impl->self);
  });
}

Result<std::unique_ptr<UdpSocket>> UdpSocket::bind(Loop& loop, const UdpOptions& options,
                                                   OnDatagrams on_datagrams) {
  auto address = Endpoint::parse(options.host.empty() ? "::" : options.host, options.port);
  if (!address.ok()) return address.status();
  auto impl = std::make_shared<Impl>(loop);
  impl->options = options;
  impl->limits = PeerLimits(options.access);
  impl->on_datagrams = std::move(on_datagrams);
  Status status = loop.call([&] { return impl->bind(*address); });
  if (!status.ok()) return status;
  return std::unique_ptr<UdpSocket>(new UdpSocket(std::move(impl)));
}

UdpSocket::~UdpSocket() { close(); }

uint16_t UdpSocket::port() const { return impl_->port; }
int UdpSocket::receive_buffer_bytes() const { return impl_->kernel_buffer / 2; }

uint64_t UdpSocket::refused() const { return impl_->refused; }
uint64_t UdpSocket::over_rate() const { return impl_->over_rate; }
uint32_t UdpSocket::dropped() const {
  std::array<uint32_t, SK_MEMINFO_VARS> figures{};
  socklen_t length = sizeof figures;
  if (impl_->fd < 0 || ::getsockopt(impl_->fd, SOL_SOCKET, SO_MEMINFO, figures.data(), &length) != 0)
    return 0;
  return figures[SK_MEMINFO_DROPS];
}

void UdpSocket::pause() {
  impl_->loop.call([this] { impl_->stop(); });
}
void UdpSocket::resume() {
  impl_->loop.call([this] { impl_->start(); });
}
void UdpSocket::close() {
  impl_->loop.call([this] { impl_->close(); });
}

}  // namespace sluice::net
