#include "monitor/api.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/log.hpp"
#include "base/secrets.hpp"
#include "event/json_write.hpp"

namespace sluice::monitor {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr size_t kConnections = 256;  // nobody watches with more

void send(const net::HttpResponder& responder, int status, std::string_view type, const Buffer& body) {
  responder.send(status, type, secrets::masked(body.view()));
}

void not_found(const net::HttpRequest& request, const net::HttpResponder& responder, int status,
               std::string_view why) {
  Buffer out;
  out.append("{\"path\":");
  write_json_string(request.path(), false, out);
  out.append(fmt::format(",\"status\":{},\"error\":{{\"message\":\"{}\"}}}}\n", status, why));
  send(responder, status, kJson, out);
}

struct Ports {
  unsigned first = 0, last = 0;
};

Ports parse_ports(std::string_view text) {
  Ports ports;
  const size_t dash = text.find('-');
  const auto number = [](std::string_view digits) {
    unsigned n = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), n);
    return n;
  };
  ports.first = number(text.substr(0, dash));
  ports.last = dash == std::string_view::npos ? ports.first : number(text.substr(dash + 1));
  return ports;
}

// They are asked by what cannot keep a password, and say nothing but yes or no without one.
bool health_path(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return path == "/healthz" || path == "/readyz";
}

}  // namespace

Result<std::unique_ptr<Api>> Api::start(net::Loop& loop, const ApiOptions& options, Report& report) {
  std::unique_ptr<Api> api(new Api(loop, report));
  if (!options.user.empty() || !options.api_keys.empty())
    api->guard_.emplace(options.user, options.password, options.api_keys);
  const auto range = parse_ports(options.ports);
  Status last;
  for (unsigned port = range.first; port <= range.last && port <= 65535; ++port) {
    net::HttpServerOptions http;
    http.host = options.host;
    http.port = static_cast<uint16_t>(port);
    http.max_body_bytes = 1 << 20;
    http.max_connections = kConnections;
    http.tls = options.tls;
    if (api->guard_) {
      http.challenge = api->guard_->challenge();
      http.authorize = [guard = &*api->guard_](const net::HttpRequest& request) {
        return health_path(request.path()) || guard->knows(request);
      };
    }
    auto server = net::HttpServer::listen(
        loop, http, [raw = api.get()](const net::HttpRequest& request, net::HttpResponder responder) {
          raw->answer(request, responder);
        });
    if (server.ok()) {
      api->server_ = std::move(server).value();
      loop.call([&] {
        api->reload_.emplace(loop, options.tls, "logstash.agent",
                             [raw = api->server_.get()](auto fresh) { raw->set_tls(std::move(fresh)); });
        return true;
      });
      report.set_address(fmt::format("{}:{}", options.host, api->port()));
      return api;
    }
    last = server.status();
  }
  return Status::config(
      fmt::format("the monitoring API cannot listen on {}:{}: {}. Set api.http.port, or api.enabled: false.",
                  options.host, options.ports, last.message()));
}

Api::~Api() {
  loop_.call([this] {
    reload_.reset();
    return true;
  });
}

void Api::answer_health(const net::HttpRequest& request, const net::HttpResponder& responder, bool alive) {
  const auto why = report_.problems(alive);
  Buffer out;
  if (why.empty())
    out.append("ok\n");
  else
    out.append(guard_ && !guard_->knows(request) ? "not well; the reasons are for those who have a password\n"
                                                 : why);
  send(responder, why.empty() ? 200 : 503, "text/plain; charset=utf-8", out);
}

void Api::answer(const net::HttpRequest& request, const net::HttpResponder& responder) {
  if (request.method != "GET" && request.method != "HEAD")
    return not_found(request, responder, 405, "Method Not Allowed");
  std::string flag;
  const bool pretty = net::query_parameter(request.query(), "pretty", flag) && flag != "false";
  std::string_view path = request.path();
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  Buffer out;
  if (path == "/") {
    report_.root(out, pretty);
    return send(responder, 200, kJson, out);
  }
  if (path == "/_health_report") {
    report_.health(out, pretty);
    return send(responder, 200, kJson, out);
  }
  if (health_path(path)) return answer_health(request, responder, path == "/healthz");
  if (path == "/metrics") {
    report_.metrics(out);
    return send(responder, 200, "text/plain; version=0.0.4; charset=utf-8", out);
  }
  constexpr std::string_view kStats = "/_node/stats";
  if (path.starts_with(kStats) && (path.size() == kStats.size() || path[kStats.size()] == '/')) {
    const auto section = path.size() > kStats.size() ? path.substr(kStats.size() + 1) : std::string_view{};
    if (report_.stats(section, out, pretty)) return send(responder, 200, kJson, out);
  }
  not_found(request, responder, 404, "Not Found");
}

}  // namespace sluice::monitor
