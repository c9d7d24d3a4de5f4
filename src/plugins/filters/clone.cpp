// filter clone: copies of each event, told apart by their type or a tag.
#include "plugin/spec.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kOptions[] = {
    {"clones",
     plugin::Type::array,
     {},
     "A name for each copy: its `type`, or with an ECS field layout a tag that is added to it.",
     plugin::kRequired},
};

struct Config {
  std::vector<std::string> clones;
  bool ecs = false;
};

class CloneWorker : public plugin::FilterWorker {
 public:
  explicit CloneWorker(const Config& config) : config_(config) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      for (const auto& name : config_.clones) {
        auto& copy = run.batch().clone(*event);
        if (config_.ecs)
          copy.add_tag(name);
        else
          copy.set(Names::get().type, Value::string(name));
        (void)run.matched(copy);
        run.emit(copy, *event);
      }
    }
  }

 private:
  const Config& config_;
};

class Clone : public plugin::Filter {
 public:
  explicit Clone(plugin::Setup& setup) : config_{setup.options.strings("clones"), setup.ecs()} {
    if (setup.options.given("clones") && config_.clones.empty())
      setup.warning("clones", "W0306", "The list of clones is empty, so nothing is copied",
                    "Give each copy a name: clones => [\"audit\"].");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<CloneWorker>(config_); }
  void flow(plugin::Flow& flow) const override { flow.writes(config_.ecs ? "tags" : "type"); }

 private:
  Config config_;
};

}  // namespace

extern const plugin::Spec filter_clone;
const plugin::Spec filter_clone{.kind = plugin::Kind::filter,
                                .name = "clone",
                                .summary = "Makes copies of events, which go on behind the original.",
                                .options = kOptions,
                                .example = "filter { clone { clones => [\"audit\"] } }",
                                .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
                                  return std::make_unique<Clone>(setup);
                                }};

}  // namespace sluice::plugins
