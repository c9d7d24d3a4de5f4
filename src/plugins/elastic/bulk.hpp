// The bulk engine of an elasticsearch output: gathers what the workers encode, sends it, and sees every item
// through.
//
//   worker: events -> lines in its own open body --(full, or nothing under way)--> ready
//   loop:   ready -> a host that may have one more -> answer -> delivered | dead letter | again later, those
//   items only
//
// A batch is held by every body that has an item of it, so that it settles with the last verdict.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "net/loop.hpp"
#include "plugin/output.hpp"
#include "plugins/elastic/body.hpp"
#include "plugins/elastic/bootstrap.hpp"
#include "plugins/elastic/document.hpp"
#include "plugins/elastic/pool.hpp"
#include "plugins/elastic/response.hpp"

namespace sluice::elastic {

/// How bodies are cut. The defaults are what measured best; tests make them small.
struct BulkLimits {
  size_t body_bytes = size_t{1} << 20;        // a body this big is sent on
  size_t most_body_bytes = size_t{20} << 20;  // no body of several events is bigger
  uint32_t linger_millis = 5;                 // a smaller body waits this long while others are under way
  uint32_t longest_linger_millis = 50;        // and this long when many are
};

/// What the output counts, under the names that Logstash's API has.
struct BulkMetrics {
  explicit BulkMetrics(plugin::PluginMetrics& metrics);
  plugin::PluginMetrics& all;
  plugin::Counter &successes, &with_errors, &failures;
  plugin::Counter &delivered, &retryable, &refused, &dead_letters, &conflicts, &renamed;
};

/// The open body of one worker. The loop only ever tries the lock.
struct Gatherer {
  std::mutex mutex;
  BodyPtr body;
};

/// One per output. Workers call target(), defer(), hand_over(), idle(), refuse(); all else is the main
/// thread's or the loop's.
class Bulk {
 public:
  Bulk(const Settings& settings, BulkLimits limits);
  ~Bulk();

  Status start(plugin::Start& start);
  void flush();
  void stop();

  /// What the cluster is; null as long as none has answered.
  [[nodiscard]] const Target* target() const { return target_.load(std::memory_order_acquire); }
  /// Keeps events until target() is known. False when it is by now: encode them.
  bool defer(std::span<Event* const> events, const BatchRef& batch);
  /// A body for sending; the worker has compressed it if that is wanted.
  void hand_over(BodyPtr body);
  /// Nothing is under way: do not wait for more.
  [[nodiscard]] bool idle() const { return active_.load() == 0 || draining_.load(std::memory_order_relaxed); }
  /// Gives up an event that can never be sent.
  void refuse(const Event& event, const std::string& reason, bool to_dead_letters);
  void compress(Body& body) const;
  /// Registers a worker's open body.
  std::shared_ptr<Gatherer> gatherer();
  [[nodiscard]] BodyPool& bodies() { return bodies_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] const BulkLimits& limits() const { return limits_; }
  /// How big a body may get before it is sent on: less while a host takes long over one, or refuses items.
  [[nodiscard]] size_t body_bytes() const { return body_bytes_.load(std::memory_order_relaxed); }
  [[nodiscard]] BulkMetrics& metrics() { return *metrics_; }

 private:
  using Response = net::HttpClientResponse;
  struct Deferred {
    std::vector<Event*> events;
    BatchRef batch;
  };

  Status start_on_loop(net::HttpClientOptions options, const std::string& embedded);
  void target_known(Target target);
  void encode_deferred();
  void pump();
  bool collect(bool all);
  void tick();
  void merge_small(Body& body);
  void send(const HostPtr& host, BodyPtr body);
  BodyPtr take_in_flight(const Body* body);
  void answered(const HostPtr& host, uint32_t round, BodyPtr body, const Response& response);
  void accepted(const HostPtr& host, uint32_t round, BodyPtr body, const Response& response);
  void judge(const HostPtr& host, uint32_t round, BodyPtr body, const Response& response);
  void dead_letter(const Body& body, size_t item, const ItemResult& result);
  void too_large(BodyPtr body, const Response& response);
  void malformed(BodyPtr body, const Response& response);
  void whole_failure(const HostPtr& host, uint32_t round, BodyPtr body, const Response& response);
  void split(BodyPtr body);
  void again_later(BodyPtr body, bool overloaded = false);
  void hurry_overloaded();
  void wake_delayed();
  void update_active();
  void abandon_all();

  const Settings& settings_;
  const BulkLimits limits_;
  net::Loop* loop_ = nullptr;
  plugin::Refuser* refuser_ = nullptr;
  std::string id_;
  std::unique_ptr<BulkMetrics> metrics_;
  LogLimit log_{"logstash.outputs.elasticsearch"};
  BodyPool bodies_;

  std::mutex mutex_;  // of the four below
  std::vector<BodyPtr> incoming_;
  std::vector<Deferred> deferred_;
  std::vector<std::shared_ptr<Gatherer>> gatherers_;
  bool pump_posted_ = false;

  std::atomic<const Target*> target_{nullptr};
  std::unique_ptr<const Target> known_target_;
  std::atomic<size_t> active_{0};
  std::atomic<size_t> body_bytes_;
  std::atomic<bool> draining_{false};
  std::atomic<bool> stopped_{false};

  // The loop's.
  std::unique_ptr<Pool> pool_;
  std::unique_ptr<Bootstrap> bootstrap_;
  std::unique_ptr<net::Timer> linger_timer_, delay_timer_;
  std::deque<BodyPtr> ready_;
  std::multimap<uint64_t, BodyPtr> delayed_;
  std::vector<BodyPtr> in_flight_;  // the client reads their bytes
  uint64_t requests_delivered_ = 0;
  std::minstd_rand random_{std::random_device{}()};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sluice::elastic
