// The monitoring API: Logstash's paths on port 9600, and /metrics, /healthz and /readyz.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "monitor/guard.hpp"
#include "monitor/report.hpp"
#include "net/http_server.hpp"
#include "net/tls_reload.hpp"

namespace sluice::monitor {

/// Where the API listens, and whom it answers.
struct ApiOptions {
  std::string host = "127.0.0.1";
  std::string ports = "9600-9700";               // "9600", or "9600-9700" for the first free one
  std::string user{}, password{};                // basic authentication; no user: none
  std::vector<std::string> api_keys{};           // each ID:KEY; without a user either everybody is answered
  std::shared_ptr<const net::TlsContext> tls{};  // null: plain HTTP
};

/// Listens while it lives. Answers on the loop's thread from counters alone.
class Api {
 public:
  static Result<std::unique_ptr<Api>> start(net::Loop& loop, const ApiOptions& options, Report& report);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  [[nodiscard]] uint16_t port() const { return server_->port(); }

 private:
  Api(net::Loop& loop, Report& report) : report_(report), loop_(loop) {}
  void answer(const net::HttpRequest& request, const net::HttpResponder& responder);
  void answer_health(const net::HttpRequest& request, const net::HttpResponder& responder, bool alive);

  Report& report_;
  net::Loop& loop_;
  std::optional<Guard> guard_;  // none: everybody is answered
  std::unique_ptr<net::HttpServer> server_;
  std::optional<net::TlsReload> reload_;  // loop thread
};

}  // namespace sluice::monitor
