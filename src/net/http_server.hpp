// HTTP/1.1 server: requests are handed over whole, answers may come later and from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.hpp"
#include "net/bytes.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/tls.hpp"

namespace sluice::net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The value of header `name` (any case), or null.
const std::string* find_header(const HttpHeaders& headers, std::string_view name);
/// %XX (and, when `plus_is_space`, +) decoded; invalid escapes stay as they are.
std::string url_decode(std::string_view text, bool plus_is_space = false);
/// The value of parameter `name` in a query string such as "a=1&b=2", decoded; false when it is not there.
bool query_parameter(std::string_view query, std::string_view name, std::string& value);

/// One request, complete.
struct HttpRequest {
  std::string method;   // as sent: "GET"
  std::string target;   // as sent: "/a%20b?x=1"
  int version = 11;     // 10 or 11
  HttpHeaders headers;  // as sent, in order
  Bytes body;           // decoded from chunks and from gzip or deflate; with a slab's padding behind it
  uint64_t wire_body_bytes = 0;  // size of the body as it came, before decompression
  Endpoint peer;
  Endpoint local;
  std::shared_ptr<const TlsPeer> tls{};  // null without TLS

  /// Part of target before '?', not decoded.
  [[nodiscard]] std::string_view path() const;
  /// Part of target behind '?', not decoded; empty when there is none.
  [[nodiscard]] std::string_view query() const;
  /// Value of a header (any case); empty when it is not there.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// An answer. Content-Length, Date and Connection are added.
struct HttpResponse {
  int status = 200;
  HttpHeaders headers{};
  Bytes body{};
};

/// A body sent piece by piece (chunked), for live streams. Copyable, any thread. Ends when end() is called or
/// the last copy is gone.
class HttpStream {
 public:
  HttpStream() = default;
  /// Sends a piece. False when the client has gone.
  bool write(Bytes piece);
  void end();
  [[nodiscard]] bool open() const;
  /// Bytes written that the system has not taken yet: a slow reader; drop or wait when this grows.
  [[nodiscard]] size_t pending_bytes() const;

 private:
  friend class HttpResponder;
  friend struct HttpAnswer;
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// The right and duty to answer one request. Copyable, any thread, answers once (later answers are dropped);
/// when the last copy goes unanswered the client gets a 500.
class HttpResponder {
 public:
  HttpResponder() = default;
  void send(HttpResponse response) const;
  void send(int status, std::string_view content_type, Bytes body) const;
  /// Starts an answer whose body follows in pieces.
  [[nodiscard]] HttpStream stream(int status, HttpHeaders headers) const;
  /// False when the client has gone: the answer would reach nobody.
  [[nodiscard]] bool connected() const;

  struct Impl;
  explicit HttpResponder(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<Impl> impl_;
};

/// What an Authorization header of the scheme ("Basic": USER:PASSWORD, "ApiKey": ID:KEY) holds, decoded;
/// nothing when it is of another scheme or no base64.
std::optional<std::string> credentials_of(std::string_view authorization, std::string_view scheme);

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 0;
  bool reuse_port = false;
  std::shared_ptr<const TlsContext> tls{};
  size_t max_header_bytes = 64 << 10;         // more: 431
  size_t max_body_bytes = size_t{100} << 20;  // more, as sent or decompressed: 413
  uint32_t idle_timeout_millis = 60'000;      // of a connection without a request being answered
  size_t max_connections = 0;                 // 0: no limit
  bool decompress = true;                     // gzip and deflate request bodies; others: 415
  /// When set, asked about each request once its head is there, before its body is read; false: 401 with
  /// `challenge` as WWW-Authenticate. Loop thread.
  std::function<bool(const HttpRequest&)> authorize{};
  std::string challenge = "Basic realm=\"pipeline\"";
};

/// Serves HTTP/1.0 and 1.1 on a loop: keep-alive, pipelining (answers in order), HEAD, Expect: 100-continue.
/// Calls from any thread. Destroying closes the port and the connections.
class HttpServer {
 public:
  /// Called on the loop's thread for each request.
  using Handler = std::function<void(const HttpRequest&, HttpResponder)>;

  static Result<std::unique_ptr<HttpServer>> listen(Loop& loop, HttpServerOptions options, Handler handler);
  ~HttpServer();

  [[nodiscard]] uint16_t port() const;
  [[nodiscard]] size_t connections() const;
  void set_tls(std::shared_ptr<const TlsContext> tls);
  /// Stops accepting; connections end after the answers they owe. Returns at once.
  void close();

  struct Impl;

 private:
  explicit HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace sluice::net
