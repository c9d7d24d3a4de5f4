// What the engine offers to the plugins of one pipeline.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "plugin/setup.hpp"

namespace sluice::runtime {

/// The process's engine under the name of one pipeline. `engine` outlives it.
class PipelineEngine : public plugin::Engine {
 public:
  PipelineEngine(plugin::Engine& engine, std::string pipeline_id)
      : engine_(engine), environment_(engine.environment()) {
    environment_.pipeline_id = std::move(pipeline_id);
  }

  net::Loop& input_loop() override { return engine_.input_loop(); }
  net::Loop& output_loop() override { return engine_.output_loop(); }
  void background(std::function<void()> job) override { engine_.background(std::move(job)); }
  const plugin::Environment& environment() const override { return environment_; }
  void listening(std::string_view what, std::string_view address) override {
    engine_.listening(what, address);
  }

 private:
  plugin::Engine& engine_;
  plugin::Environment environment_;
};

}  // namespace sluice::runtime
