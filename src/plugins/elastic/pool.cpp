#include "plugins/elastic/pool.hpp"

#include <algorithm>

#include "base/time.hpp"
#include "event/json_read.hpp"
#include "plugins/elastic/response.hpp"

namespace sluice::elastic {
namespace {

using Response = net::HttpClientResponse;

constexpr size_t kMostPerHost = 16;
constexpr size_t kMostShown = 100;  // hosts in the monitoring API
constexpr uint64_t kSpareMillis = 1000;
constexpr size_t kMostAnswered = size_t{64} << 20;  // bytes; a thousandth of it is usual
constexpr unsigned kFailures = 3;    // in a row, until a host is left alone
constexpr uint32_t kFirstShare = 8;  // of resurrect_delay: the first wait

// "10.0.0.1:9200" or "name/10.0.0.1:9200"
std::string_view address_of(std::string_view published) {
  const size_t slash = published.rfind('/');
  return slash == std::string_view::npos ? published : published.substr(slash + 1);
}

// "http://es1.example:9200/path" -> "es1.example:9200"
std::string_view authority_of(std::string_view base) {
  const size_t slashes = base.find("//");
  if (slashes != std::string_view::npos) base.remove_prefix(slashes + 2);
  return base.substr(0, base.find('/'));
}

// "es1_example:9200": dots nest in the API.
std::string label_of(std::string_view base) {
  std::string label(authority_of(base));
  std::replace(label.begin(), label.end(), '.', '_');
  return label;
}

// Nodes that only elect masters take no documents.
bool takes_documents(const Value& node) {
  const Value* roles = member(node, "roles");
  if (!roles || !roles->is_array() || roles->as_array()->size == 0) return true;
  for (const auto& role : roles->as_array()->all())
    if (!role.is_string() || (role.as_text() != "master" && role.as_text() != "voting_only")) return true;
  return false;
}

}  // namespace

Pool::Pool(net::Loop& loop, const ConnectionSettings& settings, size_t most_bytes,
           std::unique_ptr<net::HttpClient> client, LogLimit& log, plugin::PluginMetrics& metrics,
           std::function<void()> on_alive)
    : loop_(loop),
      settings_(settings),
      client_(std::move(client)),
      log_(log),
      metrics_(metrics),
      on_alive_(std::move(on_alive)),
      check_timer_(loop),
      sniff_timer_(loop),
      random_(std::random_device{}()),
      bounds_{.most_requests = std::clamp<size_t>(
                  std::min(settings.client.max_connections_per_host, settings.client.max_connections), 1,
                  kMostPerHost),
              .most_bytes = most_bytes,
              .timeout_millis = settings.timeout_millis} {}

Pool::~Pool() = default;

HostPtr Pool::make_host(std::string base, bool own) {
  const uint64_t longest = settings_.resurrect_delay_millis;
  const plugin::Circuit::Settings circuit{.failures = kFailures,
                                          .first_millis = std::max<uint64_t>(longest / kFirstShare, 1),
                                          .longest_millis = longest,
                                          .untried = true};
  const bool shown = hosts_.size() < kMostShown;
  auto host = std::make_shared<Host>(
      bounds_, circuit,
      shown ? metrics_.circuit(own ? "embedded" : authority_of(base)) : unshown_circuits_.emplace_back());
  if (shown) {
    const std::string name = "hosts." + (own ? "embedded" : label_of(base)) + ".";
    host->metrics.emplace(HostMetrics{
        metrics_.counter(name + "requests_allowed"), metrics_.counter(name + "requests_under_way"),
        metrics_.counter(name + "request_bytes"), metrics_.counter(name + "usual_millis")});
  }
  host->base = std::move(base);
  host->own = own;
  publish(*host);
  return host;
}

void Pool::start(const std::string& embedded_url) {
  for (const auto& url : settings_.hosts) {
    const bool own = settings_.embedded && url.host == "embedded" && url.scheme.empty();
    auto host = make_host(own ? embedded_url : url.text(), own);
    host->user = url.user;
    host->password = url.password;
    hosts_.push_back(std::move(host));
  }
  for (const auto& host : hosts_) check(host);
  if (settings_.sniffing)
    sniff_timer_.start(
        settings_.sniffing_delay_millis, [this] { sniff(); }, settings_.sniffing_delay_millis);
}

HostPtr Pool::choose_for_bulk() {
  const auto load = [now = loop_.now_millis()](const Host& host) {
    return std::pair(host.spared_until > now, host.pace.under_way());
  };
  HostPtr best;
  size_t equals = 0;
  for (const auto& host : hosts_) {
    if (!may_ask(*host) || !host->pace.has_room()) continue;
    if (!best || load(*host) < load(*best)) {
      best = host;
      equals = 1;
    } else if (load(*host) == load(*best) && random_() % ++equals == 0) {
      best = host;
    }
  }
  return best;
}

HostPtr Pool::choose_any() {
  HostPtr best;
  for (const auto& host : hosts_)
    if (may_ask(*host) && (!best || host->pace.under_way() < best->pace.under_way())) best = host;
  return best;
}

bool Pool::any_alive() const {
  return std::any_of(hosts_.begin(), hosts_.end(), [](const HostPtr& host) { return may_ask(*host); });
}

bool Pool::may_ask(const Host& host) {
  if (host.gone) return false;
  return host.circuit.closed() || (host.trial && host.pace.under_way() == 0);
}

// Probes the hosts that have waited long enough, and comes back for the next.
void Pool::check_due() {
  const int64_t now = steady_nanos();
  std::optional<uint64_t> next;
  for (const auto& host : hosts_) {
    if (host->circuit.begin_probe(now)) {
      check(host);
    } else if (host->circuit.state() == plugin::CircuitState::open) {
      const uint64_t wait = host->circuit.wait_millis(now);
      next = std::min(next.value_or(wait), wait);
    }
  }
  if (next) check_timer_.start(std::max<uint64_t>(*next, 1), [this] { check_due(); });
}

void Pool::send(const HostPtr& host, std::string_view method, std::string_view path,
                std::vector<net::Bytes> body, net::HttpHeaders headers, std::function<void(Response)> on_done,
                bool whole_path) {
  net::HttpClientRequest request;
  request.method = method;
  request.url = host->base;
  if (whole_path)
    request.url.resize(request.url.find('/', request.url.find("//") + 2) == std::string::npos
                           ? request.url.size()
                           : request.url.find('/', request.url.find("//") + 2));
  request.url += path;
  if (!settings_.query.empty())
    request.url += (path.find('?') == std::string_view::npos ? "?" : "&") + settings_.query;
  request.headers = std::move(headers);
  if (!host->own) {
    request.headers.insert(request.headers.end(), settings_.headers.begin(), settings_.headers.end());
    request.user = host->user.empty() ? settings_.user : host->user;
    request.password = host->user.empty() ? settings_.password : host->password;
  }
  request.headers.insert(request.headers.end(), extra_.begin(), extra_.end());
  request.body = std::move(body);
  request.timeout_millis = settings_.timeout_millis;
  request.max_response_bytes = kMostAnswered;
  request.connect_timeout_millis = std::min<uint32_t>(settings_.timeout_millis, 10'000);
  client_->request(std::move(request), std::move(on_done));
}

void Pool::check(const HostPtr& host) {
  const bool given = !settings_.healthcheck_path.empty();
  send(
      host, "HEAD", given ? settings_.healthcheck_path : "/", {}, {},
      [this, host](const Response& response) { checked(host, response); }, given);
}

// Any answer shows that the host is there, also the 400 or 404 of a server without that page. A gateway that
// says 502 to 504 has nobody behind it; a 401 would meet every request.
void Pool::checked(const HostPtr& host, const Response& response) {
  if (response.error == Response::Error::cancelled) return;
  if (response.answered() && response.status == 401) {
    log_.write(
        log::Level::error, "401 " + host->base,
        settings_.credential.empty()
            ? "Elasticsearch wants credentials and none are set: add `user` and `password`, or `api_key`"
            : "Elasticsearch refuses the credentials: check " + settings_.credential,
        {{"url", host->base}, {"status", response.status}});
    host->circuit.failed(steady_nanos());
    return check_due();
  }
  if (!response.answered() || (response.status >= 502 && response.status <= 504))
    return failed(host, response);
  if (!host->erring) return worked(host);
  host->trial = true;  // who answered the last requests with errors has to show that it does better
  on_alive_();
}

void Pool::worked(const HostPtr& host) {
  host->trial = host->erring = false;
  if (!host->circuit.succeeded()) return;
  log::info("logstash.outputs.elasticsearch", "Elasticsearch can be reached: the circuit is closed",
            {{"url", host->base}});
  on_alive_();
}

void Pool::failed(const HostPtr& host, const Response& response) {
  host->trial = false;
  host->erring = response.answered();
  if (host->circuit.failed(steady_nanos()))
    log::warn(
        "logstash.outputs.elasticsearch",
        "Elasticsearch cannot be reached: the circuit is open, and events wait until it can",
        {{"url", host->base},
         {"reason", response.answered() ? "HTTP " + std::to_string(response.status) : response.error_text},
         {"longest_wait_for_a_probe_in_ms", settings_.resurrect_delay_millis}});
  check_due();
}

void Pool::spare(Host& host) const { host.spared_until = loop_.now_millis() + kSpareMillis; }

size_t Pool::body_bytes() const {
  const uint64_t now = loop_.now_millis();
  size_t least = bounds_.most_bytes, of_spared = bounds_.most_bytes;
  bool all_spared = true;
  for (const auto& host : hosts_) {
    if (!may_ask(*host)) continue;
    const bool spared = host->spared_until > now;
    auto& among = spared ? of_spared : least;
    among = std::min(among, host->pace.bytes());
    all_spared = all_spared && spared;
  }
  return all_spared ? of_spared : least;
}

void Pool::publish(const Host& host) {
  if (!host.metrics) return;
  host.metrics->requests.set(host.pace.requests());
  host.metrics->under_way.set(host.pace.under_way());
  host.metrics->bytes.set(host.pace.bytes());
  host.metrics->millis.set(static_cast<uint64_t>(host.pace.usual_millis() + 0.5));
}

void Pool::sniff() {
  const auto host = choose_any();
  if (!host || sniffing_now_) return;
  sniffing_now_ = true;
  const bool given = !settings_.sniffing_path.empty();
  send(
      host, "GET", given ? settings_.sniffing_path : "/_nodes/http", {}, {},
      [this](const Response& response) {
        if (response.error == Response::Error::cancelled) return;
        sniffing_now_ = false;
        if (response.answered() && response.status == 200) return sniffed(response);
        log_.write(log::Level::warn, "sniff", "The nodes of the cluster could not be listed",
                   {{"reason",
                     response.answered() ? "HTTP " + std::to_string(response.status) : response.error_text}});
      },
      given);
}

void Pool::sniffed(const Response& response) {
  Arena arena;
  Value root;
  if (!JsonReader::local().read(response.body, arena, root)) return;
  const Value* nodes = member(root, "nodes");
  if (!nodes || !nodes->is_object() || nodes->as_object()->size == 0) return;
  const std::string scheme = hosts_.front()->base.substr(0, hosts_.front()->base.find("//") + 2);
  std::vector<std::string> found;
  for (const auto& node : nodes->as_object()->all()) {
    const Value* http = member(node.value, "http");
    const Value* address = http ? member(*http, "publish_address") : nullptr;
    if (!address || !address->is_string() || !takes_documents(node.value)) continue;
    found.push_back(scheme + std::string(address_of(address->as_text())) + settings_.hosts.front().path);
  }
  if (found.empty()) return;
  for (const auto& host : hosts_) {
    if (host->own) continue;
    const bool listed = std::find(found.begin(), found.end(), host->base) != found.end();
    if (!listed && !host->gone)
      log::info("logstash.outputs.elasticsearch", "A node has left the cluster's list",
                {{"url", host->base}});
    host->gone = !listed;
  }
  for (const auto& base : found) {
    if (std::any_of(hosts_.begin(), hosts_.end(), [&](const HostPtr& h) { return h->base == base; }))
      continue;
    auto host = make_host(base, false);
    hosts_.push_back(host);
    log::info("logstash.outputs.elasticsearch", "A node of the cluster was found", {{"url", base}});
    check(host);
  }
}

}  // namespace sluice::elastic
