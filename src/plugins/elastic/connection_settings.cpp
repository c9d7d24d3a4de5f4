#include <algorithm>
#include <cmath>

#include "plugin/setup.hpp"
#include "plugins/elastic/settings.hpp"

namespace sluice::elastic {
namespace {

using plugin::Setup;

constexpr tls::FormerName kFormerNames[] = {
    {"ssl_verification_mode", "ssl_certificate_verification"},
    {"ssl_certificate_authorities", "cacert"},
    {"ssl_keystore_path", "keystore"},
    {"ssl_keystore_password", "keystore_password"},
    {"ssl_truststore_path", "truststore"},
    {"ssl_truststore_password", "truststore_password"},
};

uint32_t seconds(Setup& setup, std::string_view option, double least = 0) {
  const double value = setup.options.number(option);
  if (!(value >= least) || value > 1e6) {
    setup.error(option, "E0306", "`" + std::string(option) + "` is not a usable number of seconds");
    return 1000;
  }
  return static_cast<uint32_t>(std::lround(value * 1000));
}

std::string absolute(const std::string& path) {
  return path.empty() || path.front() == '/' ? path : "/" + path;
}

// nullopt: not said.
std::optional<bool> tls_wanted(Setup& setup) {
  const auto option = tls::either(setup, "ssl_enabled", "ssl");
  if (!setup.options.given(option)) return std::nullopt;
  return setup.options.boolean(option);
}

// One variable can only hold one text: several hosts in it are separated by blanks or commas.
std::vector<std::string> single_hosts(const std::vector<std::string>& written) {
  std::vector<std::string> all;
  for (const std::string_view text : written)
    for (size_t at = 0; (at = text.find_first_not_of(" ,\n\t", at)) != std::string_view::npos;) {
      const size_t end = std::min(text.find_first_of(" ,\n\t", at), text.size());
      all.emplace_back(text.substr(at, end - at));
      at = end;
    }
  return all;
}

bool any_tls(const ConnectionSettings& out) {
  return std::any_of(out.hosts.begin(), out.hosts.end(),
                     [](const Url& url) { return url.scheme == "https"; });
}

void read_tls(Setup& setup, ConnectionSettings& out) {
  tls::read_client(setup, out.client, out.stores, kFormerNames);
  tls::read_fingerprint(setup, out.client);
  const auto& client = out.client;
  const bool given =
      !client.certificate_authorities.empty() || !client.certificate.empty() || !out.stores.empty();
  if (given && !any_tls(out) && !out.embedded)
    setup.warning("hosts", "W0308", "Certificates are named, but no host is reached over TLS",
                  "Write https:// in `hosts`, or add ssl_enabled => true.");
}

void read_http(Setup& setup, ConnectionSettings& out) {
  const auto& options = setup.options;
  for (const auto& [name, value] : options.hash("custom_headers")) out.headers.emplace_back(name, value.text);
  for (const auto& [name, value] : options.hash("parameters")) {
    if (!out.query.empty()) out.query += '&';
    out.query += url_encode(name) + "=" + url_encode(value.text);
  }
  out.bulk_path = absolute(options.string("bulk_path"));
  out.healthcheck_path = absolute(options.string("healthcheck_path"));
  out.sniffing_path = absolute(options.string("sniffing_path"));
  out.sniffing = options.boolean("sniffing");
  out.sniffing_delay_millis = seconds(setup, "sniffing_delay", 0.1);
  out.resurrect_delay_millis = seconds(setup, "resurrect_delay", 0.01);
  out.timeout_millis = seconds(setup, "timeout", 0.01);
  out.retry_initial_millis = seconds(setup, "retry_initial_interval", 0);
  out.retry_max_millis = std::max(seconds(setup, "retry_max_interval", 0), out.retry_initial_millis);
  out.client.max_connections = static_cast<size_t>(std::max<int64_t>(1, options.integer("pool_max")));
  out.client.max_connections_per_host =
      static_cast<size_t>(std::max<int64_t>(1, options.integer("pool_max_per_route")));
  out.client.proxy = options.string("proxy");
  const auto level = options.integer("compression_level", 1);
  if (level < 0 || level > 9)
    setup.error("compression_level", "E0306", "`compression_level` is a number from 0 (off) to 9");
  out.compression_level = static_cast<int>(level);
  if (options.given("http_compression")) {
    if (options.given("compression_level"))
      setup.error("http_compression", "E0307",
                  "`http_compression` is the former name of `compression_level`: use one",
                  "Remove `http_compression`.");
    out.compression_level = options.boolean("http_compression") ? 1 : 0;
  }
}

}  // namespace

void read_hosts(Setup& setup, ConnectionSettings& out, uint16_t https_port) {
  const auto& options = setup.options;
  const auto wanted = tls_wanted(setup);
  const auto cloud_id = options.maybe_string("cloud_id");
  if (cloud_id && !cloud_id->empty()) {
    if (options.given("hosts"))
      setup.error("hosts", "E0307", "`hosts` and `cloud_id` exclude one another", "Remove one of them.");
    auto url = parse_cloud_id(*cloud_id);
    if (!url.ok())
      setup.error("cloud_id", "E0306", "`cloud_id` cannot be read: " + url.message(),
                  "Copy it from the console of the deployment.");
    else
      out.hosts.push_back(std::move(url).value());
    if (wanted == false)
      setup.error("cloud_id", "E0307", "A cloud deployment is reached over TLS only",
                  "Remove the option that turns TLS off.");
    return;
  }
  const std::string path = options.knows("path") ? absolute(options.string("path")) : std::string();
  for (const auto& text : single_hosts(options.strings("hosts"))) {
    if (text == "embedded") {
      Url own;
      own.host = text;
      out.hosts.push_back(std::move(own));
      out.embedded = true;
      continue;
    }
    auto parsed = parse_url(text);
    if (!parsed.ok()) {
      setup.error("hosts", "E0306", "The host `" + text + "` cannot be read: " + parsed.message(),
                  "Write it as http://name:9200.");
      continue;
    }
    Url url = std::move(parsed).value();
    if (!url.scheme.empty() && wanted && *wanted != (url.scheme == "https")) {
      setup.error("hosts", "E0307",
                  "The host `" + url.scheme + "://" + url.host + "` and `ssl_enabled` contradict one another",
                  "Write the scheme that is meant, or leave it away.");
    }
    if (url.port == 0) url.port = url.scheme == "https" ? https_port : 9200;
    if (url.scheme.empty()) url.scheme = wanted.value_or(false) ? "https" : "http";
    if (!path.empty() && path != "/") {
      if (!url.path.empty() && url.path != path)
        setup.error("path", "E0307", "`path` and the path of the host `" + text + "` contradict one another");
      url.path = path.back() == '/' ? path.substr(0, path.size() - 1) : path;
    }
    out.hosts.push_back(std::move(url));
  }
  if (out.hosts.empty() && !setup.diagnostics.has_errors())
    setup.error("hosts", "E0306", "`hosts` is empty", "Name at least one host.");
}

void read_login(Setup& setup, ConnectionSettings& out) {
  const auto& options = setup.options;
  const std::string user = options.string("user"), key = options.string("api_key"),
                    cloud = options.string("cloud_auth");
  std::vector<std::string_view> ways;
  if (!user.empty()) ways.push_back("user");
  if (!key.empty()) ways.push_back("api_key");
  if (!cloud.empty()) ways.push_back("cloud_auth");
  if (ways.size() > 1)
    setup.error(ways[1], "E0307", "Only one of `user`/`password`, `api_key` and `cloud_auth` can be used",
                "Remove the others.");
  if (!user.empty()) {
    out.password = options.string("password");
    if (out.password.empty()) {
      setup.warning("user", "W0308", "`user` without `password`: requests are sent without credentials",
                    "Add password => \"${...}\".");
    } else {
      out.user = user;
      out.credential = "user and password";
    }
  } else if (!cloud.empty()) {
    const size_t colon = cloud.find(':');
    if (colon == std::string::npos || colon == 0)
      setup.error("cloud_auth", "E0306", "`cloud_auth` is not of the form user:password");
    else {
      out.user = cloud.substr(0, colon);
      out.password = cloud.substr(colon + 1);
    }
    out.credential = "cloud_auth";
  } else if (!key.empty()) {
    if (!any_tls(out) && !out.embedded)
      setup.error("api_key", "E0308", "`api_key` is sent over TLS only",
                  "Add ssl_enabled => true, or write https:// in `hosts`.");
    // "id:key", or what the console also offers: the same already encoded.
    const bool encoded = key.find(':') == std::string::npos;
    out.headers.emplace_back("Authorization", "ApiKey " + (encoded ? key : base64_encode(key)));
    out.credential = "api_key";
  } else {
    for (const auto& url : out.hosts)
      if (!url.user.empty()) out.credential = "the user and password in hosts";
  }
}

void read_connection(Setup& setup, ConnectionSettings& out) {
  read_hosts(setup, out, 9200);
  read_login(setup, out);
  read_tls(setup, out);
  read_http(setup, out);
}

Settings read_settings(Setup& setup) {
  Settings out;
  read_connection(setup, out.connection);
  read_document(setup, out.document, out.install);
  return out;
}

}  // namespace sluice::elastic
