#include "runtime/generation.hpp"

#include <future>

#include "net/loop.hpp"

namespace sluice::runtime {

using Phase = plan::Stage<plugin::Input>::Phase;

void stop_reading(plan::Stages<plugin::Input>& stages) {
  for (auto& stage : stages) {
    if (stage->phase != Phase::running) continue;
    stage->phase = Phase::stopping;
    stage->built.plugin->stop();
  }
}

void close_inputs(plan::Stages<plugin::Input>& stages) {
  for (auto& stage : stages)
    if (std::exchange(stage->phase, Phase::built) != Phase::built) stage->built.plugin->close();
}

void settle(plugin::Engine& engine) {
  engine.input_loop().call([] {});
  engine.output_loop().call([] {});
  auto done = std::make_shared<std::promise<void>>();
  const auto idle = done->get_future();
  engine.background([done = std::move(done)] { done->set_value(); });
  idle.wait();
}

}  // namespace sluice::runtime
