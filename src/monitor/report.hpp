// What the engine knows of itself, as the monitoring API and Prometheus read it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "runtime/engine.hpp"
#include "runtime/pipeline.hpp"
#include "runtime/reload_record.hpp"

namespace sluice::monitor {

class Tree;

/// Facts that do not change while the process runs.
struct Node {
  std::string name;  // node.name
  std::string version;
  std::string id;            // lives in path.data/uuid
  std::string ephemeral_id;  // of this start
  std::string http_address;
  std::string environment;    // api.environment
  int64_t started_nanos = 0;  // steady clock
  size_t workers = 0, batch_size = 0;
  int64_t batch_delay = 0;
};

/// Reads counters of running pipelines; any thread.
class Report {
 public:
  Report(Node node, const runtime::Engine& engine) : node_(std::move(node)), engine_(engine) {}
  /// `pipeline` lives until it is removed. `record` may be null.
  void add(const runtime::Pipeline& pipeline, std::shared_ptr<const runtime::ReloadRecord> record = nullptr);
  void remove(const runtime::Pipeline& pipeline);
  void set_address(std::string address) { node_.http_address = std::move(address); }

  /// GET /
  void root(Buffer& out, bool pretty) const;
  /// GET /_node/stats[/section[/id]]; false when there is no such section or pipeline.
  bool stats(std::string_view section, Buffer& out, bool pretty) const;
  /// GET /metrics in Prometheus' text format.
  void metrics(Buffer& out) const;
  /// GET /_health_report
  void health(Buffer& out, bool pretty) const;
  /// A line for each problem; "" when there is none. `severe`: only those that a restart may mend (a pipeline
  /// that does not run, a worker that does not come back), not those of the world around (an output's server
  /// that is away).
  [[nodiscard]] std::string problems(bool severe) const;

 private:
  void head(Tree& tree) const;
  [[nodiscard]] std::string_view status() const;

  Node node_;
  const runtime::Engine& engine_;
  struct Shown {
    const runtime::Pipeline* pipeline;
    std::shared_ptr<const runtime::ReloadRecord> record;
  };
  mutable std::mutex mutex_;  // of the list, held by whoever answers
  std::vector<Shown> pipelines_;
};

}  // namespace sluice::monitor
