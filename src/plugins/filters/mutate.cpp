// filter mutate: renames, converts and rewrites fields, in a fixed order of operations.
#include <set>

#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/mutate_operation.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr plugin::Option kOptions[] = {
    {"coerce", Type::hash, {}, "A value for fields that exist and are null."},
    {"rename", Type::hash, {}, "Old names and new ones."},
    {"update", Type::hash, {}, "New values for fields that exist."},
    {"replace", Type::hash, {}, "New values for fields, which are made when they do not exist."},
    {"convert", Type::hash, {}, "Types for fields: integer, float, string, boolean, integer_eu or float_eu."},
    {"gsub", Type::array, {}, "Triples of a field, a regular expression, and the text for what it matches."},
    {"uppercase", Type::array, {}, "Fields whose text becomes upper case."},
    {"capitalize", Type::array, {}, "Fields whose text gets a capital first letter and small others."},
    {"lowercase", Type::array, {}, "Fields whose text becomes lower case."},
    {"strip", Type::array, {}, "Fields that lose blanks at both ends."},
    {"split", Type::hash, {}, "Fields to cut into lists, and the separator of each."},
    {"join", Type::hash, {}, "Lists to join to one text, and the separator of each."},
    {"merge", Type::hash, {}, "Fields, and the fields whose values are added to them."},
    {"copy", Type::hash, {}, "Fields, and where to copy them."},
    {"tag_on_failure", Type::string, "\"_mutate_error\"", "A tag for events that an operation failed on."},
};

struct Config {
  MutateOperations operations;
  std::string failure_tag;
};

class MutateWorker : public plugin::FilterWorker {
 public:
  explicit MutateWorker(const Config& config) : config_(config) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      Status status = apply(*event);
      if (status.ok()) status = run.matched(*event);
      if (!status.ok()) fail(*event, status);
    }
  }

 private:
  Status apply(Event& event) {
    for (const auto& operation : config_.operations)
      if (Status status = operation->apply(event, scratch_); !status.ok()) return status;
    return {};
  }

  void fail(Event& event, const Status& status) {
    event.tag(config_.failure_tag);
    uint64_t suppressed = 0;
    if (scratch_.warnings.allow(suppressed))
      log::warn("logstash.filters.mutate", "Exception caught while applying mutate filter",
                {{"exception", status.message()}, {"suppressed", suppressed}});
  }

  const Config& config_;
  MutateScratch scratch_;
};

class Mutate : public plugin::Filter {
 public:
  explicit Mutate(plugin::Setup& setup) {
    config_.failure_tag = setup.options.string("tag_on_failure");
    auto& all = config_.operations;
    add_coerce(setup, all);
    add_rename(setup, all);
    add_update(setup, all);
    add_replace(setup, all);
    add_convert(setup, all);
    add_gsub(setup, all);
    add_text_case(setup, "uppercase", all);
    add_text_case(setup, "capitalize", all);
    add_text_case(setup, "lowercase", all);
    add_strip(setup, all);
    add_split(setup, all);
    add_join(setup, all);
    add_merge(setup, all);
    add_copy(setup, all);
  }
  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<MutateWorker>(config_); }
  void flow(plugin::Flow& flow) const override {
    // An operation may read what an earlier one has made, which the pipeline before this filter has not.
    std::set<std::string> made;
    for (const auto& operation : config_.operations) {
      plugin::Flow own;
      operation->flow(own);
      for (const auto& read : own.read())
        if (!made.count(read.field)) flow.reads(read.field, read.option);
      for (const auto& field : own.removed()) flow.removes(field);
      for (const auto& field : own.written()) flow.writes(field);
      for (const auto& field : own.always_written()) flow.always_writes(field);
      if (own.anything()) flow.writes_anything();
      made.insert(own.written().begin(), own.written().end());
    }
    flow.writes("tags");
    flow.matches_all();
  }
  void searches(plugin::Searches& searches) const override {
    for (const auto& operation : config_.operations) operation->searches(searches);
  }

 private:
  Config config_;
};

}  // namespace

extern const plugin::Spec filter_mutate;
const plugin::Spec filter_mutate{.kind = plugin::Kind::filter,
                                 .name = "mutate",
                                 .summary = "Renames, converts and rewrites fields.",
                                 .options = kOptions,
                                 .example =
                                     "filter { mutate { rename => { \"ip\" => \"[source][ip]\" } convert => "
                                     "{ \"size\" => \"integer\" } } }",
                                 .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
                                   return std::make_unique<Mutate>(setup);
                                 }};

}  // namespace sluice::plugins
