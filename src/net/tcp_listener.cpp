#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <unordered_set>

#include "base/log.hpp"
#include "net/kept_sockets.hpp"
#include "net/tcp_connection.hpp"

namespace sluice::net {

struct TcpListener::Impl : HandleOwner, std::enable_shared_from_this<TcpListener::Impl> {
  explicit Impl(Loop& on) : loop(on) {}

  Loop& loop;
  uv_tcp_t tcp{};
  ListenOptions options;
  OnAccept on_accept;
  PeerLimits limits{{}};
  std::shared_ptr<Impl> self;  // while the handle is open
  std::unordered_set<UvConnection*> open;
  std::atomic<size_t> open_count{0};
  std::atomic<uint64_t> accepted{0};
  uint16_t port = 0;
  bool failing = false;

  Status listen(const Endpoint& address);
  int open_socket(const Endpoint& address);
  [[nodiscard]] int descriptor() const;
  void accept_one();
  void close();
  void loop_stopped() override { close(); }
};

namespace {

// The address to bind to: numeric, or what the name resolves to.
Result<Endpoint> listen_address(const std::string& host, uint16_t port) {
  if (host.empty()) return Endpoint::parse("::", port);
  if (auto numeric = Endpoint::parse(host, port); numeric.ok()) return numeric;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (status != 0 || found == nullptr) {
    return Status::config("cannot listen on " + host + ": " + gai_strerror(status));
  }
  const Endpoint endpoint(found->ai_addr);
  freeaddrinfo(found);
  return endpoint;
}

}  // namespace

Status listen_error(const std::string& host, uint16_t port, int code) {
  const std::string where = "port " + std::to_string(port) + " on " + (host.empty() ? "every address" : host);
  if (code == UV_EADDRINUSE) return Status::config(where + " is already in use");
  if (code == UV_EACCES) return Status::config(where + " may not be used: permission denied");
  return Status::config("cannot listen on " + where + ": " + uv_text(code));
}

int TcpListener::Impl::descriptor() const {
  uv_os_fd_t fd = -1;
  return uv_fileno(reinterpret_cast<const uv_handle_t*>(&tcp), &fd) == 0 ? fd : -1;
}

// A socket that is bound to the address: the one that was kept for it, or a new one. A code of libuv.
int TcpListener::Impl::open_socket(const Endpoint& address) {
  const int kept = take_kept_socket(SOCK_STREAM, address);
  int code = uv_tcp_init_ex(loop.uv(), &tcp, kept >= 0 ? AF_UNSPEC : address.raw()->sa_family);
  if (code != 0) {
    if (kept >= 0) ::close(kept);
    return code;
  }
  tcp.data = static_cast<HandleOwner*>(this);
  self = shared_from_this();
  if (kept >= 0) {
    code = uv_tcp_open(&tcp, kept);
    if (code != 0) ::close(kept);
    return code;
  }
  const int on = 1;
  if (const int fd = descriptor(); options.reuse_port && fd >= 0)
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  return uv_tcp_bind(&tcp, address.raw(), 0);
}

Status TcpListener::Impl::listen(const Endpoint& address) {
  limits = PeerLimits(options.access);
  int code = open_socket(address);
  if (code == 0) {
    code =
        uv_listen(reinterpret_cast<uv_stream_t*>(&tcp), options.backlog, [](uv_stream_t* server, int status) {
          auto* impl = static_cast<Impl*>(static_cast<HandleOwner*>(server->data));
          if (status == 0) {
            impl->failing = false;
            impl->accept_one();
          } else if (!std::exchange(impl->failing, true)) {
            log::warn("sluice.net", "Cannot accept connections",
                      {{"host", impl->options.host}, {"port", impl->port}, {"reason", uv_text(status)}});
          }
        });
  }
  if (code != 0) {
    close();
    return listen_error(options.host, options.port, code);
  }
  sockaddr_storage bound{};
  int size = sizeof bound;
  uv_tcp_getsockname(&tcp, reinterpret_cast<sockaddr*>(&bound), &size);
  port = Endpoint(reinterpret_cast<sockaddr*>(&bound)).port();
  socket_opened(SOCK_STREAM, address, descriptor());
  return {};
}

void TcpListener::Impl::accept_one() {
  auto connection = std::make_shared<UvConnection>(loop);
  if (!connection->accept(reinterpret_cast<uv_stream_t*>(&tcp), options)) return;
  ++accepted;
  if (const auto refusal = limits.enter(connection->peer()); refusal != Refusal::none) {
    if (options.on_refused) options.on_refused(connection->peer(), refusal);
    connection->close({CloseReason::local, std::string(refusal_text(refusal))});
    return;
  }
  open.insert(connection.get());
  open_count = open.size();
  connection->set_on_gone([impl = shared_from_this()](UvConnection& gone) {
    impl->limits.leave(gone.peer());
    impl->open.erase(&gone);
    impl->open_count = impl->open.size();
  });
  if (options.access.peer_bytes_per_second != 0)
    connection->set_pace([impl = shared_from_this()](const UvConnection& from, size_t bytes) {
      return impl->limits.spend(from.peer(), bytes, impl->loop.now_millis());
    });
  auto handler = on_accept(*connection);
  if (!handler) {
    connection->close({CloseReason::local, "refused"});
    return;
  }
  connection->set_handler(std::move(handler));
  if (connection->open()) connection->start();
}

void TcpListener::Impl::close() {
  auto* handle = reinterpret_cast<uv_handle_t*>(&tcp);
  if (!self || uv_is_closing(handle)) return;
  socket_closing(descriptor());
  uv_close(handle, [](uv_handle_t* closed) {
    auto* impl = static_cast<Impl*>(static_cast<HandleOwner*>(closed->data));
    impl->on_accept = nullptr;
    const auto last = std::move(impl->self);
  });
}

Result<std::unique_ptr<TcpListener>> TcpListener::listen(Loop& loop, const ListenOptions& options,
                                                         OnAccept on_accept) {
  auto address = listen_address(options.host, options.port);
  if (!address.ok()) return address.status();
  auto impl = std::make_shared<Impl>(loop);
  impl->options = options;
  impl->on_accept = std::move(on_accept);
  Status status = loop.call([&] {
    Status first = impl->listen(*address);
    if (first.ok() || !options.host.empty()) return first;
    auto only_v4 = Endpoint::parse("0.0.0.0", options.port);  // a machine without IPv6
    auto second = std::make_shared<Impl>(loop);
    second->options = options;
    second->on_accept = std::move(impl->on_accept);
    impl = second;
    return impl->listen(*only_v4);
  });
  if (!status.ok()) return status;
  return std::unique_ptr<TcpListener>(new TcpListener(std::move(impl)));
}

TcpListener::~TcpListener() { close(); }

uint16_t TcpListener::port() const { return impl_->port; }

void TcpListener::set_tls(std::shared_ptr<const TlsContext> tls) {
  impl_->loop.call([&] { impl_->options.tls = std::move(tls); });
}

void TcpListener::close() {
  impl_->loop.call([this] { impl_->close(); });
}

void TcpListener::close_connections() {
  impl_->loop.call([this] {
    const std::vector<UvConnection*> all(impl_->open.begin(), impl_->open.end());
    for (auto* one : all) one->close({CloseReason::local, "closed"});
  });
}

size_t TcpListener::connections() const { return impl_->open_count; }
uint64_t TcpListener::accepted() const { return impl_->accepted; }

}  // namespace sluice::net
