// Running test cases through the filters of a config.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/verify_file.hpp"
#include "plan/execution.hpp"
#include "runtime/engine.hpp"
#include "runtime/load.hpp"

namespace sluice::cli {

/// The filter section of a config, started. Inputs and outputs are left out. One thread.
class FilterBench {
 public:
  /// An error when a filter cannot start.
  static Result<std::unique_ptr<FilterBench>> make(runtime::LoadedConfig loaded,
                                                   plugin::Environment environment);
  ~FilterBench();

  /// What is wrong with what comes out, a line each; empty: nothing. Filters may remember the cases before. An
  /// error when an event of the case cannot be read.
  Result<std::vector<std::string>> run(const VerifyCase& one, const std::vector<std::string>& ignored);

 private:
  FilterBench(runtime::LoadedConfig loaded, plugin::Environment environment);
  Status start();
  [[nodiscard]] std::string place(const Span& span) const;

  runtime::LoadedConfig loaded_;
  runtime::Engine engine_;
  BatchPool pool_;
  plugin::Counter refused_;
  std::vector<Event*>* out_ = nullptr;  // where what comes out is put
  std::vector<BatchRef> held_;          // what it lives in
  friend class Caught;
};

}  // namespace sluice::cli
