// Inside of net only: the connection behind TcpConnection.
#pragma once

#include <uv.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/loop_impl.hpp"
#include "net/tcp.hpp"
#include "net/tls_session.hpp"

namespace sluice::net {

class UvConnection final : public TcpConnection, public HandleOwner {
 public:
  using OnWritten = std::function<void(const Status&)>;

  explicit UvConnection(Loop& loop);
  ~UvConnection() override;

  /// Takes a waiting connection of `server`; false when there is none any more.
  bool accept(uv_stream_t* server, const ListenOptions& options);
  void connect(const ConnectOptions& options);
  void set_handler(std::unique_ptr<ConnectionHandler> handler) { handler_ = std::move(handler); }
  /// Begins to read (and, with TLS, to shake hands).
  void start();
  /// Asked at each read how many milliseconds nothing more shall be read.
  using Pace = std::function<uint64_t(const UvConnection&, size_t bytes)>;
  void set_pace(Pace pace) { pace_ = std::move(pace); }
  /// Told when the connection has ended, before its handler goes.
  void set_on_gone(std::function<void(UvConnection&)> on_gone) { on_gone_ = std::move(on_gone); }

  using TcpConnection::close;
  using TcpConnection::write;
  void write(std::span<const Bytes> buffers, OnWritten on_written) override;
  size_t pending_bytes() const override { return tcp_.write_queue_size + early_bytes_; }
  void pause_reading() override;
  void resume_reading() override;
  bool paused() const override { return paused_; }
  void close(CloseReason reason) override;
  void close_after_writes() override;
  bool open() const override { return !closing_; }
  void set_idle_timeout(uint32_t millis) override;
  const Endpoint& peer() const override { return peer_; }
  const Endpoint& local() const override { return local_; }
  const TlsPeer* tls() const override { return tls_peer_.get(); }
  Loop& loop() const override { return loop_; }
  uint64_t bytes_in() const override { return bytes_in_; }
  uint64_t bytes_out() const override { return bytes_out_; }
  void loop_stopped() override { close({CloseReason::stopped, "the program stops listening"}); }

 private:
  struct Connecting;
  struct WriteRequest;

  static void on_alloc(uv_handle_t* handle, size_t hint, uv_buf_t* buffer);
  static void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer);
  static UvConnection* from(void* data) {
    return static_cast<UvConnection*>(static_cast<HandleOwner*>(data));
  }

  void open_handle();
  void apply_socket_options();
  void read_plain(size_t count);
  void read_tls(std::string_view wire);
  void deliver(SlabRef slab, std::string_view bytes);
  void deliver_end();
  void update_reading();
  void rest(uint64_t millis);
  void opened();
  void drive_handshake(std::string_view wire);
  void flush_tls(OnWritten on_written = {});
  void send(std::span<const Bytes> buffers, OnWritten on_written);
  void write_later(std::span<const Bytes> buffers, size_t skip, OnWritten on_written);
  void write_done();
  void arm_timer(uint32_t millis);
  void on_timer();
  void touch() { last_activity_ = loop_.now_millis(); }
  void closed();

  void resolve();
  void next_address();
  void connected(int status);
  void attempt_failed(std::string reason);
  void connect_failed();

  Loop& loop_;
  uv_tcp_t tcp_{};
  std::unique_ptr<ConnectionHandler> handler_;
  std::function<void(UvConnection&)> on_gone_;
  Pace pace_;
  std::unique_ptr<Timer> rest_timer_;    // while the pace holds it back
  std::shared_ptr<TcpConnection> self_;  // while the handle is open
  Endpoint peer_;
  Endpoint local_;
  std::unique_ptr<TlsSession> tls_;
  std::unique_ptr<TlsPeer> tls_peer_;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<Connecting> connecting_;
  std::unique_ptr<std::vector<std::pair<std::vector<Bytes>, OnWritten>>> early_;  // before it is open
  size_t early_bytes_ = 0;
  std::unique_ptr<std::deque<Bytes>> held_;  // read, but paused
  SlabRef big_;                              // the slab of the read that is under way
  CloseReason reason_;
  uint64_t bytes_in_ = 0;
  uint64_t bytes_out_ = 0;
  uint64_t last_activity_ = 0;
  uint32_t idle_millis_ = 0;
  uint32_t read_size_ = 16 << 10;
  uint8_t small_reads_ = 0;
  bool shared_room_ = false;  // the read under way goes to the loop's shared slab
  bool open_ = false;         // on_open was called
  bool paused_ = false;
  bool resting_ = false;  // read too fast for its pace
  bool reading_ = false;
  bool ended_ = false;  // the peer sent its last byte
  bool end_delivered_ = false;
  bool keep_alive_ = false;
  bool closing_ = false;
  bool close_when_written_ = false;
};

// An outgoing connection that is not made yet.
struct UvConnection::Connecting {
  ConnectOptions options;
  std::vector<Endpoint> addresses;
  size_t next = 0;
  std::string last_error = "the name has no address";
  uv_connect_t request{};
  bool handle_open = false;
  bool failing = false;  // the attempt's handle is being closed

  [[nodiscard]] std::string where() const {
    const bool brackets = options.host.find(':') != std::string::npos;
    return (brackets ? "[" + options.host + "]" : options.host) + ":" + std::to_string(options.port);
  }
};

}  // namespace sluice::net
