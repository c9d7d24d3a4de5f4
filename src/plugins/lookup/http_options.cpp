#include "plugins/lookup/http_options.hpp"

#include <algorithm>
#include <cmath>

#include "plugins/elastic/url.hpp"
#include "plugins/lookup/request_url.hpp"

namespace sluice::lookup {
namespace {

using plugin::Setup;

constexpr int kMostRedirects = 5;

uint32_t millis(Setup& setup, std::string_view option) {
  const double seconds = setup.options.number(option);
  if (seconds >= 0 && seconds <= 1e6) return static_cast<uint32_t>(std::lround(seconds * 1000));
  setup.error(option, "E0306", "`" + std::string(option) + "` is not a usable number of seconds");
  return 0;
}

size_t count(Setup& setup, std::string_view option) {
  const auto n = setup.options.integer(option);
  if (n < 1) setup.error(option, "E0306", "`" + std::string(option) + "` has to be 1 or more");
  return static_cast<size_t>(std::max<int64_t>(1, n));
}

std::string with_login(const elastic::Url& url, const std::string& user, const std::string& password) {
  const std::string login =
      user.empty() ? "" : elastic::url_encode(user) + ":" + elastic::url_encode(password) + "@";
  const std::string host = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  return url.scheme + "://" + login + host + ":" + std::to_string(url.port);
}

std::string proxy_of(Setup& setup, const std::string& text, std::string user, std::string password) {
  auto parsed = elastic::parse_url(text);
  if (!parsed.ok()) {
    setup.error("proxy", "E0306", "The proxy `" + text + "` cannot be read: " + parsed.message(),
                "Write it as http://name:3128.");
    return {};
  }
  if (parsed->scheme.empty()) parsed->scheme = "http";
  if (parsed->port == 0) parsed->port = parsed->scheme == "https" ? 443 : 80;
  if (user.empty()) user = parsed->user, password = parsed->password;
  return with_login(*parsed, user, password);
}

void read_tls(Setup& setup, HttpSettings& out) {
  if (!setup.options.boolean("ssl_enabled")) {
    for (const auto& entry : setup.options.entries())
      if (entry.given && entry.option->name.starts_with("ssl_") && entry.option->name != "ssl_enabled")
        setup.warning(entry.option->name, "W0308",
                      "`" + std::string(entry.option->name) + "` is not used when `ssl_enabled` is false",
                      "Remove it, or ssl_enabled => false.");
    return;
  }
  tls::read_client(setup, out.client, out.stores);
  tls::check_strictly(setup, out.stores);
}

bool idempotent(std::string_view method) { return method != "POST" && method != "PATCH"; }

}  // namespace

std::string read_proxy(Setup& setup) {
  if (!setup.options.given("proxy")) return {};
  const auto& value = setup.options.entry("proxy").value;
  if (value.scalar()) return value.text.empty() ? std::string() : proxy_of(setup, value.text, {}, {});
  std::string url, host, port = "80", scheme = "http", user, password;
  const std::pair<std::string_view, std::string*> parts[] = {
      {"url", &url},   {"host", &host},     {"port", &port},     {"scheme", &scheme},
      {"user", &user}, {"username", &user}, {"pass", &password}, {"password", &password}};
  for (const auto& entry : value.entries) {
    const auto part = std::find_if(std::begin(parts), std::end(parts),
                                   [&](const auto& p) { return p.first == entry.key.text; });
    if (part != std::end(parts))
      *part->second = entry.value.text;
    else
      setup.error("proxy", "E0306", "`proxy` knows no `" + entry.key.text + "`",
                  "It has url, or host, port and scheme; and user and password.");
  }
  if (url.empty() && host.empty()) {
    setup.error("proxy", "E0306", "`proxy` names neither `url` nor `host`",
                "Write proxy => \"http://name:3128\".");
    return {};
  }
  return proxy_of(setup, url.empty() ? scheme + "://" + host + ":" + port : url, user, password);
}

HttpSettings read_http(Setup& setup) {
  const auto& options = setup.options;
  HttpSettings out;
  out.request.user = options.string("user");
  out.request.password = options.string("password");
  if (!out.request.user.empty() && !options.given("password"))
    setup.error("user", "E0308", "`user` needs `password`", "Add password => \"${...}\".");
  out.request.timeout_millis = millis(setup, "request_timeout");
  out.request.connect_timeout_millis = millis(setup, "connect_timeout");
  out.request.silence_seconds = (millis(setup, "socket_timeout") + 999) / 1000;
  out.follow_redirects = options.boolean("follow_redirects");
  out.request.max_redirects = kMostRedirects;
  out.retries = static_cast<unsigned>(std::clamp<int64_t>(options.integer("automatic_retries"), 0, 1000));
  out.retry_non_idempotent = options.boolean("retry_non_idempotent");
  out.concurrency.total = count(setup, "pool_max");
  out.concurrency.per_host = count(setup, "pool_max_per_route");
  out.client.max_connections = out.concurrency.total;
  out.client.max_connections_per_host = out.concurrency.per_host;
  out.client.keep_connections = options.boolean("keepalive");
  out.client.cookies = options.boolean("cookies");
  out.client.proxy = read_proxy(setup);
  read_tls(setup, out);
  return out;
}

bool once_more(const HttpSettings& settings, Call& call) {
  using Error = net::HttpClientResponse::Error;
  const auto& response = call.response;
  auto& request = call.request;
  if (response.error == Error::lost)
    return call.attempts <= settings.retries && (idempotent(request.method) || settings.retry_non_idempotent);
  // Only GET and HEAD are led elsewhere as they are; "see other" asks for the answer of a request with a
  // body.
  const bool other = response.answered() && response.status == 303 && !request.follow_redirects;
  if (!other || !settings.follow_redirects || response.redirect_url.empty()) return false;
  auto url = request_url(response.redirect_url, {});
  if (!url.ok()) return false;
  request.url = std::move(url).value();
  request.method = "GET";
  request.body.clear();
  request.follow_redirects = true;
  return true;
}

}  // namespace sluice::lookup
