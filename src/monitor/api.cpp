#include "monitor/api.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>
#include <charconv>

#include "base/log.hpp"
#include "base/secrets.hpp"
#include "base/time.hpp"
#include "event/json_write.hpp"

namespace sluice::monitor {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr size_t kConnections = 256;             // nobody watches with more
constexpr int64_t kQuietNanos = 60'000'000'000;  // between two lines about wrong passwords

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

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest digest_of(std::string_view user, std::string_view password) {
  // The length keeps "a" and "bc" from being "ab" and "c".
  const auto text = fmt::format("{}:{}:{}", user.size(), user, password);
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

// Compares digests, so that the time it takes says nothing of how much of a password was right.
auto password_check(const ApiOptions& options) {
  return [wanted = digest_of(options.user, options.password), refused = uint64_t{0}, told = int64_t{0}](
             std::string_view user, std::string_view password) mutable {
    const auto got = digest_of(user, password);
    if (CRYPTO_memcmp(got.data(), wanted.data(), got.size()) == 0) return true;
    ++refused;
    const int64_t now = steady_nanos();
    // A client without credentials is usually a browser or curl before it is asked: that is no attempt.
    if (!(user.empty() && password.empty()) && (told == 0 || now - told >= kQuietNanos)) {
      told = now;
      log::warn("logstash.agent", "The monitoring API refused a wrong user or password",
                {{"refused_so_far", refused}});
    }
    return false;
  };
}

}  // namespace

Result<std::unique_ptr<Api>> Api::start(net::Loop& loop, const ApiOptions& options, Report& report) {
  std::unique_ptr<Api> api(new Api(loop, report));
  const auto range = parse_ports(options.ports);
  Status last;
  for (unsigned port = range.first; port <= range.last && port <= 65535; ++port) {
    net::HttpServerOptions http;
    http.host = options.host;
    http.port = static_cast<uint16_t>(port);
    http.max_body_bytes = 1 << 20;
    http.max_connections = kConnections;
    http.tls = options.tls;
    http.realm = "Logstash";
    if (!options.user.empty()) http.check_basic_auth = password_check(options);
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

void Api::answer(const net::HttpRequest& request, const net::HttpResponder& responder) const {
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
  if (path == "/healthz" || path == "/readyz") {
    const auto why = report_.problems(path == "/healthz");
    out.append(why.empty() ? "ok\n" : why);
    return send(responder, why.empty() ? 200 : 503, "text/plain; charset=utf-8", out);
  }
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
