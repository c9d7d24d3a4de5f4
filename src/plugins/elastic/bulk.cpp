#include "plugins/elastic/bulk.hpp"

#include <algorithm>

#include "net/compress.hpp"

namespace sluice::elastic {
namespace {

constexpr size_t kPartialInFlight = 2;  // requests under way that a body which is not full does not join
constexpr size_t kSmallToCompress = size_t{64} << 10;
constexpr std::string_view kLogger = "logstash.outputs.elasticsearch";
// Of all that a bulk answer can hold, the verdicts are enough.
constexpr std::string_view kFilter = "?filter_path=errors,items.*.error,items.*.status";

void abandon(const Body& body) {
  for (const auto& batch : body.batches) batch->abandon();
}

}  // namespace

BulkMetrics::BulkMetrics(plugin::PluginMetrics& metrics)
    : all(metrics),
      successes(metrics.counter("bulk_requests.successes")),
      with_errors(metrics.counter("bulk_requests.with_errors")),
      failures(metrics.counter("bulk_requests.failures")),
      delivered(metrics.counter("documents.successes")),
      retryable(metrics.counter("documents.retryable_failures")),
      refused(metrics.counter("documents.non_retryable_failures")),
      dead_letters(metrics.counter("documents.dlq_routed")),
      conflicts(metrics.counter("documents.version_conflicts")),
      renamed(metrics.counter("documents.index_renamed")) {}

Bulk::Bulk(const Settings& settings, BulkLimits limits)
    : settings_(settings), limits_(limits), body_bytes_(limits.body_bytes) {}

Bulk::~Bulk() { stop(); }

Status Bulk::start(plugin::Start& start) {
  refuser_ = &start.refuser;
  loop_ = &start.engine.output_loop();
  id_ = start.id;
  metrics_ = std::make_unique<BulkMetrics>(start.metrics);
  const auto& connection = settings_.connection;
  const std::string embedded = start.engine.environment().embedded_index;
  if (connection.embedded && embedded.empty())
    return Status::config(
        "hosts => \"embedded\" means the engine's own index, which is not running: enable it, or name a "
        "cluster in `hosts`");
  auto options = connection.client;
  if (auto status = tls::open_key_stores(connection.stores, options); !status.ok()) return status;
  return loop_->call([&] { return start_on_loop(std::move(options), embedded); });
}

Status Bulk::start_on_loop(net::HttpClientOptions options, const std::string& embedded) {
  auto client = net::HttpClient::create(*loop_, std::move(options));
  if (!client.ok()) return client.status();
  linger_timer_ = std::make_unique<net::Timer>(*loop_);
  delay_timer_ = std::make_unique<net::Timer>(*loop_);
  pool_ = std::make_unique<Pool>(*loop_, settings_.connection, limits_.body_bytes, std::move(client).value(),
                                 log_, metrics_->all, [this] {
                                   bootstrap_->go();
                                   pump();
                                 });
  bootstrap_ = std::make_unique<Bootstrap>(*loop_, *pool_, settings_, log_,
                                           [this](Target t) { target_known(std::move(t)); });
  pool_->start(embedded);
  return {};
}

bool Bulk::defer(std::span<Event* const> events, const BatchRef& batch) {
  std::scoped_lock lock(mutex_);
  if (target()) return false;
  if (stopped_)
    batch->abandon();
  else
    deferred_.push_back({{events.begin(), events.end()}, batch});
  return true;
}

void Bulk::target_known(Target target) {
  known_target_ = std::make_unique<const Target>(std::move(target));
  {
    std::scoped_lock lock(mutex_);
    target_.store(known_target_.get(), std::memory_order_release);
  }
  encode_deferred();
  pump();
}

// Events that came before anybody knew what the cluster is.
void Bulk::encode_deferred() {
  std::vector<Deferred> waiting;
  {
    std::scoped_lock lock(mutex_);
    waiting.swap(deferred_);
  }
  DocumentWriter writer(settings_.document, *known_target_, &metrics_->renamed);
  BodyPtr body;
  for (auto& deferred : waiting) {
    for (auto* event : deferred.events) {
      if (!body) body = bodies_.take();
      const auto begin = static_cast<uint32_t>(body->size());
      if (!writer.write(*event, body->bytes)) {
        refuse(*event, writer.problem(), !writer.index_problem() || settings_.document.dlq_on_failed_index);
        continue;
      }
      body->items.push_back({event, begin});
      body->hold(deferred.batch);
      if (body->size() >= body_bytes()) ready_.push_back(std::move(body));
    }
    deferred.batch.reset();
  }
  if (body && !body->empty()) ready_.push_back(std::move(body));
}

std::shared_ptr<Gatherer> Bulk::gatherer() {
  auto made = std::make_shared<Gatherer>();
  std::scoped_lock lock(mutex_);
  gatherers_.push_back(made);
  return made;
}

void Bulk::compress(Body& body) const {
  const int level = settings_.connection.compression_level;
  if (level > 0 && body.compressed.empty())
    net::compress(net::Compression::gzip, body.bytes.view(), level, body.compressed);
}

void Bulk::hand_over(BodyPtr body) {
  bool post = false;
  {
    std::scoped_lock lock(mutex_);
    if (stopped_) return abandon(*body);
    incoming_.push_back(std::move(body));
    active_.fetch_add(1);  // until pump() counts anew: workers gather meanwhile
    post = !std::exchange(pump_posted_, true);
  }
  if (post)
    loop_->post([this, alive = alive_] {
      if (*alive) pump();
    });
}

// Loop thread: sends as much as hosts may have.
void Bulk::pump() {
  {
    std::scoped_lock lock(mutex_);
    pump_posted_ = false;
    for (auto& body : incoming_) ready_.push_back(std::move(body));
    incoming_.clear();
  }
  while (target() && !ready_.empty()) {
    const auto host = pool_->choose_for_bulk();
    if (!host) break;
    BodyPtr body = std::move(ready_.front());
    ready_.pop_front();
    merge_small(*body);
    send(host, std::move(body));
  }
  update_active();
  const bool left = active_.load() == 0 ? collect(true) : true;
  if (left && !linger_timer_->active())
    linger_timer_->start(
        limits_.linger_millis, [this] { tick(); }, limits_.linger_millis);
}

void Bulk::update_active() {
  std::scoped_lock lock(mutex_);
  active_.store(in_flight_.size() + ready_.size() + incoming_.size());
}

// Small bodies that piled up while no host would take one go out together.
void Bulk::merge_small(Body& body) {
  while (!ready_.empty() && body.attempts == 0 && body.compressed.empty() && !body.malformed) {
    const Body& next = *ready_.front();
    if (next.attempts != 0 || !next.compressed.empty() || next.malformed ||
        body.size() + next.size() > body_bytes())
      return;
    const auto shift = static_cast<uint32_t>(body.size());
    for (const auto& item : next.items) body.items.push_back({item.event, item.begin + shift});
    body.bytes.append(next.bytes.view());
    for (const auto& batch : next.batches) body.hold(batch);
    bodies_.give(std::move(ready_.front()));
    ready_.pop_front();
  }
}

// Takes what lies in the workers' open bodies. A worker that is writing right now looks for itself when it is
// done, and what takes long to compress is left to its worker for once: this thread has all sockets to serve.
// True when something was left.
bool Bulk::collect(bool all) {
  const uint64_t now = loop_->now_millis();
  bool any = false, left = false;
  std::vector<std::shared_ptr<Gatherer>> gatherers;
  {
    std::scoped_lock lock(mutex_);
    gatherers = gatherers_;
  }
  for (const auto& gatherer : gatherers) {
    std::unique_lock lock(gatherer->mutex, std::try_to_lock);
    if (!lock || !gatherer->body || gatherer->body->empty()) continue;
    Body& body = *gatherer->body;
    if (body.since_millis == 0) body.since_millis = now;
    const bool old = now - body.since_millis >= limits_.longest_linger_millis;
    if (!all && !old && in_flight_.size() + ready_.size() >= kPartialInFlight) continue;
    const bool costly = settings_.connection.compression_level > 0 && body.size() > kSmallToCompress;
    if (costly && !draining_.load() && !std::exchange(body.wanted, true)) {
      left = true;
      continue;
    }
    ready_.push_back(std::move(gatherer->body));
    any = true;
  }
  if (any) pump();
  return left;
}

void Bulk::tick() {
  const bool idle = active_.load() == 0;
  const bool left = collect(draining_.load() || idle);
  if (idle && !left && active_.load() == 0) linger_timer_->stop();
}

void Bulk::send(const HostPtr& host, BodyPtr body) {
  compress(*body);
  net::HttpHeaders headers{{"Content-Type", "application/json"},
                           {"X-Elastic-Event-Count", std::to_string(body->items.size())},
                           {"X-Elastic-Uncompressed-Request-Length", std::to_string(body->size())}};
  const bool packed = !body->compressed.empty();
  if (packed) headers.emplace_back("Content-Encoding", "gzip");
  std::vector<net::Bytes> content;
  content.push_back(net::Bytes::unowned(packed ? body->compressed.view() : body->bytes.view()));
  const Body* sent = body.get();
  in_flight_.push_back(std::move(body));
  const uint32_t round = host->pace.begin();
  pool_->publish(*host);
  const auto& own_path = settings_.connection.bulk_path;
  pool_->send(
      host, "POST", (own_path.empty() ? "/_bulk" : own_path) + std::string(kFilter), std::move(content),
      std::move(headers),
      [this, alive = alive_, host, round, sent](const Response& response) {
        if (!*alive || response.error == Response::Error::cancelled) return;  // stop() has settled it
        answered(host, round, take_in_flight(sent), response);
      },
      !own_path.empty());
}

BodyPtr Bulk::take_in_flight(const Body* body) {
  const auto place = std::find_if(in_flight_.begin(), in_flight_.end(),
                                  [body](const BodyPtr& one) { return one.get() == body; });
  BodyPtr taken = std::move(*place);
  in_flight_.erase(place);
  return taken;
}

void Bulk::flush() {
  draining_.store(true);
  if (!loop_) return;
  loop_->post([this, alive = alive_] {
    if (!*alive) return;
    collect(true);
    pump();
  });
}

void Bulk::stop() {
  if (!loop_ || stopped_.exchange(true)) return;
  loop_->call([this] {
    *alive_ = false;
    abandon_all();
    bootstrap_.reset();
    pool_.reset();
    linger_timer_.reset();
    delay_timer_.reset();
  });
}

void Bulk::abandon_all() {
  std::vector<BodyPtr> bodies;
  std::vector<Deferred> deferred;
  std::vector<std::shared_ptr<Gatherer>> gatherers;
  {
    std::scoped_lock lock(mutex_);
    bodies.swap(incoming_);
    deferred.swap(deferred_);
    gatherers.swap(gatherers_);
  }
  for (auto& body : ready_) bodies.push_back(std::move(body));
  for (auto& [due, body] : delayed_) bodies.push_back(std::move(body));
  ready_.clear();
  delayed_.clear();
  for (const auto& gatherer : gatherers) {
    std::scoped_lock lock(gatherer->mutex);
    if (gatherer->body) bodies.push_back(std::move(gatherer->body));
  }
  size_t events = 0;
  for (const auto& body : bodies) {
    events += body->items.size();
    abandon(*body);
  }
  // What is on its way is still read by the client: its bytes stay, its batches go.
  for (const auto& body : in_flight_) {
    abandon(*body);
    body->batches.clear();
  }
  for (const auto& one : deferred) {
    events += one.events.size();
    one.batch->abandon();
  }
  if (events != 0 || !in_flight_.empty())
    log::warn(kLogger, "Stopped before everything was delivered; the sources keep what was not",
              {{"waiting_events", events}, {"requests_under_way", in_flight_.size()}});
}

}  // namespace sluice::elastic
