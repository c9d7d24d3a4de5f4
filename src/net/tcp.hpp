// TCP, plain or TLS: listeners, outgoing connections, and the one connection interface of both.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/slab.hpp"
#include "base/status.hpp"
#include "net/bytes.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/peer_limits.hpp"
#include "net/tls.hpp"

namespace sluice::net {

/// Why a connection ended. `text` is for a person.
struct CloseReason {
  enum Kind : unsigned char {
    peer,       // the peer closed it, in order
    local,      // close() was called
    idle,       // nothing was read or written for the idle timeout
    connect,    // the connection could not be made
    handshake,  // TLS could not be agreed on (or took too long)
    error,      // the connection broke
    stopped,    // its loop ended
  };
  Kind kind = peer;
  std::string text;
};

class TcpConnection;

/// What happens on a connection. Calls come on the loop's thread, on_close() exactly once and last; the
/// handler is destroyed after it.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  /// The connection can be used: connected and, with TLS, after the handshake.
  virtual void on_open(TcpConnection&) {}
  /// `bytes` lie in `slab`, which may hold the bytes of others too; keep a copy of the reference to keep
  /// them.
  virtual void on_data(TcpConnection& connection, const SlabRef& slab, std::string_view bytes) = 0;
  /// The peer has sent its last byte. It may still read: override to answer before closing.
  virtual void on_end(TcpConnection& connection);
  virtual void on_close(TcpConnection& connection, const CloseReason& reason) = 0;
};

/// A connection. Held by shared_ptr; the loop keeps it alive while it is open. All calls on the loop's
/// thread: other threads use loop().post() with a (weak) pointer to it.
class TcpConnection : public std::enable_shared_from_this<TcpConnection> {
 public:
  virtual ~TcpConnection() = default;

  /// Sends the buffers in order, one after another behind what was written before; what the system does not
  /// take at once waits (see pending_bytes()). `on_written` is called when the last byte has been given to
  /// the system, or with an error when the connection ends before; possibly before write() returns.
  virtual void write(std::span<const Bytes> buffers, std::function<void(const Status&)> on_written = {}) = 0;
  void write(Bytes bytes, std::function<void(const Status&)> on_written = {}) {
    write(std::span<const Bytes>(&bytes, 1), std::move(on_written));
  }
  /// Bytes written that the system has not taken yet.
  [[nodiscard]] virtual size_t pending_bytes() const = 0;

  /// Stops on_data until resume_reading(); the peer is slowed down by TCP. Both may be called in on_data.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;
  [[nodiscard]] virtual bool paused() const = 0;

  /// Ends the connection now; waiting bytes are dropped. on_close comes after this call has returned.
  virtual void close(CloseReason reason) = 0;
  void close() { close({CloseReason::local, "closed"}); }
  /// Ends the connection when what was written has been sent.
  virtual void close_after_writes() = 0;
  [[nodiscard]] virtual bool open() const = 0;

  /// Milliseconds without any byte in or out after which the connection is closed; 0: never.
  virtual void set_idle_timeout(uint32_t millis) = 0;

  [[nodiscard]] virtual const Endpoint& peer() const = 0;
  [[nodiscard]] virtual const Endpoint& local() const = 0;
  /// Null without TLS. Complete from on_open() on.
  [[nodiscard]] virtual const TlsPeer* tls() const = 0;
  [[nodiscard]] virtual Loop& loop() const = 0;

  /// Bytes read from and written to the socket so far.
  [[nodiscard]] virtual uint64_t bytes_in() const = 0;
  [[nodiscard]] virtual uint64_t bytes_out() const = 0;
};

/// What a listener listens on and how its connections behave.
struct ListenOptions {
  std::string host = "0.0.0.0";  // numeric address or name; "" and "::" take IPv6 and IPv4
  uint16_t port = 0;             // 0: any free one
  int backlog = 1024;
  bool reuse_port =
      false;  // several listeners (of several loops) share the port, the kernel spreads connections
  bool keep_alive = false;
  uint32_t idle_timeout_millis = 0;
  AccessRules access{};                                        // who is refused is closed at once, before TLS
  std::function<void(const Endpoint&, Refusal)> on_refused{};  // told of it; loop thread
  std::shared_ptr<const TlsContext> tls{};                     // null: plain
};

/// Accepts connections on a loop. Calls from any thread; destroying stops accepting, accepted connections
/// live on.
class TcpListener {
 public:
  /// Makes the handler of a new connection (before its TLS handshake); null refuses the connection.
  using OnAccept = std::function<std::unique_ptr<ConnectionHandler>(TcpConnection&)>;

  /// Errors name address and reason: "port 5044 on 0.0.0.0 is already in use".
  static Result<std::unique_ptr<TcpListener>> listen(Loop& loop, const ListenOptions& options,
                                                     OnAccept on_accept);
  ~TcpListener();

  /// The port listened on, also when options said 0.
  [[nodiscard]] uint16_t port() const;
  /// Connections that come from now on use `tls`; for reloading certificates.
  void set_tls(std::shared_ptr<const TlsContext> tls);
  /// Stops accepting. Accepted connections live on.
  void close();
  /// Ends the open connections of this listener too.
  void close_connections();
  /// Connections open now, and accepted so far.
  [[nodiscard]] size_t connections() const;
  [[nodiscard]] uint64_t accepted() const;

  struct Impl;

 private:
  explicit TcpListener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

/// Where to connect to.
struct ConnectOptions {
  std::string host{};
  uint16_t port = 0;
  uint32_t timeout_millis = 10'000;  // for name, connection and TLS handshake each; 0: the system's
  bool keep_alive = false;
  uint32_t idle_timeout_millis = 0;
  std::shared_ptr<const TlsContext> tls{};  // null: plain
};

/// Opens a connection; every address of the name is tried. `handler` hears on_open(), or on_close() with
/// CloseReason::connect or ::handshake and a text such as "cannot connect to db:5044: connection refused".
/// The connection may be closed before it is open. Loop thread, or any while the loop does not run.
std::shared_ptr<TcpConnection> connect_tcp(Loop& loop, const ConnectOptions& options,
                                           std::unique_ptr<ConnectionHandler> handler);

}  // namespace sluice::net
