// HTTP client: many requests at once on one loop, over kept connections.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.hpp"
#include "net/bytes.hpp"
#include "net/http_server.hpp"
#include "net/loop.hpp"

namespace sluice::net {

/// TLS and proxy of a client: the same for all its requests. Paths are PEM files.
struct HttpClientOptions {
  bool verify_server = true;                           // chain and host name, or nothing
  std::vector<std::string> certificate_authorities{};  // files or directories; empty: the system's
  std::string certificate{};                           // client certificate
  std::string key{};
  std::string key_passphrase{};
  std::vector<std::string> protocols{};      // of TLSv1.1, TLSv1.2, TLSv1.3; empty: 1.2 and newer
  std::vector<std::string> cipher_suites{};  // OpenSSL's or Java's names
  std::string
      ca_trusted_fingerprint{};  // SHA-256 in hex of a CA certificate that is trusted when the chain holds it
  std::string proxy{};           // "http://user:pw@proxy:3128"; empty: none (nor from the environment)
  size_t max_connections = 1000;
  size_t max_connections_per_host = 100;
  bool keep_connections = true;  // for the next request to the same host
  bool cookies = false;          // kept from answers and sent again, as a browser does
  std::string user_agent = "sluice";
};

struct HttpClientRequest {
  std::string method = "GET";
  std::string url{};
  HttpHeaders headers{};
  std::vector<Bytes> body{};  // sent one behind another, never copied together
  std::string user{};         // basic authentication when not empty
  std::string password{};
  uint32_t connect_timeout_millis = 10'000;
  uint32_t timeout_millis = 60'000;  // of the whole request; 0: none
  uint32_t silence_seconds = 0;      // without a byte in either direction until it counts as failed; 0: none
  bool accept_compressed = true;     // gzip and deflate answers, handed over decompressed
  bool follow_redirects = false;
  int max_redirects = 50;
  size_t max_response_bytes = size_t{256} << 20;
};

struct HttpClientResponse {
  /// `lost`: the connection broke before the answer was there.
  enum class Error : unsigned char { none, connect, timeout, tls, lost, too_large, cancelled, other };
  Error error = Error::none;
  std::string error_text{};  // for a person: "cannot connect to es:9200: Connection refused"
  int status = 0;            // 0 when there was no answer
  HttpHeaders headers{};
  std::string body{};
  std::string redirect_url{};  // where an answer points to that was not followed
  uint64_t millis = 0;         // from request() to the answer's end

  [[nodiscard]] bool answered() const { return error == Error::none; }
};

/// Sends requests. Destroying it cancels what is under way (callbacks hear Error::cancelled).
class HttpClient {
 public:
  /// On the loop's thread, exactly once per request.
  using OnDone = std::function<void(HttpClientResponse)>;

  /// Errors name the file that cannot be used.
  static Result<std::unique_ptr<HttpClient>> create(Loop& loop, HttpClientOptions options);
  ~HttpClient();

  /// Starts a request, from any thread. The result names it for cancel().
  uint64_t request(HttpClientRequest request, OnDone on_done);
  /// Ends a request early, from any thread; its callback hears Error::cancelled unless it is done already.
  void cancel(uint64_t id);
  /// Requests under way.
  [[nodiscard]] size_t active() const;

  struct Impl;

 private:
  explicit HttpClient(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace sluice::net
