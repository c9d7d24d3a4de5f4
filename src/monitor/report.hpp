// What the engine knows of itself, as the monitoring API and Prometheus read it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "runtime/engine.hpp"
#include "runtime/pipeline.hpp"

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

/// Reads counters of running pipelines; any thread. The pipelines outlive the report.
class Report {
 public:
  Report(Node node, const runtime::Engine& engine) : node_(std::move(node)), engine_(engine) {}
  void add(const runtime::Pipeline& pipeline) { pipelines_.push_back(&pipeline); }
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
  std::vector<const runtime::Pipeline*> pipelines_;
};

}  // namespace sluice::monitor
