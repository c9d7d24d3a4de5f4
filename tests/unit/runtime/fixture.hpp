// A pipeline from config text. Test plugins: input `numbers` gives `count` chunks of one event each, every
// one to be acknowledged; output `keeper` holds batches until stop() and abandons them; filter and output
// `broken` cannot start.
#pragma once

#include <atomic>
#include <future>

#include "config_text.hpp"
#include "plugins/registry.hpp"
#include "runtime/engine.hpp"
#include "runtime/load.hpp"
#include "runtime/pipeline.hpp"

namespace sluice::test {

struct Deliveries {
  std::atomic<int> delivered{0}, lost{0}, stopped{0}, closed{0};
  std::string pipeline;  // whose input was started last
};
inline Deliveries& deliveries() {
  static Deliveries counts;
  return counts;
}

void register_runtime_plugins();

/// An engine and a pipeline in it; `loaded` says why when there is none.
struct Running {
  explicit Running(const std::string& text, runtime::PipelineSettings settings = {})
      : engine(plugin::Environment{}) {
    register_runtime_plugins();
    for (auto* count :
         {&deliveries().delivered, &deliveries().lost, &deliveries().stopped, &deliveries().closed})
      *count = 0;
    runtime::ConfigSource source;
    source.text = text;
    (void)runtime::read_config(source, loaded);
    runtime::compile_config(loaded, engine.environment());
    if (!loaded.plan) return;
    pipeline = std::make_unique<runtime::Pipeline>(settings, std::move(loaded.plan), loaded.sources, engine);
    pipeline->on_finished([this] { finished.set_value(); });
    (void)engine.start();
  }
  ~Running() {
    pipeline.reset();
    engine.stop();
  }
  [[nodiscard]] bool wait_finished() {
    return finished.get_future().wait_for(std::chrono::seconds(60)) == std::future_status::ready;
  }

  runtime::Engine engine;
  runtime::LoadedConfig loaded;
  std::promise<void> finished;
  std::unique_ptr<runtime::Pipeline> pipeline;
};

}  // namespace sluice::test
