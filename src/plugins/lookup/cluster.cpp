#include "plugins/lookup/cluster.hpp"

#include <algorithm>
#include <charconv>

#include "base/log.hpp"
#include "base/time.hpp"
#include "event/json_read.hpp"
#include "plugins/elastic/response.hpp"

namespace sluice::lookup {
namespace {

constexpr plugin::Circuit::Settings kCircuit{
    .failures = 1, .first_millis = 1000, .longest_millis = 60'000};  // a minute: Logstash's
constexpr Concurrency kConcurrency{1000, 100};                       // Logstash's
constexpr std::string_view kUnreachable = "Could not connect to a compatible version of Elasticsearch: ";

Status check_version(const std::string& greeting, std::pair<int, int> least) {
  Arena arena;
  Value root;
  std::pair<int, int> version{0, 0};
  std::string_view text = "(unknown)";
  if (least.first == 0) return {};
  if (JsonReader::local().read(greeting, arena, root))
    if (const Value* number = elastic::member(root, "version");
        number && (number = elastic::member(*number, "number")))
      if (number->is_string()) text = number->as_text();
  const auto [dot, error] = std::from_chars(text.data(), text.data() + text.size(), version.first);
  if (error == std::errc() && dot != text.data() + text.size())
    std::from_chars(dot + 1, text.data() + text.size(), version.second);
  if (version >= least) return {};
  return Status::error(Fault::output, "Elasticsearch " + std::string(text) +
                                          " does not know ES|QL: it takes " + std::to_string(least.first) +
                                          "." + std::to_string(least.second) + " or newer");
}

}  // namespace

Cluster::Cluster(const elastic::ConnectionSettings& connection, ClusterOptions options,
                 const std::string& embedded, plugin::PluginMetrics& metrics)
    : options_(std::move(options)), headers_(connection.headers) {
  for (const auto& url : connection.hosts) {
    const bool own = url.host == "embedded" && url.scheme.empty();
    auto host = std::make_unique<Host>(
        metrics.circuit(own ? url.host : url.host + ":" + std::to_string(url.port)), kCircuit);
    host->base = own ? embedded : url.text();
    host->user = own ? "" : url.user.empty() ? connection.user : url.user;
    host->password = own ? "" : url.user.empty() ? connection.password : url.password;
    hosts_.push_back(std::move(host));
  }
}

Result<std::unique_ptr<Cluster>> Cluster::connect(plugin::Start& start,
                                                  const elastic::ConnectionSettings& connection,
                                                  ClusterOptions options) {
  auto& engine = start.engine;
  const auto& embedded = engine.environment().embedded_index;
  if (connection.embedded && embedded.empty())
    return Status::config(
        "hosts => \"embedded\" means the engine's own index, which is not running: enable it, or name a "
        "cluster in "
        "`hosts`");
  auto client_options = connection.client;
  client_options.max_connections = kConcurrency.total;
  client_options.max_connections_per_host = kConcurrency.per_host;
  if (auto status = tls::open_key_stores(connection.stores, client_options); !status.ok()) return status;
  auto client = net::HttpClient::create(engine.output_loop(), std::move(client_options));
  if (!client.ok()) return client.status();
  std::unique_ptr<Cluster> cluster(new Cluster(connection, std::move(options), embedded, start.metrics));
  cluster->exchange_ = std::make_unique<Exchange>(std::move(client).value(), kConcurrency);
  if (auto status = cluster->greet(); !status.ok()) return status;
  return cluster;
}

net::HttpClientRequest Cluster::request() const {
  net::HttpClientRequest made;
  made.headers = headers_;
  made.silence_seconds = options_.silence_seconds;
  made.max_response_bytes = options_.largest_answer;
  return made;
}

// A cluster that is not there at the start is a mistake of the config, as Logstash sees it.
Status Cluster::greet() {
  Status problem;
  for (auto& host : hosts_) {
    Call call{request(), {}, 0};
    call.request.url = host->base + "/";
    call.request.user = host->user;
    call.request.password = host->password;
    exchange_->run({&call, 1}, {});
    const auto& response = call.response;
    if (response.answered() && response.status >= 200 && response.status <= 299) {
      if (response.body.find("\"serverless\"") != std::string::npos)
        headers_.emplace_back("Elastic-Api-Version", "2023-10-31");
      return check_version(response.body, options_.least_version);
    }
    problem = Status::error(Fault::output, std::string(kUnreachable) +
                                               (response.answered() ? host->base + " answers with status " +
                                                                          std::to_string(response.status)
                                                                    : response.error_text));
  }
  return problem;
}

size_t Cluster::next_host() {
  const int64_t now = steady_nanos();
  const size_t first = turn_.fetch_add(1, std::memory_order_relaxed);
  for (size_t i = 0; i < hosts_.size(); ++i) {
    const size_t at = (first + i) % hosts_.size();
    auto& circuit = hosts_[at]->circuit;
    if (circuit.closed() || circuit.begin_probe(now)) return at;
  }
  // An event that waits for its answer is better served by a host that may be back than by none.
  return first % hosts_.size();
}

size_t Cluster::aim(net::HttpClientRequest& request, const std::string& path) {
  const size_t at = next_host();
  request.url = hosts_[at]->base + path;
  request.user = hosts_[at]->user;
  request.password = hosts_[at]->password;
  return at;
}

void Cluster::note(Host& host, const net::HttpClientResponse& response) {
  if (response.error == net::HttpClientResponse::Error::cancelled) return;
  const bool news = response.answered() ? host.circuit.succeeded() : host.circuit.failed(steady_nanos());
  if (!news) return;
  log::write(response.answered() ? log::Level::info : log::Level::warn, "logstash.filters.elasticsearch",
             response.answered() ? "Elasticsearch answers again: the circuit is closed"
                                 : "Elasticsearch does not answer: the circuit is open, and others are asked",
             {{"url", host.base}, {"reason", response.error_text}});
}

void Cluster::search(std::vector<Search>& searches) {
  std::vector<Call> calls(searches.size());
  std::vector<size_t> asked(searches.size());
  for (size_t i = 0; i < searches.size(); ++i) {
    auto& to = calls[i].request = request();
    if (!searches[i].body.empty()) {
      to.method = "POST";
      to.body.emplace_back(searches[i].body);
      if (!net::find_header(to.headers, "content-type"))
        to.headers.emplace_back("content-type", "application/json");
    }
    asked[i] = aim(to, searches[i].path);
  }
  exchange_->run(calls, [&](Call& call) {
    const auto i = static_cast<size_t>(&call - calls.data());
    const auto& response = call.response;
    note(*hosts_[asked[i]], response);
    const auto& retried = options_.retry_status;
    const bool failed =
        !response.answered() || std::find(retried.begin(), retried.end(), response.status) != retried.end();
    if (!failed || call.attempts > options_.retries) return false;
    asked[i] = aim(call.request, searches[i].path);
    return true;
  });
  for (size_t i = 0; i < searches.size(); ++i) searches[i].response = std::move(calls[i].response);
}

}  // namespace sluice::lookup
