// The hosts of a cluster: which are alive, which has the least to do, how much each may be given at a time.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "net/http_client.hpp"
#include "net/loop.hpp"
#include "plugin/circuit.hpp"
#include "plugin/metrics.hpp"
#include "plugins/elastic/log_limit.hpp"
#include "plugins/elastic/pace.hpp"
#include "plugins/elastic/settings.hpp"

namespace sluice::elastic {

/// What the monitoring API shows of a host.
struct HostMetrics {
  plugin::Counter &requests, &under_way, &bytes, &millis;
};

/// One host.
struct Host {
  Host(const Pace::Bounds& bounds, plugin::Circuit::Settings settings,
       std::atomic<plugin::CircuitState>& state)
      : circuit(settings, state), pace(bounds) {}
  std::string base;  // "http://es1:9200/prefix"
  std::string user, password;
  bool own = false;  // the engine's own index: no credentials
  plugin::Circuit circuit;
  bool erring = false;        // its last answer was an error of its own
  bool trial = false;         // half open, and the next request is the probe
  bool gone = false;          // sniffing no longer finds it
  Pace pace;                  // of its bulk requests
  uint64_t spared_until = 0;  // on the loop's clock
  std::optional<HostMetrics> metrics;
};
using HostPtr = std::shared_ptr<Host>;

/// All calls on the loop's thread.
class Pool {
 public:
  /// `on_alive` is called when a host has come (back) to life. `most_bytes`: of a body of several events.
  Pool(net::Loop& loop, const ConnectionSettings& settings, size_t most_bytes,
       std::unique_ptr<net::HttpClient> client, LogLimit& log, plugin::PluginMetrics& metrics,
       std::function<void()> on_alive);
  ~Pool();

  /// Checks all hosts, and those whose circuit is open again and again, resurrect_delay apart at the most.
  void start(const std::string& embedded_url);

  /// The living host with the fewest bulk requests that may have one more, a spared one only when no other
  /// may; null when there is none.
  HostPtr choose_for_bulk();
  /// Any living host, or null.
  HostPtr choose_any();
  [[nodiscard]] bool any_alive() const;

  /// A request with the credentials and headers of the settings. `path` begins with a slash and stands behind
  /// the host's own path, unless `whole_path`.
  void send(const HostPtr& host, std::string_view method, std::string_view path, std::vector<net::Bytes> body,
            net::HttpHeaders headers, std::function<void(net::HttpClientResponse)> on_done,
            bool whole_path = false);

  /// A request has shown that the host does its work.
  void worked(const HostPtr& host);
  /// The host did not answer, or with an error of its own. After some of that in a row it gets no requests
  /// until a check succeeds, and after errors one request too.
  void failed(const HostPtr& host, const net::HttpClientResponse& response);
  /// The host refused most of what it was given. A host that refuses does so at once, and would get every
  /// request for having none under way: for a second the others come first.
  void spare(Host& host) const;
  /// How big bodies should be that any living host may get, spared ones aside.
  [[nodiscard]] size_t body_bytes() const;
  /// The host's pace has changed.
  static void publish(const Host& host);

  /// Added to every request from now on (Elastic-Api-Version on serverless).
  void add_header(std::string name, std::string value) {
    extra_.emplace_back(std::move(name), std::move(value));
  }

 private:
  HostPtr make_host(std::string base, bool own);
  static bool may_ask(const Host& host);
  void check_due();
  void check(const HostPtr& host);
  void checked(const HostPtr& host, const net::HttpClientResponse& response);
  void sniff();
  void sniffed(const net::HttpClientResponse& response);

  net::Loop& loop_;
  const ConnectionSettings& settings_;
  std::unique_ptr<net::HttpClient> client_;
  LogLimit& log_;
  plugin::PluginMetrics& metrics_;
  std::function<void()> on_alive_;
  std::deque<std::atomic<plugin::CircuitState>> unshown_circuits_;
  std::vector<HostPtr> hosts_;
  net::HttpHeaders extra_;
  net::Timer check_timer_, sniff_timer_;
  std::minstd_rand random_;
  Pace::Bounds bounds_;
  bool sniffing_now_ = false;
};

}  // namespace sluice::elastic
