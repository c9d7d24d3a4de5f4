#include "plugins/elastic/pool.hpp"

#include <algorithm>

#include "event/json_read.hpp"
#include "plugins/elastic/response.hpp"

namespace sluice::elastic {
namespace {

using Response = net::HttpClientResponse;

constexpr size_t kMostPerHost = 16;
constexpr double kLong = 2000;  // milliseconds of an answer: likewise
constexpr double kSlow = 3.0;   // times the usual answer: no growth beyond that

// "10.0.0.1:9200" or "name/10.0.0.1:9200"
std::string_view address_of(std::string_view published) {
  const size_t slash = published.rfind('/');
  return slash == std::string_view::npos ? published : published.substr(slash + 1);
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

Pool::Pool(net::Loop& loop, const ConnectionSettings& settings, std::unique_ptr<net::HttpClient> client,
           LogLimit& log, std::function<void()> on_alive)
    : loop_(loop),
      settings_(settings),
      client_(std::move(client)),
      log_(log),
      on_alive_(std::move(on_alive)),
      check_timer_(loop),
      sniff_timer_(loop),
      random_(std::random_device{}()),
      most_per_host_(std::clamp<size_t>(
          std::min(settings.client.max_connections_per_host, settings.client.max_connections), 1,
          kMostPerHost)) {}

Pool::~Pool() = default;

void Pool::start(const std::string& embedded_url) {
  for (const auto& url : settings_.hosts) {
    auto host = std::make_shared<Host>();
    host->own = settings_.embedded && url.host == "embedded" && url.scheme.empty();
    host->base = host->own ? embedded_url : url.text();
    host->user = url.user;
    host->password = url.password;
    hosts_.push_back(std::move(host));
  }
  const auto check_all = [this] {
    for (const auto& host : hosts_)
      if (!host->alive && !host->checking) check(host);
  };
  check_all();
  check_timer_.start(settings_.resurrect_delay_millis, check_all, settings_.resurrect_delay_millis);
  if (settings_.sniffing)
    sniff_timer_.start(
        settings_.sniffing_delay_millis, [this] { sniff(); }, settings_.sniffing_delay_millis);
}

HostPtr Pool::choose_for_bulk() {
  HostPtr best;
  size_t equals = 0;
  for (const auto& host : hosts_) {
    if (!host->alive || host->gone || host->in_flight + 1 > host->limit) continue;
    if (!best || host->in_flight < best->in_flight) {
      best = host;
      equals = 1;
    } else if (host->in_flight == best->in_flight && random_() % ++equals == 0) {
      best = host;
    }
  }
  return best;
}

HostPtr Pool::choose_any() {
  HostPtr best;
  for (const auto& host : hosts_)
    if (host->alive && !host->gone && (!best || host->in_flight < best->in_flight)) best = host;
  return best;
}

bool Pool::any_alive() const {
  return std::any_of(hosts_.begin(), hosts_.end(),
                     [](const HostPtr& host) { return host->alive && !host->gone; });
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
  request.connect_timeout_millis = std::min<uint32_t>(settings_.timeout_millis, 10'000);
  client_->request(std::move(request), std::move(on_done));
}

void Pool::check(const HostPtr& host) {
  host->checking = true;
  const bool given = !settings_.healthcheck_path.empty();
  send(
      host, "HEAD", given ? settings_.healthcheck_path : "/", {}, {},
      [this, host](const Response& response) { checked(host, response); }, given);
}

// Any answer shows that the host is there, also the 400 or 404 of a server without that page. A gateway that
// says 502 to 504 has nobody behind it; a 401 would meet every request.
void Pool::checked(const HostPtr& host, const Response& response) {
  if (response.error == Response::Error::cancelled) return;
  host->checking = false;
  if (response.answered() && response.status == 401) {
    log_.write(
        log::Level::error, "401 " + host->base,
        settings_.credential.empty()
            ? "Elasticsearch wants credentials and none are set: add `user` and `password`, or `api_key`"
            : "Elasticsearch refuses the credentials: check " + settings_.credential,
        {{"url", host->base}, {"status", response.status}});
    return;
  }
  if (!response.answered() || (response.status >= 502 && response.status <= 504)) {
    dead(host, response);
    return;
  }
  if (host->alive) return;
  host->alive = true;
  log::info("logstash.outputs.elasticsearch", "Elasticsearch can be reached", {{"url", host->base}});
  on_alive_();
}

void Pool::dead(const HostPtr& host, const Response& response) {
  host->alive = false;
  log_.write(
      log::Level::warn, "dead " + host->base,
      "Elasticsearch cannot be reached; events wait and will be sent when it can",
      {{"url", host->base},
       {"reason", response.answered() ? "HTTP " + std::to_string(response.status) : response.error_text},
       {"next_check_in_ms", settings_.resurrect_delay_millis}});
}

void Pool::went_well(Host& host, uint64_t millis) {
  const auto now = static_cast<double>(millis);
  const bool quick = now < kLong && (host.usual_millis == 0 || now < kSlow * host.usual_millis + 5);
  host.usual_millis = host.usual_millis == 0 ? now : 0.95 * host.usual_millis + 0.05 * now;
  const bool saturated = host.in_flight + 1 >= host.limit;
  if (quick && saturated && host.limit < static_cast<double>(most_per_host_)) host.limit += 1 / host.limit;
  if (now > settings_.timeout_millis / 3.0) too_much(host);
}

void Pool::too_much(Host& host) {
  const uint64_t now = loop_.now_millis();
  if (now - host.halved_at < 1000) return;  // the other requests of the same moment say the same
  host.halved_at = now;
  host.limit = std::max(1.0, host.limit / 2);
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
    auto host = std::make_shared<Host>();
    host->base = base;
    hosts_.push_back(host);
    log::info("logstash.outputs.elasticsearch", "A node of the cluster was found", {{"url", base}});
    check(host);
  }
}

}  // namespace sluice::elastic
