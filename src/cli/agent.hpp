// The pipelines of the process: what runs, and the way from there to what should run.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/services.hpp"
#include "cli/wanted.hpp"
#include "net/kept_sockets.hpp"
#include "runtime/engine.hpp"
#include "runtime/reload_record.hpp"

namespace sluice::cli {

/// Used on the main thread.
class Agent {
 public:
  /// All of them outlive the agent. `finished_fd` is an eventfd that is written to when a pipeline has ended
  /// by itself.
  Agent(const Arguments& args, const settings::Settings& settings, const settings::Variables& variables,
        runtime::Engine& engine, Services& services, int finished_fd)
      : args_(args),
        settings_(settings),
        variables_(variables),
        engine_(engine),
        services_(services),
        finished_fd_(finished_fd) {}

  /// Starts a pipeline; `draining`: without its inputs, until its persistent queue is empty.
  Status start(Wanted wanted, bool draining = false);
  /// Reads again what should run, and goes there: pipelines whose text or settings changed are reloaded, new
  /// ones started, others stopped. What cannot run leaves what runs as it is; it is tried `again` when asked
  /// for, and otherwise when it has changed.
  void reload(bool again);
  /// Lets go of what reloads have left behind. True while there is more to let go of.
  bool tidy();
  void stop();

  [[nodiscard]] size_t running() const;
  /// Every pipeline has ended by itself.
  [[nodiscard]] bool finished() const;
  /// Everything that should run runs, as far as the last look went.
  [[nodiscard]] bool up_to_date() const { return !behind_; }
  void log_running() const;

 private:
  struct Entry {
    Wanted wanted;        // what runs, with the config to go back to and without the plan
    uint64_t failed = 0;  // the fingerprint of what could not be taken
    std::unique_ptr<runtime::Pipeline> pipeline;
    std::shared_ptr<runtime::ReloadRecord> record = std::make_shared<runtime::ReloadRecord>();
    std::shared_ptr<std::atomic<bool>> finished = std::make_shared<std::atomic<bool>>(false);
  };

  void converge(const std::string& id, const settings::Settings& own, bool again);
  Status change(Entry& entry, Wanted wanted);
  Status swap(Entry& entry, Wanted wanted);
  Status go_back(Entry& entry, const Status& why);
  Status restart(Entry& entry, Wanted wanted);
  Status launch(Entry& entry, Wanted wanted, bool draining);
  void end(Entry& entry);
  void remove_unwanted(const std::vector<settings::Settings>& all);
  [[nodiscard]] std::string index_address() const { return services_.index_address(); }

  const Arguments& args_;
  const settings::Settings& settings_;
  const settings::Variables& variables_;
  runtime::Engine& engine_;
  Services& services_;
  const int finished_fd_;
  std::map<std::string, Entry> entries_;
  std::vector<std::string> order_;        // of their first start
  std::optional<net::KeptSockets> kept_;  // during a change
  bool behind_ = false;
};

}  // namespace sluice::cli
