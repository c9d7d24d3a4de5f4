#include "net/tcp_connection.hpp"

#include <algorithm>
#include <array>

namespace sluice::net {

namespace {
constexpr uint32_t kSmallRead = 16 << 10;
constexpr uint32_t kMiddleRead = 64 << 10;
constexpr uint32_t kLargeRead = 256 << 10;
constexpr size_t kTlsScratch = 256 << 10;
constexpr unsigned kKeepAliveSeconds = 60;

// Where cipher text is read to: it is decrypted before anything else happens on the thread.
char* tls_scratch() {
  thread_local const std::unique_ptr<char[]> scratch(new char[kTlsScratch]);
  return scratch.get();
}
}  // namespace

void ConnectionHandler::on_end(TcpConnection& connection) {
  connection.close({CloseReason::peer, "closed by the peer"});
}

struct UvConnection::WriteRequest {
  uv_write_t request{};
  std::vector<Bytes> buffers;
  OnWritten on_written;
  UvConnection* connection;
  size_t bytes = 0;
};

UvConnection::UvConnection(Loop& loop) : loop_(loop) {}
UvConnection::~UvConnection() = default;

void UvConnection::open_handle() {
  uv_tcp_init(loop_.uv(), &tcp_);
  tcp_.data = static_cast<HandleOwner*>(this);
  if (!self_) self_ = shared_from_this();
}

bool UvConnection::accept(uv_stream_t* server, const ListenOptions& options) {
  open_handle();
  keep_alive_ = options.keep_alive;
  idle_millis_ = options.idle_timeout_millis;
  if (options.tls) tls_ = std::make_unique<TlsSession>(options.tls, "");
  if (uv_accept(server, reinterpret_cast<uv_stream_t*>(&tcp_)) != 0) {
    close();
    return false;
  }
  apply_socket_options();
  return true;
}

void UvConnection::apply_socket_options() {
  uv_tcp_nodelay(&tcp_, 1);
  if (keep_alive_) uv_tcp_keepalive(&tcp_, 1, kKeepAliveSeconds);
  sockaddr_storage address{};
  int size = sizeof address;
  if (uv_tcp_getpeername(&tcp_, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    peer_ = Endpoint(reinterpret_cast<sockaddr*>(&address));
  }
  size = sizeof address;
  if (uv_tcp_getsockname(&tcp_, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    local_ = Endpoint(reinterpret_cast<sockaddr*>(&address));
  }
}

void UvConnection::start() {
  touch();
  if (!tls_) {
    opened();
    return;
  }
  arm_timer(tls_->context().config().handshake_timeout_millis);
  update_reading();
  drive_handshake({});
}

void UvConnection::opened() {
  open_ = true;
  if (tls_) tls_peer_ = std::make_unique<TlsPeer>(tls_->peer());
  arm_timer(idle_millis_);
  update_reading();
  handler_->on_open(*this);
  if (auto early = std::move(early_)) {
    early_bytes_ = 0;
    for (auto& [buffers, on_written] : *early) write(buffers, std::move(on_written));
  }
  if (close_when_written_) write_done();
}

// ---- reading

void UvConnection::on_alloc(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
  auto* self = from(handle->data);
  if (self->tls_) {
    *buffer = uv_buf_init(tls_scratch(), kTlsScratch);
    return;
  }
  self->shared_room_ = self->read_size_ <= kSmallRead;
  if (self->shared_room_) {
    size_t size;
    char* at = self->loop_.impl().reads.room(kSmallRead, size);
    *buffer = uv_buf_init(at, static_cast<unsigned>(size));
    return;
  }
  if (!self->big_) self->big_ = SlabRef::allocate(self->read_size_);
  *buffer = uv_buf_init(self->big_.data(), static_cast<unsigned>(self->big_.capacity()));
}

void UvConnection::on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
  auto* self = from(stream->data);
  if (count <= 0) {
    self->big_.reset();
    if (count == 0) return;
    if (count == UV_EOF) {
      self->ended_ = true;
      self->update_reading();
      if (!self->open_) {
        self->close({CloseReason::handshake, "the peer closed the connection during the TLS handshake"});
      } else if (!self->held_) {
        self->deliver_end();
      }
    } else {
      self->close({CloseReason::error, uv_text(static_cast<int>(count))});
    }
    return;
  }
  const auto size = static_cast<size_t>(count);
  self->bytes_in_ += size;
  self->touch();
  if (self->pace_)
    if (const auto millis = self->pace_(*self, size); millis != 0) self->rest(millis);
  if (self->tls_) {
    self->read_tls({buffer->base, size});
  } else {
    self->read_plain(size);
  }
}

// Reads grow while they fill their buffer and shrink when they stay small, so that a busy connection costs
// few system calls and a quiet one pins little memory.
void UvConnection::read_plain(size_t count) {
  ReadSlabs& reads = loop_.impl().reads;
  if (shared_room_) {
    if (count >= kSmallRead) read_size_ = kMiddleRead;
    const std::string_view bytes = reads.take(count);
    deliver(reads.slab(), bytes);
    return;
  }
  const SlabRef slab = std::move(big_);
  if (count == slab.capacity()) {
    read_size_ = kLargeRead;
    small_reads_ = 0;
  } else if (count <= kSmallRead && ++small_reads_ >= 8) {
    small_reads_ = 0;
    read_size_ = read_size_ > kMiddleRead ? kMiddleRead : kSmallRead;
  }
  if (count <= slab.capacity() / 16) {  // a large slab must not be pinned by a few bytes
    size_t size;
    std::copy_n(slab.data(), count, reads.room(count, size));
    const std::string_view bytes = reads.take(count);
    deliver(reads.slab(), bytes);
    return;
  }
  slab.set_size(count);
  deliver(slab, slab.view());
}

void UvConnection::read_tls(std::string_view wire) {
  if (!open_) {
    drive_handshake(wire);
    return;
  }
  SlabRef slab;
  std::string_view plain;
  const auto step = tls_->read(wire, loop_.impl().reads, slab, plain);
  if (tls_->has_output()) flush_tls();
  if (!plain.empty()) deliver(std::move(slab), plain);
  if (closing_) return;
  if (step == TlsSession::Step::failed) {
    close({CloseReason::error, tls_->error()});
  } else if (step == TlsSession::Step::ended) {
    ended_ = true;
    update_reading();
    if (!held_) deliver_end();
  }
}

void UvConnection::drive_handshake(std::string_view wire) {
  const auto step = tls_->handshake(wire);
  if (tls_->has_output()) flush_tls();
  if (closing_ || step == TlsSession::Step::more) return;
  if (step == TlsSession::Step::failed) {
    close({CloseReason::handshake, tls_->error()});
    return;
  }
  opened();
  if (!closing_) read_tls({});  // data may have come with the end of the handshake
}

void UvConnection::deliver(SlabRef slab, std::string_view bytes) {
  if (paused_ || held_) {
    if (!held_) held_ = std::make_unique<std::deque<Bytes>>();
    held_->emplace_back(bytes, std::move(slab));
    return;
  }
  handler_->on_data(*this, slab, bytes);
}

void UvConnection::deliver_end() {
  if (closing_ || std::exchange(end_delivered_, true)) return;
  handler_->on_end(*this);
}

void UvConnection::update_reading() {
  const bool want = !closing_ && !ended_ && (!open_ || !(paused_ || resting_));
  if (want == reading_) return;
  reading_ = want;
  auto* stream = reinterpret_cast<uv_stream_t*>(&tcp_);
  if (want) {
    uv_read_start(stream, on_alloc, on_read);
  } else {
    uv_read_stop(stream);
  }
}

void UvConnection::rest(uint64_t millis) {
  resting_ = true;
  if (!rest_timer_) rest_timer_ = std::make_unique<Timer>(loop_);
  rest_timer_->start(millis, [this] {
    resting_ = false;
    touch();
    update_reading();
  });
  update_reading();
}

void UvConnection::pause_reading() {
  paused_ = true;
  update_reading();
}

void UvConnection::resume_reading() {
  if (!paused_) return;
  paused_ = false;
  touch();
  update_reading();
  if (!held_) return;
  // What was held comes from a fresh stack: resume may be called inside of on_data.
  loop_.post([self = std::static_pointer_cast<UvConnection>(shared_from_this())] {
    while (self->held_ && !self->paused_ && !self->closing_) {
      if (self->held_->empty()) {
        self->held_.reset();
        if (self->ended_) self->deliver_end();
        return;
      }
      const Bytes bytes = std::move(self->held_->front());
      self->held_->pop_front();
      self->handler_->on_data(*self, bytes.slab(), bytes.view());
    }
  });
}

// ---- writing

void UvConnection::write(std::span<const Bytes> buffers, OnWritten on_written) {
  if (closing_) {
    if (on_written) on_written(Status::system("the connection is closed"));
    return;
  }
  if (!open_) {
    if (!early_) early_ = std::make_unique<std::vector<std::pair<std::vector<Bytes>, OnWritten>>>();
    for (const auto& one : buffers) early_bytes_ += one.size();
    early_->emplace_back(std::vector<Bytes>(buffers.begin(), buffers.end()), std::move(on_written));
    return;
  }
  if (!tls_) {
    send(buffers, std::move(on_written));
    return;
  }
  for (const auto& one : buffers) {
    if (tls_->write(one.view())) continue;
    if (on_written) on_written(Status::system(tls_->error()));
    close({CloseReason::error, tls_->error()});
    return;
  }
  flush_tls(std::move(on_written));
}

void UvConnection::flush_tls(OnWritten on_written) {
  const auto output = tls_->take_output();
  send(output, std::move(on_written));
}

void UvConnection::send(std::span<const Bytes> buffers, OnWritten on_written) {
  constexpr size_t kAtOnce = 16;
  size_t sent = 0;
  size_t total = 0;
  for (const auto& one : buffers) total += one.size();
  if (uv_stream_get_write_queue_size(reinterpret_cast<uv_stream_t*>(&tcp_)) == 0 && total != 0) {
    std::array<uv_buf_t, kAtOnce> raw;
    const size_t count = std::min(buffers.size(), kAtOnce);
    for (size_t i = 0; i < count; ++i) {
      raw[i] =
          uv_buf_init(const_cast<char*>(buffers[i].view().data()), static_cast<unsigned>(buffers[i].size()));
    }
    const int result =
        uv_try_write(reinterpret_cast<uv_stream_t*>(&tcp_), raw.data(), static_cast<unsigned>(count));
    if (result < 0 && result != UV_EAGAIN) {
      if (on_written) on_written(Status::error(Fault::system, uv_text(result), true));
      close({CloseReason::error, uv_text(result)});
      return;
    }
    if (result > 0) sent = static_cast<size_t>(result);
  }
  bytes_out_ += sent;
  if (sent != 0) touch();
  if (sent == total) {
    if (on_written) on_written({});
    return;
  }
  write_later(buffers, sent, std::move(on_written));
}

void UvConnection::write_later(std::span<const Bytes> buffers, size_t skip, OnWritten on_written) {
  auto request = std::make_unique<WriteRequest>();
  request->connection = this;
  request->on_written = std::move(on_written);
  std::vector<uv_buf_t> raw;
  for (const auto& one : buffers) {
    const size_t skipped = std::min(skip, one.size());
    skip -= skipped;
    if (skipped == one.size()) continue;
    request->buffers.push_back(one.skip(skipped));
    const auto view = request->buffers.back().view();
    raw.push_back(uv_buf_init(const_cast<char*>(view.data()), static_cast<unsigned>(view.size())));
    request->bytes += view.size();
  }
  request->request.data = request.get();
  const int result =
      uv_write(&request->request, reinterpret_cast<uv_stream_t*>(&tcp_), raw.data(),
               static_cast<unsigned>(raw.size()), [](uv_write_t* raw_request, int status) {
                 const std::unique_ptr<WriteRequest> done(static_cast<WriteRequest*>(raw_request->data));
                 UvConnection& self = *done->connection;
                 if (status == 0) {
                   self.bytes_out_ += done->bytes;
                   self.touch();
                 }
                 // libuv leaks the text of a code that is none: ask for it only when there is an error.
                 const std::string reason = status == 0              ? std::string()
                                            : status == UV_ECANCELED ? "the connection is closed"
                                                                     : uv_text(status);
                 if (done->on_written) {
                   done->on_written(status == 0 ? Status{} : Status::error(Fault::system, reason, true));
                 }
                 if (status != 0) self.close({CloseReason::error, reason});
                 if (self.close_when_written_) self.write_done();
               });
  if (result != 0) {
    if (request->on_written) request->on_written(Status::system(uv_text(result)));
    close({CloseReason::error, uv_text(result)});
    return;
  }
  request.release();  // NOLINT: the callback above takes it back
}

// All that close_after_writes() waits for has gone out: say goodbye and end.
void UvConnection::write_done() {
  if (closing_ || !open_ || pending_bytes() != 0) return;
  close({CloseReason::local, "closed"});
}

void UvConnection::close_after_writes() {
  if (closing_) return;
  close_when_written_ = true;
  write_done();
}

// ---- the end, and time

void UvConnection::close(CloseReason reason) {
  if (std::exchange(closing_, true)) return;
  reason_ = std::move(reason);
  timer_.reset();
  rest_timer_.reset();
  if (tls_ && open_ && reason_.kind != CloseReason::error) {
    tls_->shutdown();
    if (tls_->has_output()) {
      const auto output = tls_->take_output();
      const uv_buf_t raw =
          uv_buf_init(const_cast<char*>(output[0].view().data()), static_cast<unsigned>(output[0].size()));
      if (tcp_.write_queue_size == 0) uv_try_write(reinterpret_cast<uv_stream_t*>(&tcp_), &raw, 1);
    }
  }
  if (!self_) self_ = shared_from_this();
  auto* handle = reinterpret_cast<uv_handle_t*>(&tcp_);
  if (tcp_.loop == nullptr) {  // not begun: nothing to close
    loop_.post([self = self_] { static_cast<UvConnection&>(*self).closed(); });
    return;
  }
  if (uv_is_closing(handle)) return;  // between two addresses: goes on in attempt_failed()
  uv_close(handle, [](uv_handle_t* closed) { from(closed->data)->closed(); });
}

void UvConnection::closed() {
  const auto keep = std::move(self_);
  connecting_.reset();
  if (auto early = std::move(early_)) {
    for (auto& [buffers, on_written] : *early) {
      if (on_written) on_written(Status::system("the connection is closed"));
    }
  }
  held_.reset();
  big_.reset();
  if (on_gone_) std::exchange(on_gone_, nullptr)(*this);
  if (!handler_) return;
  handler_->on_close(*this, reason_);
  handler_.reset();
}

void UvConnection::set_idle_timeout(uint32_t millis) {
  idle_millis_ = millis;
  touch();
  if (open_ && !closing_) arm_timer(millis);
}

void UvConnection::arm_timer(uint32_t millis) {
  if (millis == 0) {
    timer_.reset();
    return;
  }
  if (!timer_) timer_ = std::make_unique<Timer>(loop_);
  timer_->start(millis, [this] { on_timer(); });
}

void UvConnection::on_timer() {
  if (!open_) {
    if (connecting_) {
      attempt_failed("timed out");
    } else {
      close({CloseReason::handshake, "the TLS handshake took too long"});
    }
    return;
  }
  if (paused_ || resting_) touch();  // it is us who do not read
  const uint64_t quiet = loop_.now_millis() - last_activity_;
  if (quiet >= idle_millis_) {
    close({CloseReason::idle, "nothing was sent for " + std::to_string(idle_millis_) + " ms"});
  } else {
    arm_timer(static_cast<uint32_t>(idle_millis_ - quiet));
  }
}

}  // namespace sluice::net
