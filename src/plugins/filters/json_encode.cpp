// filter json_encode: a field as JSON text.
#include "base/buffer.hpp"
#include "base/log.hpp"
#include "event/json_write.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr plugin::Option kOptions[] = {
    {"source",
     Type::string,
     {},
     "The field that is written as JSON; null for one that is missing.",
     plugin::kRequired},
    {"target", Type::string, {}, "The field for the text; the source itself without it."},
};

class JsonEncodeWorker : public plugin::FilterWorker {
 public:
  JsonEncodeWorker(const FieldRef& source, const FieldRef& target) : source_(source), target_(target) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      const Value* value = event->get(source_);
      json_.clear();
      write_json(value ? *value : Value{}, json_);
      Status status = set_status(event->set(target_, event->text(json_.view())), target_);
      if (status.ok()) status = run.matched(*event);
      if (status.ok()) continue;
      event->tag("_jsongeneratefailure");
      uint64_t suppressed = 0;
      if (warnings_.allow(suppressed))
        log::warn("logstash.filters.jsonencode", "Trouble encoding JSON",
                  {{"source", source_.text()}, {"exception", status.message()}, {"suppressed", suppressed}});
    }
  }

 private:
  const FieldRef& source_;
  const FieldRef& target_;
  Buffer json_;
  WarningLimiter warnings_;
};

class JsonEncode : public plugin::Filter {
 public:
  explicit JsonEncode(plugin::Setup& setup)
      : source_(setup.field("source")),
        target_(setup.options.given("target") ? setup.field("target") : source_) {}
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<JsonEncodeWorker>(source_, target_);
  }
  void flow(plugin::Flow& flow) const override {
    flow.reads(source_.text(), "source");
    flow.always_writes(target_.text());
    flow.matches_all();
  }

 private:
  const FieldRef source_, target_;
};

}  // namespace

extern const plugin::Spec filter_json_encode;
const plugin::Spec filter_json_encode{
    .kind = plugin::Kind::filter,
    .name = "json_encode",
    .summary = "Writes a field as JSON text.",
    .options = kOptions,
    .example = "filter { json_encode { source => \"request\" target => \"request_json\" } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<JsonEncode>(setup);
    }};

}  // namespace sluice::plugins
