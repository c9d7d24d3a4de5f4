#include "net/http_server.hpp"

#include <cstdio>

#include "net/http_server_impl.hpp"

namespace sluice::net {

void HttpAnswer::add(const std::shared_ptr<HttpAnswer>& answer, std::vector<Bytes> pieces, bool complete) {
  for (const auto& piece : pieces) answer->pending += piece.size();
  auto work = [answer, pieces = std::move(pieces), complete]() mutable {
    if (answer->connection == nullptr) return;
    for (auto& piece : pieces) answer->ready.push_back(std::move(piece));
    answer->complete |= complete;
    answer->connection->flush();
  };
  if (answer->loop->in_loop()) {
    work();
  } else if (!answer->loop->post(std::move(work))) {
    answer->gone = true;
  }
}

HttpResponder::Impl::~Impl() {
  if (!answer->answered && !answer->gone) {
    send({500, {{"Content-Type", "text/plain"}}, Bytes::unowned("no answer\n")});
  }
}

void HttpResponder::Impl::send(const HttpResponse& response) const {
  if (answer->answered.exchange(true) || answer->gone) return;
  std::vector<Bytes> pieces;
  pieces.emplace_back(http_head(response.status, response.headers, answer->keep_alive, answer->http10,
                                static_cast<int64_t>(response.body.size())));
  const bool bodyless = answer->head || response.status == 204 || response.status == 304;
  if (!bodyless && !response.body.empty()) pieces.push_back(response.body);
  HttpAnswer::add(answer, std::move(pieces), true);
}

void HttpResponder::send(HttpResponse response) const { impl_->send(response); }

void HttpResponder::send(int status, std::string_view content_type, Bytes body) const {
  impl_->send({status, {{"Content-Type", std::string(content_type)}}, std::move(body)});
}

bool HttpResponder::connected() const { return !impl_->answer->gone; }

HttpStream HttpResponder::stream(int status, HttpHeaders headers) const {
  HttpStream stream;
  const auto& answer = impl_->answer;
  if (answer->answered.exchange(true) || answer->gone) return stream;
  if (answer->http10) answer->keep_alive = false;  // its end is the connection's end
  stream.impl_ = std::make_shared<HttpStream::Impl>();
  stream.impl_->answer = answer;
  stream.impl_->chunked = !answer->http10;
  std::vector<Bytes> pieces;
  pieces.emplace_back(http_head(status, headers, answer->keep_alive, answer->http10, -1));
  HttpAnswer::add(answer, std::move(pieces), answer->head);
  if (answer->head) stream.impl_->ended = true;
  return stream;
}

bool HttpStream::open() const { return impl_ && !impl_->ended && !impl_->answer->gone; }

size_t HttpStream::pending_bytes() const { return impl_ ? impl_->answer->pending.load() : 0; }

bool HttpStream::write(Bytes piece) {
  if (!open()) return false;
  if (piece.empty()) return true;  // an empty chunk would be the end
  std::vector<Bytes> pieces;
  if (impl_->chunked) {
    char size[24];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    pieces.emplace_back(std::string(size));
  }
  pieces.push_back(std::move(piece));
  if (impl_->chunked) pieces.push_back(Bytes::unowned("\r\n"));
  HttpAnswer::add(impl_->answer, std::move(pieces), false);
  return true;
}

void HttpStream::end() {
  if (impl_) impl_->end();
}

void HttpStream::Impl::end() {
  if (!answer || ended.exchange(true) || answer->gone) return;
  std::vector<Bytes> pieces;
  if (chunked) pieces.push_back(Bytes::unowned("0\r\n\r\n"));
  HttpAnswer::add(answer, std::move(pieces), true);
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Loop& loop, HttpServerOptions options,
                                                       Handler handler) {
  auto impl = std::make_shared<Impl>(loop);
  ListenOptions listen;
  listen.host = options.host;
  listen.port = options.port;
  listen.reuse_port = options.reuse_port;
  listen.tls = options.tls;
  listen.access.max_connections = options.max_connections;
  impl->options = std::move(options);
  impl->handler = std::move(handler);
  auto listener = TcpListener::listen(loop, listen, [impl = std::weak_ptr<Impl>(impl)](TcpConnection&) {
    auto server = impl.lock();
    return server ? std::make_unique<HttpConnection>(std::move(server)) : nullptr;
  });
  if (!listener.ok()) return listener.status();
  impl->listener = std::move(*listener);
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::~HttpServer() {
  impl_->loop.call([this] {
    impl_->listener->close();
    for (auto* one : impl_->connections) one->finish();
    impl_->listener->close_connections();
    impl_->handler = [](const HttpRequest&, const HttpResponder& responder) {
      responder.send(503, "text/plain", Bytes::unowned("shutting down\n"));
    };
  });
}

uint16_t HttpServer::port() const { return impl_->listener->port(); }
size_t HttpServer::connections() const { return impl_->listener->connections(); }
void HttpServer::set_tls(std::shared_ptr<const TlsContext> tls) { impl_->listener->set_tls(std::move(tls)); }

void HttpServer::close() {
  impl_->loop.call([this] {
    impl_->listener->close();
    for (auto* one : impl_->connections) one->finish();
  });
}

}  // namespace sluice::net
