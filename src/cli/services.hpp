// What runs beside the pipelines: the embedded index and the monitoring API.
#pragma once

#include <memory>
#include <string>

#include "runtime/engine.hpp"
#include "runtime/pipeline.hpp"
#include "runtime/reload_record.hpp"
#include "settings/settings.hpp"

namespace sluice::cli {

class Services {
 public:
  explicit Services(const settings::Settings& settings);
  ~Services();

  /// http://HOST:PORT of the embedded index, whether it runs or not.
  [[nodiscard]] std::string index_address() const;
  /// Starts the monitoring API, when enabled.
  Status start_api(runtime::Engine& engine);
  /// Starts the embedded index, unless it runs.
  Status start_index(runtime::Engine& engine);
  /// A pipeline that the API shows, from before its start until it is removed.
  void add(const runtime::Pipeline& pipeline, std::shared_ptr<const runtime::ReloadRecord> record);
  void remove(const runtime::Pipeline& pipeline);
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::cli
