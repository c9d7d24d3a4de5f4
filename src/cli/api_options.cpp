#include "cli/api_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/log.hpp"
#include "net/address_list.hpp"
#include "plugins/tls/client.hpp"

namespace sluice::cli {
namespace {

constexpr std::string_view kLogger = "logstash.agent";
constexpr size_t kShortestKey = 16;  // characters that nobody has to remember

// What the password lacks by the policy, as sentences; empty when it will do.
std::string weaknesses(const settings::Settings& settings, std::string_view password) {
  std::string found;
  const auto miss = [&](const std::string& what) { found += (found.empty() ? "" : ", ") + what; };
  constexpr std::string_view kPolicy = "api.auth.basic.password_policy.";
  const auto least = settings.number(std::string(kPolicy) + "length.minimum");
  if (static_cast<int64_t>(password.size()) < least) miss(fmt::format("at least {} characters", least));
  const auto demand = [&](std::string_view name, std::string_view what, auto is) {
    if (settings.text(std::string(kPolicy) + "include." + std::string(name)) != "REQUIRED") return;
    if (std::none_of(password.begin(), password.end(), is)) miss(std::string(what));
  };
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  demand("upper", "an upper case letter", upper);
  demand("lower", "a lower case letter", lower);
  demand("digit", "a digit", digit);
  demand("symbol", "a character that is no letter and no digit",
         [&](char c) { return !upper(c) && !lower(c) && !digit(c); });
  return found;
}

Status read_api_keys(const settings::Settings& settings, monitor::ApiOptions& options) {
  const auto type = settings.text("api.auth.type");
  std::istringstream lines(settings.text("api.auth.api_key.keys"));
  for (std::string key; std::getline(lines, key);) {
    const auto colon = key.find(':');
    if (colon == 0 || colon == std::string::npos || key.size() - colon - 1 < kShortestKey)
      return Status::config(fmt::format(
          "api.auth.api_key.keys: its key number {} is not ID:KEY with a KEY of at least {} characters, such "
          "as what `openssl rand -hex 16` prints",
          options.api_keys.size() + 1, kShortestKey));
    options.api_keys.push_back(key);
  }
  if (type == "api_key" && options.api_keys.empty())
    return Status::config(
        "api.auth.type is api_key, and api.auth.api_key.keys is not set: set it, best as ${KEY} from the "
        "keystore");
  if (type == "none" && !options.api_keys.empty()) {
    log::warn(kLogger, "api.auth.api_key.keys has no effect without api.auth.type: api_key or basic");
    options.api_keys.clear();
  }
  return {};
}

Status read_password(const settings::Settings& settings, monitor::ApiOptions& options) {
  const auto user = settings.text("api.auth.basic.username");
  const auto password = settings.text("api.auth.basic.password");
  if (settings.text("api.auth.type") != "basic") {
    if (!user.empty() || !password.empty())
      log::warn(kLogger,
                "api.auth.basic.username and api.auth.basic.password have no effect without api.auth.type: "
                "basic");
    return {};
  }
  for (const auto* name : {"api.auth.basic.username", "api.auth.basic.password"})
    if (settings.text(name).empty())
      return Status::config(fmt::format(
          "api.auth.type is basic, and {0} is not set: set it, best as ${{KEY}} from the keystore", name));
  options.user = user;
  options.password = password;
  const auto lacking = weaknesses(settings, password);
  if (lacking.empty()) return {};
  const auto text = fmt::format("api.auth.basic.password is weak: it lacks {}", lacking);
  if (settings.text("api.auth.basic.password_policy.mode") == "ERROR")
    return Status::config(text + " (api.auth.basic.password_policy.* says what is asked for)");
  log::warn(kLogger, text);
  return {};
}

Status read_tls(const settings::Settings& settings, monitor::ApiOptions& options) {
  constexpr const char* kNames[] = {"api.ssl.keystore.path", "api.ssl.keystore.password",
                                    "api.ssl.supported_protocols", "api.ssl.certificate", "api.ssl.key"};
  if (!settings.boolean("api.ssl.enabled")) {
    for (const auto* name : kNames)
      if (settings.given(name))
        log::warn(kLogger, fmt::format("{} has no effect without api.ssl.enabled: true", name));
    return {};
  }
  net::TlsConfig tls;
  tls.certificate = settings.text("api.ssl.certificate");
  tls.key = settings.text("api.ssl.key");
  const auto path = settings.text("api.ssl.keystore.path");
  if (!path.empty()) {
    if (!tls.certificate.empty() || !tls.key.empty())
      return Status::config("api.ssl.keystore.path and api.ssl.certificate exclude one another");
    net::HttpClientOptions opened;
    tls::KeyStores stores;
    stores.keystore_path = path;
    stores.keystore_password = settings.text("api.ssl.keystore.password");
    stores.keystore_option = "api.ssl.keystore.path";
    if (auto status = tls::open_key_stores(stores, opened); !status.ok()) return status;
    tls.certificate = opened.certificate;
    tls.key = opened.key;
  }
  if (tls.certificate.empty() || tls.key.empty())
    return Status::config(
        "api.ssl.enabled needs a certificate and its key: api.ssl.certificate and api.ssl.key (PEM files), "
        "or "
        "api.ssl.keystore.path and api.ssl.keystore.password (a PKCS#12 file)");
  std::istringstream lines(settings.text("api.ssl.supported_protocols"));
  for (std::string line; std::getline(lines, line);) tls.protocols.push_back(line);
  auto context = net::TlsContext::build(tls, net::TlsRole::server);
  if (!context.ok()) return Status::config("api.ssl: " + context.message());
  options.tls = std::move(context).value();
  return {};
}

}  // namespace

bool stays_here(const std::string& host) {
  const auto address = net::Endpoint::parse(host, 0);
  return address.ok() && net::AddressList::loopback().contains(*address);
}

Result<monitor::ApiOptions> api_options(const settings::Settings& settings) {
  monitor::ApiOptions options;
  options.host = settings.text("api.http.host");
  options.ports = settings.text("api.http.port");
  if (auto status = read_password(settings, options); !status.ok()) return status;
  if (auto status = read_api_keys(settings, options); !status.ok()) return status;
  if (auto status = read_tls(settings, options); !status.ok()) return status;
  if (!options.user.empty() || !options.api_keys.empty() || stays_here(options.host)) return options;
  if (!settings.boolean("api.allow_unauthenticated"))
    return Status::config(fmt::format(
        "api.http.host is {}, so that other machines can reach the monitoring API, and nobody is asked for a "
        "password. Set api.auth.type: basic with api.auth.basic.username and api.auth.basic.password, or "
        "api.auth.type: "
        "api_key with api.auth.api_key.keys, or keep the API on 127.0.0.1, or set api.allow_unauthenticated: "
        "true if the network keeps others out.",
        options.host));
  log::warn(kLogger, "The monitoring API answers other machines without asking for a password",
            {{"api.http.host", options.host}, {"api.allow_unauthenticated", true}});
  return options;
}

}  // namespace sluice::cli
