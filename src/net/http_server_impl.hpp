// Inside of net only: the connection and the answers of the HTTP server.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "net/http_request_parser.hpp"
#include "net/http_server.hpp"
#include "net/tcp.hpp"

namespace sluice::net {

class HttpConnection;
struct HttpAnswer;

struct HttpServer::Impl {
  explicit Impl(Loop& on) : loop(on) {}
  Loop& loop;
  HttpServerOptions options;
  Handler handler;
  std::unique_ptr<TcpListener> listener;
  std::unordered_set<HttpConnection*> connections;  // loop thread
  bool closing = false;                             // loop thread
};

/// The place of one answer in its connection's queue.
struct HttpAnswer {
  Loop* loop = nullptr;
  std::atomic<bool> answered{false};
  std::atomic<bool> gone{false};   // the client, or the loop
  std::atomic<size_t> pending{0};  // bytes of a stream that wait for the system
  bool head = false;               // HEAD: headers only
  bool keep_alive = true;
  bool http10 = false;
  // Loop thread:
  HttpConnection* connection = nullptr;  // null when it has gone
  std::vector<Bytes> ready;              // what can be sent when it is this answer's turn
  bool complete = false;

  /// Adds to the answer, from any thread.
  static void add(const std::shared_ptr<HttpAnswer>& answer, std::vector<Bytes> pieces, bool complete);
};

/// Held by the copies of a responder only: the last one that goes unanswered answers 500.
struct HttpResponder::Impl {
  explicit Impl(std::shared_ptr<HttpAnswer> to) : answer(std::move(to)) {}
  ~Impl();
  void send(const HttpResponse& response) const;
  std::shared_ptr<HttpAnswer> answer;
};

/// Held by the copies of a stream only: the last one that goes ends it.
struct HttpStream::Impl {
  ~Impl() { end(); }
  void end();
  std::shared_ptr<HttpAnswer> answer;
  bool chunked = true;
  std::atomic<bool> ended{false};
};

class HttpConnection final : public ConnectionHandler {
 public:
  explicit HttpConnection(std::shared_ptr<HttpServer::Impl> server) : server_(std::move(server)) {}

  void on_open(TcpConnection& connection) override;
  void on_data(TcpConnection& connection, const SlabRef& slab, std::string_view bytes) override;
  void on_end(TcpConnection& connection) override;
  void on_close(TcpConnection& connection, const CloseReason& reason) override;

  /// Sends what is ready, in the order of the requests.
  void flush();
  /// The server ends: close after the answers owed.
  void finish();

 private:
  void parse();
  bool check_head();
  void refuse(int status, std::string_view text, HttpHeaders headers = {});
  void dispatch();
  std::shared_ptr<HttpAnswer> queue_answer();
  bool inflate_body(HttpRequest& request);

  std::shared_ptr<HttpServer::Impl> server_;
  TcpConnection* tcp_ = nullptr;
  std::shared_ptr<const TlsPeer> tls_;
  std::unique_ptr<HttpRequestParser> parser_;
  SlabRef slab_;           // bytes that are not parsed yet
  std::string_view rest_;  // lies in slab_
  std::deque<std::shared_ptr<HttpAnswer>> answers_;
  bool last_request_ = false;  // nothing is read any more
  bool parsing_ = false;
  bool refused_ = false;  // the rest is read and thrown away, so that the answer arrives
  size_t discarded_ = 0;
};

/// "HTTP/1.1 200 OK" and the headers that are always there, up to the empty line.
/// `body_size` < 0: the length is not known.
std::string http_head(int status, const HttpHeaders& headers, bool keep_alive, bool http10,
                      int64_t body_size);
/// "Not Found"
std::string_view http_reason(int status);

}  // namespace sluice::net
