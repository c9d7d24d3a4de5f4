// What happens between the first answer of a cluster and the first event: which version it is, templates,
// life cycle.
#pragma once

#include <functional>
#include <string>

#include "plugins/elastic/pool.hpp"
#include "plugins/elastic/settings.hpp"

namespace sluice::elastic {

/// Runs once; starts over whenever the cluster does not answer in between. All on the loop's thread.
class Bootstrap {
 public:
  Bootstrap(net::Loop& loop, Pool& pool, const Settings& settings, LogLimit& log,
            std::function<void(Target)> on_ready)
      : pool_(pool), settings_(settings), log_(log), on_ready_(std::move(on_ready)), retry_(loop) {}

  /// A host is alive: begins unless it is under way or done.
  void go();

 private:
  using Response = net::HttpClientResponse;
  using Then = std::function<void(const Response&)>;

  void ask(std::string_view method, std::string path, std::string body, Then then);
  void later();
  void ask_version();
  void ask_node_version();
  void version_known(const std::string& number, bool opensearch, bool serverless);
  void ask_policy();
  void install_template();
  void put_template(const std::string& path, bool composable);
  void put_policy(bool exists);
  void ensure_alias();
  void ready();
  void complain(const std::string& what, const Response& response);

  Pool& pool_;
  const Settings& settings_;
  LogLimit& log_;
  std::function<void(Target)> on_ready_;
  net::Timer retry_;
  Target target_;
  bool ilm_ = false;
  bool policy_exists_ = false;
  bool running_ = false;
  bool done_ = false;
};

}  // namespace sluice::elastic
