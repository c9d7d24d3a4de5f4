// filters uuid and java_uuid: a random UUID in a field.
#include "plugins/digest/uuid.hpp"
#include "plugin/spec.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kOptions[] = {
    {"target", plugin::Type::field_reference, {}, "The field that the UUID goes into.", plugin::kRequired},
    {"overwrite", plugin::Type::boolean, "false", "Replace a value that the field has already."},
};

struct Config {
  FieldRef target;
  bool overwrite = false;
};

class UuidWorker : public plugin::FilterWorker {
 public:
  explicit UuidWorker(const Config& config) : config_(config) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      const Value* old = event->get(config_.target);
      if (config_.overwrite || !old || old->is_null())
        (void)event->set(config_.target, Value::string(event->arena().copy(uuid_()), true));
      (void)run.matched(*event);
    }
  }

 private:
  const Config& config_;
  digest::RandomUuid uuid_;
};

class Uuid : public plugin::Filter {
 public:
  explicit Uuid(plugin::Setup& setup) : config_{setup.field("target"), setup.options.boolean("overwrite")} {
    if (config_.target.is_timestamp() || config_.target.is_below_tags())
      setup.error("target", "E0306", "target cannot be " + config_.target.text(),
                  "A UUID is a text: name a field that can hold it.");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<UuidWorker>(config_); }
  void flow(plugin::Flow& flow) const override {
    flow.matches_all();
    flow.always_writes(config_.target.text());
  }

 private:
  Config config_;
};

std::unique_ptr<plugin::Filter> make(plugin::Setup& setup) { return std::make_unique<Uuid>(setup); }

}  // namespace

extern const plugin::Spec filter_uuid;
const plugin::Spec filter_uuid{.kind = plugin::Kind::filter,
                               .name = "uuid",
                               .summary = "Puts a random UUID into a field.",
                               .options = kOptions,
                               .example = "filter { uuid { target => \"[event][id]\" } }",
                               .filter = make};

extern const plugin::Spec filter_java_uuid;
const plugin::Spec filter_java_uuid{.kind = plugin::Kind::filter,
                                    .name = "java_uuid",
                                    .summary = "Puts a random UUID into a field, just as uuid does.",
                                    .options = kOptions,
                                    .example = "filter { java_uuid { target => \"[event][id]\" } }",
                                    .filter = make};

}  // namespace sluice::plugins
