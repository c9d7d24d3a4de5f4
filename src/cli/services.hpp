// What runs beside the pipelines: the embedded index and the monitoring API.
#pragma once

#include <memory>
#include <string>

#include "runtime/engine.hpp"
#include "runtime/pipeline.hpp"
#include "settings/settings.hpp"

namespace sluice::cli {

class Services {
 public:
  explicit Services(const settings::Settings& settings);
  ~Services();

  /// http://HOST:PORT of the embedded index, whether it runs or not.
  [[nodiscard]] std::string index_address() const;
  /// Starts the monitoring API (when enabled) and the embedded index (when wanted).
  Status start(runtime::Engine& engine, bool wants_index);
  /// A pipeline that the API shows. Before its start.
  void add(runtime::Pipeline& pipeline);
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::cli
