// Outgoing connections: resolve the name, try its addresses one after another.
#include <vector>

#include "net/tcp_connection.hpp"

namespace sluice::net {

namespace {
struct Resolving {
  uv_getaddrinfo_t request{};
  std::shared_ptr<TcpConnection> connection;
  std::function<void(int, addrinfo*)> done;
};
}  // namespace

void UvConnection::connect(const ConnectOptions& options) {
  connecting_ = std::make_unique<Connecting>();
  connecting_->options = options;
  keep_alive_ = options.keep_alive;
  idle_millis_ = options.idle_timeout_millis;
  open_handle();
  connecting_->handle_open = true;
  if (auto numeric = Endpoint::parse(options.host, options.port); numeric.ok()) {
    connecting_->addresses.push_back(*numeric);
    next_address();
  } else {
    resolve();
  }
}

void UvConnection::resolve() {
  arm_timer(connecting_->options.timeout_millis);
  auto* resolving = new Resolving;
  resolving->request.data = resolving;
  resolving->connection = shared_from_this();
  resolving->done = [this](int status, addrinfo* found) {
    if (closing_ || !connecting_) return;
    if (status != 0) connecting_->last_error = uv_text(status);
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
      connecting_->addresses.emplace_back(one->ai_addr);
    }
    next_address();
  };
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  const std::string port = std::to_string(connecting_->options.port);
  const int status = uv_getaddrinfo(
      loop_.uv(), &resolving->request,
      [](uv_getaddrinfo_t* request, int result, addrinfo* found) {
        const std::unique_ptr<Resolving> owned(static_cast<Resolving*>(request->data));
        owned->done(result, found);
        uv_freeaddrinfo(found);
      },
      connecting_->options.host.c_str(), port.c_str(), &hints);
  if (status != 0) {
    delete resolving;
    connecting_->last_error = uv_text(status);
    connect_failed();
  }
}

void UvConnection::next_address() {
  Connecting& state = *connecting_;
  if (state.next == state.addresses.size()) {
    connect_failed();
    return;
  }
  const Endpoint& address = state.addresses[state.next++];
  if (!state.handle_open) open_handle();
  state.handle_open = true;
  state.request.data = static_cast<HandleOwner*>(this);
  arm_timer(state.options.timeout_millis);
  const int status =
      uv_tcp_connect(&state.request, &tcp_, address.raw(), [](uv_connect_t* request, int result) {
        if (result != UV_ECANCELED) from(request->data)->connected(result);
      });
  if (status != 0) attempt_failed(uv_text(status));
}

void UvConnection::connected(int status) {
  if (closing_) return;
  if (status != 0) {
    attempt_failed(uv_text(status));
    return;
  }
  const ConnectOptions options = std::move(connecting_->options);
  connecting_.reset();
  apply_socket_options();
  timer_.reset();
  if (options.tls) tls_ = std::make_unique<TlsSession>(options.tls, options.host);
  start();
}

// A socket that failed to connect cannot be used again: close it, then try the next address with a new one.
void UvConnection::attempt_failed(std::string reason) {
  Connecting& state = *connecting_;
  if (std::exchange(state.failing, true)) return;
  state.last_error = std::move(reason);
  if (state.next >= state.addresses.size()) {
    connect_failed();
    return;
  }
  timer_.reset();
  uv_close(reinterpret_cast<uv_handle_t*>(&tcp_), [](uv_handle_t* handle) {
    UvConnection& self = *from(handle->data);
    if (self.closing_) {
      self.closed();
      return;
    }
    self.connecting_->failing = false;
    self.connecting_->handle_open = false;
    self.next_address();
  });
}

void UvConnection::connect_failed() {
  close({CloseReason::connect, "cannot connect to " + connecting_->where() + ": " + connecting_->last_error});
}

std::shared_ptr<TcpConnection> connect_tcp(Loop& loop, const ConnectOptions& options,
                                           std::unique_ptr<ConnectionHandler> handler) {
  auto connection = std::make_shared<UvConnection>(loop);
  connection->set_handler(std::move(handler));
  connection->connect(options);
  return connection;
}

}  // namespace sluice::net
