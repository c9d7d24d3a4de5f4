// filter environment: variables of the environment become fields of @metadata.
#include <cstdlib>
#include <optional>

#include "base/utf8.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/mutate_operation.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr plugin::Option kOptions[] = {
    {"add_metadata_from_env", Type::hash, "{}",
     "Fields below @metadata and the variables they get their values from; null for one that is not set."},
    {"add_field_from_env",
     Type::hash,
     {},
     "What the plugin did before version 1.",
     plugin::kObsolete,
     {},
     "Use add_metadata_from_env: the fields are below [@metadata] now."},
};

struct Variable {
  FieldRef field;
  std::optional<std::string> value;  // as it was at the start
};

class EnvironmentWorker : public plugin::FilterWorker {
 public:
  explicit EnvironmentWorker(const std::vector<Variable>& variables) : variables_(variables) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      for (const auto& variable : variables_)
        (void)event->set(variable.field, variable.value ? event->text(*variable.value) : Value{});
      (void)run.matched(*event);
    }
  }

 private:
  const std::vector<Variable>& variables_;
};

class Environment : public plugin::Filter {
 public:
  explicit Environment(plugin::Setup& setup) {
    for (const auto& [name, variable] : setup.options.hash("add_metadata_from_env")) {
      auto field = FieldRef::parse("[@metadata][" + name + "]");
      if (!field.ok()) {
        setup
            .error("add_metadata_from_env", "E0304", field.message(),
                   "Give the name of a field: it is put below [@metadata].")
            .span = variable.span;
        continue;
      }
      const char* value = std::getenv(scalar_text(setup, "add_metadata_from_env", variable).c_str());
      variables_.push_back({std::move(field).value(), std::nullopt});
      if (value) variables_.back().value = utf8_valid(value) ? std::string(value) : utf8_scrub(value);
    }
  }
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<EnvironmentWorker>(variables_);
  }
  void flow(plugin::Flow& flow) const override {
    for (const auto& variable : variables_) flow.always_writes(variable.field.text());
    flow.matches_all();
  }

 private:
  std::vector<Variable> variables_;
};

}  // namespace

extern const plugin::Spec filter_environment;
const plugin::Spec filter_environment{
    .kind = plugin::Kind::filter,
    .name = "environment",
    .summary = "Puts variables of the environment into fields below @metadata.",
    .options = kOptions,
    .example = "filter { environment { add_metadata_from_env => { \"region\" => \"REGION\" } } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Environment>(setup);
    }};

}  // namespace sluice::plugins
