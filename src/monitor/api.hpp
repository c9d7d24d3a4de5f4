// The monitoring API: Logstash's paths on port 9600, and /metrics and /healthz.
#pragma once

#include <memory>
#include <string>

#include "monitor/report.hpp"
#include "net/http_server.hpp"

namespace sluice::monitor {

/// Listens while it lives. Answers on the loop's thread from counters alone.
class Api {
 public:
  /// `ports`: "9600", or "9600-9700" for the first free one.
  static Result<std::unique_ptr<Api>> start(net::Loop& loop, const std::string& host,
                                            const std::string& ports, Report& report);
  [[nodiscard]] uint16_t port() const { return server_->port(); }

 private:
  explicit Api(Report& report) : report_(report) {}
  void answer(const net::HttpRequest& request, const net::HttpResponder& responder) const;

  Report& report_;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace sluice::monitor
