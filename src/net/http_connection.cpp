#include <strings.h>

#include "net/compress.hpp"
#include "net/http_server_impl.hpp"

namespace sluice::net {

namespace {
constexpr size_t kPipelined = 64;          // requests of one connection that may wait for their answers
constexpr uint32_t kDiscardMillis = 2000;  // how long a refused peer may go on sending
constexpr size_t kDiscardBytes = size_t{64} << 20;  // and how much
}  // namespace

void HttpConnection::on_open(TcpConnection& connection) {
  tcp_ = &connection;
  if (connection.tls() != nullptr) tls_ = std::make_shared<TlsPeer>(*connection.tls());
  connection.set_idle_timeout(server_->options.idle_timeout_millis);
  server_->connections.insert(this);
}

void HttpConnection::on_data(TcpConnection& connection, const SlabRef& slab, std::string_view bytes) {
  if (refused_) {
    discarded_ += bytes.size();
    if (discarded_ > kDiscardBytes) connection.close();
    return;
  }
  if (last_request_) return;
  if (rest_.empty()) {
    slab_ = slab;
    rest_ = bytes;
  } else {  // the head of a request is cut: the parser wants it in one piece
    SlabRef joined = SlabRef::allocate(rest_.size() + bytes.size());
    joined.append(rest_);
    joined.append(bytes);
    slab_ = std::move(joined);
    rest_ = slab_.view();
  }
  parse();
}

void HttpConnection::on_end(TcpConnection& connection) {
  last_request_ = true;
  if (answers_.empty()) {
    connection.close({CloseReason::peer, "closed by the peer"});
  } else {
    flush();  // whoever only closed its sending side still gets its answers
  }
}

void HttpConnection::on_close(TcpConnection&, const CloseReason&) {
  server_->connections.erase(this);
  for (auto& answer : answers_) {
    answer->gone = true;
    answer->connection = nullptr;
  }
  answers_.clear();
  tcp_ = nullptr;
}

void HttpConnection::parse() {
  using Outcome = HttpRequestParser::Outcome;
  if (std::exchange(parsing_, true)) return;
  while (!last_request_ && (!rest_.empty() || parser_)) {
    if (answers_.size() >= kPipelined) {
      tcp_->pause_reading();
      break;
    }
    if (!parser_) {
      parser_ = std::make_unique<HttpRequestParser>(server_->options.max_header_bytes,
                                                    server_->options.max_body_bytes);
    }
    const auto outcome = parser_->feed(rest_);
    if (outcome == Outcome::more) break;
    if (outcome == Outcome::header && !check_head()) break;
    if (outcome == Outcome::done) dispatch();
    if (outcome == Outcome::bad) refuse(400, "bad request: " + parser_->problem());
    if (outcome == Outcome::header_too_large) refuse(431, "the header is too large");
    if (outcome == Outcome::body_too_large) refuse(413, "the body is too large");
  }
  parsing_ = false;
  if (refused_) rest_ = {};
  if (rest_.empty()) slab_.reset();
}

// What can be said before the body is read. False: refused.
bool HttpConnection::check_head() {
  const HttpRequest& request = parser_->request;
  const auto& options = server_->options;
  if (options.authorize && !options.authorize(request)) {
    refuse(401, "unauthorized", {{"WWW-Authenticate", options.challenge}});
    return false;
  }
  const std::string encoding(request.header("content-encoding"));
  const auto is = [&](const char* name) { return strcasecmp(encoding.c_str(), name) == 0; };
  if (options.decompress && !encoding.empty() && !is("gzip") && !is("x-gzip") && !is("deflate") &&
      !is("identity")) {
    refuse(415, "the content encoding '" + encoding + "' is not supported");
    return false;
  }
  if (parser_->expects_continue && request.version == 11 && !parser_->is_done() && rest_.empty()) {
    auto interim = queue_answer();
    interim->answered = true;
    interim->ready.push_back(Bytes::unowned("HTTP/1.1 100 Continue\r\n\r\n"));
    interim->complete = true;
    flush();
  }
  return tcp_ != nullptr && tcp_->open();
}

void HttpConnection::refuse(int status, std::string_view text, HttpHeaders headers) {
  refused_ = true;
  headers.emplace_back("Content-Type", "text/plain");
  auto answer = queue_answer();
  answer->keep_alive = false;
  answer->head = parser_->request.method == "HEAD";
  last_request_ = true;
  HttpResponder::Impl(answer).send({status, std::move(headers), Bytes(std::string(text) + "\n")});
}

bool HttpConnection::inflate_body(HttpRequest& request) {
  const std::string encoding(request.header("content-encoding"));
  if (!server_->options.decompress || encoding.empty() || strcasecmp(encoding.c_str(), "identity") == 0 ||
      request.body.empty()) {
    return true;
  }
  const auto format = strcasecmp(encoding.c_str(), "deflate") == 0 ? Compression::deflate : Compression::gzip;
  auto plain = decompress(format, request.body.view(), server_->options.max_body_bytes);
  if (!plain.ok()) {
    refuse(over_bound(plain.status()) ? 413 : 400, plain.message());
    return false;
  }
  request.body = Bytes(*plain);
  return true;
}

void HttpConnection::dispatch() {
  const auto parser = std::move(parser_);
  HttpRequest& request = parser->request;
  const bool keep_alive = parser->keep_alive();
  if (parser->body) request.body = Bytes(parser->body);
  request.wire_body_bytes = request.body.size();
  parser_ = std::make_unique<HttpRequestParser>(1, 1);  // refuse() asks it for the method
  parser_->request.method = request.method;
  const bool good = inflate_body(request);
  parser_.reset();
  if (!good) return;
  request.peer = tcp_->peer();
  request.local = tcp_->local();
  request.tls = tls_;
  auto answer = queue_answer();
  answer->head = request.method == "HEAD";
  answer->keep_alive = keep_alive;
  answer->http10 = request.version < 11;
  if (!keep_alive) last_request_ = true;
  server_->handler(request, HttpResponder(std::make_shared<HttpResponder::Impl>(answer)));
}

std::shared_ptr<HttpAnswer> HttpConnection::queue_answer() {
  auto answer = std::make_shared<HttpAnswer>();
  answer->loop = &server_->loop;
  answer->connection = this;
  if (answers_.empty()) tcp_->set_idle_timeout(0);  // it waits for us now
  answers_.push_back(answer);
  return answer;
}

void HttpConnection::flush() {
  if (tcp_ == nullptr || !tcp_->open()) return;
  while (!answers_.empty()) {
    const auto answer = answers_.front();
    if (!answer->ready.empty()) {
      const auto pieces = std::move(answer->ready);
      answer->ready.clear();
      size_t total = 0;
      for (const auto& piece : pieces) total += piece.size();
      tcp_->write(pieces, [answer, total](const Status&) { answer->pending -= total; });
    }
    if (!answer->complete) return;
    answers_.pop_front();
    if (answer->keep_alive) continue;
    last_request_ = true;
    if (!refused_) tcp_->close_after_writes();
    break;
  }
  if (!tcp_->open()) return;
  if (refused_) {
    tcp_->set_idle_timeout(kDiscardMillis);
  } else if (answers_.empty() && last_request_) {
    tcp_->close_after_writes();
  } else if (answers_.empty()) {
    tcp_->set_idle_timeout(server_->options.idle_timeout_millis);
  }
  if (answers_.size() < kPipelined && tcp_->paused()) {
    tcp_->resume_reading();
    server_->loop.post([tcp = tcp_->weak_from_this(), this] {
      if (const auto alive = tcp.lock(); alive && alive->open() && tcp_ != nullptr) parse();
    });
  }
}

void HttpConnection::finish() {
  last_request_ = true;
  if (tcp_ != nullptr && answers_.empty()) tcp_->close_after_writes();
}

}  // namespace sluice::net
