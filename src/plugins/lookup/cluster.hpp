// Searches in an Elasticsearch cluster, those of a batch together.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plugin/circuit.hpp"
#include "plugin/setup.hpp"
#include "plugins/elastic/settings.hpp"
#include "plugins/lookup/exchange.hpp"

namespace sluice::lookup {

/// One search: its path with the query, the body of a POST (or empty, for a GET), and its answer.
struct Search {
  std::string path;
  std::string body;
  net::HttpClientResponse response;
};

struct ClusterOptions {
  unsigned retries = 0;  // after failures and after the answers of `retry_status`
  std::vector<int> retry_status;
  std::pair<int, int> least_version{0, 0};  // of Elasticsearch: major, minor
  uint32_t silence_seconds = 10;
  size_t largest_answer = size_t{100} << 20;
};

/// The hosts of a cluster, asked in turn; one that did not answer is left out while there are others, and
/// asked again after waits of up to a minute. Thread-safe.
class Cluster {
 public:
  /// Opens key stores and asks the cluster who it is; an error when it cannot be reached or turns us away.
  static Result<std::unique_ptr<Cluster>> connect(plugin::Start& start,
                                                  const elastic::ConnectionSettings& connection,
                                                  ClusterOptions options);

  /// Fills in the responses.
  void search(std::vector<Search>& searches);
  void interrupt() { exchange_->interrupt(); }

 private:
  struct Host {
    Host(std::atomic<plugin::CircuitState>& state, plugin::Circuit::Settings settings)
        : circuit(settings, state) {}
    std::string base, user, password;
    plugin::Circuit circuit;
  };
  Cluster(const elastic::ConnectionSettings& connection, ClusterOptions options, const std::string& embedded,
          plugin::PluginMetrics& metrics);
  static void note(Host& host, const net::HttpClientResponse& response);
  Status greet();
  size_t next_host();
  size_t aim(net::HttpClientRequest& request, const std::string& path);
  net::HttpClientRequest request() const;

  const ClusterOptions options_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::atomic<size_t> turn_{0};
  net::HttpHeaders headers_;
  std::unique_ptr<Exchange> exchange_;
};

}  // namespace sluice::lookup
