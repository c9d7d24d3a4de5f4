// The options that every plugin has that is a general HTTP client, as Logstash's http_client mixin has them.
#pragma once

#include <string>

#include "net/http_client.hpp"
#include "plugin/option.hpp"
#include "plugin/setup.hpp"
#include "plugins/lookup/exchange.hpp"
#include "plugins/tls/client.hpp"

namespace sluice::lookup {

inline constexpr plugin::Option kHttpOptions[] = {
    {"user", plugin::Type::string, {}, "The user's name, for basic authentication."},
    {"password", plugin::Type::password, {}, "The user's password."},
    {"proxy",
     plugin::Type::any,
     {},
     "An HTTP proxy: a URL, or a hash with url or host, port and scheme, and with user and password."},
    {"request_timeout", plugin::Type::number, "60", "Seconds that a whole request may take."},
    {"socket_timeout", plugin::Type::number, "10",
     "Seconds without a byte after which a request has failed."},
    {"connect_timeout", plugin::Type::number, "10", "Seconds that connecting may take."},
    {"follow_redirects", plugin::Type::boolean, "true",
     "Whether redirects are followed: five at most, and as a browser would."},
    {"automatic_retries", plugin::Type::number, "1",
     "How often a request is sent again whose connection broke before an answer."},
    {"retry_non_idempotent", plugin::Type::boolean, "false",
     "Whether that is also done with POST and PATCH."},
    {"keepalive", plugin::Type::boolean, "true", "Whether connections are kept for the next request."},
    {"validate_after_inactivity", plugin::Type::number, "200",
     "Kept connections are checked before every use, whatever this says."},
    {"pool_max", plugin::Type::number, "50", "Most requests at once."},
    {"pool_max_per_route", plugin::Type::number, "25", "Most requests to one host at once."},
    {"cookies", plugin::Type::boolean, "true", "Whether cookies are kept and sent again."},
    {"ssl_enabled", plugin::Type::boolean, "true",
     "Whether the options that begin with ssl_ are used; https is spoken without them, too."},
};

/// What they come to, and how a request looks before it has a URL.
struct HttpSettings {
  net::HttpClientOptions client;
  tls::KeyStores stores;
  Concurrency concurrency;
  net::HttpClientRequest request;  // timeouts, user and password
  bool follow_redirects = true;
  unsigned retries = 1;
  bool retry_non_idempotent = false;
};

/// Reads the rows above and those of tls::kClientOptions. Problems are reported at their option.
HttpSettings read_http(plugin::Setup& setup);

/// The option `proxy` as the client takes it.
std::string read_proxy(plugin::Setup& setup);

/// What Logstash's client does after an attempt: true when the call is to go out once more, its request
/// changed as a redirect wants.
bool once_more(const HttpSettings& settings, Call& call);

}  // namespace sluice::lookup
