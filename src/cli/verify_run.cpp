#include "cli/verify_run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.hpp"
#include "event/json_read.hpp"
#include "event/json_write.hpp"
#include "match/iso8601.hpp"

namespace sluice::cli {

/// The output behind the filters: it keeps what comes.
class Caught : public plugin::Output, public plugin::OutputWorker {
 public:
  explicit Caught(FilterBench& bench) : bench_(bench) {}
  std::unique_ptr<plugin::OutputWorker> worker() override { return std::make_unique<Caught>(bench_); }
  void write(std::span<Event* const> events, const BatchRef& batch) override {
    bench_.out_->insert(bench_.out_->end(), events.begin(), events.end());
    bench_.held_.push_back(batch);
  }

 private:
  FilterBench& bench_;
};

namespace {

// The fields that an event has anyway, and that count only where the expectation names them.
bool implied(Key key) { return key.identical(Names::get().timestamp) || key.identical(Names::get().version); }

std::string json_text(const Value& value) {
  Buffer out;
  write_json(value, out);
  return std::string(out.view());
}

std::string below(const std::string& path, Key key) { return path + "[" + std::string(key.text()) + "]"; }

/// Collects how an event differs from the expected one.
class Comparison {
 public:
  Comparison(bool exact, std::vector<std::string>& found, std::string_view event)
      : exact_(exact), event_(event), found_(found) {}

  void objects(const Object& got, const Object& wanted, const std::string& path) {
    for (const auto& member : wanted.all()) {
      const auto* value = got.find(member.key);
      const auto name = below(path, member.key);
      if (!value)
        say("{} is missing, wanted {}", name, json_text(member.value));
      else
        values(*value, member.value, name);
    }
    if (!exact_) return;
    for (const auto& member : got.all())
      if (!wanted.find(member.key) && !(path.empty() && implied(member.key)))
        say("{} was not expected: {}", below(path, member.key), json_text(member.value));
  }

 private:
  void values(const Value& got, const Value& wanted, const std::string& name) {
    if (got.is_object() && wanted.is_object()) {
      objects(*got.as_object(), *wanted.as_object(), name);
      return;
    }
    // A time is written as text.
    if (json_text(got) != json_text(wanted))
      say("{} is {}, wanted {}", name, json_text(got), json_text(wanted));
  }

  template <class... Words>
  void say(fmt::format_string<Words...> text, Words&&... words) {
    found_.push_back(std::string(event_) + fmt::format(text, std::forward<Words>(words)...));
  }

  const bool exact_;
  const std::string_view event_;
  std::vector<std::string>& found_;
};

Status fill(Event& event, const std::string& json) {
  Value value;
  auto& reader = JsonReader::local();
  if (!reader.read(json, event.arena(), value) || !value.is_object())
    return Status::config(fmt::format("not a JSON object ({}): {}", reader.error(), json));
  for (const auto& member : value.as_object()->all()) {
    auto ref = FieldRef::parse(member.key.text());
    if (!ref.ok()) return ref.status();
    Value field = member.value;
    if (ref->is_timestamp() && field.is_string())
      if (const auto time = match::parse_event_timestamp(field.as_text())) field = Value::timestamp(*time);
    if (const auto error = event.set(*ref, field); error != SetError::none)
      return Status::config(fmt::format("{}: {}", member.key.text(), describe(error)));
  }
  return {};
}

void compare(const std::vector<Event*>& got, const std::vector<Event*>& wanted, bool exact,
             std::vector<std::string>& found) {
  if (got.size() != wanted.size())
    found.push_back(fmt::format("{} events came out, wanted {}", got.size(), wanted.size()));
  for (size_t i = 0; i < std::min(got.size(), wanted.size()); ++i) {
    const auto event = wanted.size() > 1 ? fmt::format("event {}: ", i + 1) : std::string{};
    Comparison comparison(exact, found, event);
    comparison.objects(got[i]->fields(), wanted[i]->fields(), "");
    if (wanted[i]->metadata().size != 0) {
      Comparison(false, found, event).objects(got[i]->metadata(), wanted[i]->metadata(), "[@metadata]");
    }
  }
  for (size_t i = wanted.size(); i < got.size(); ++i)
    found.push_back("too many: " + json_text(Value::object(&got[i]->fields())));
}

}  // namespace

FilterBench::FilterBench(runtime::LoadedConfig loaded, plugin::Environment environment)
    : loaded_(std::move(loaded)), engine_(std::move(environment)) {}

FilterBench::~FilterBench() {
  held_.clear();
  for (auto& stage : loaded_.plan->filters)
    if (stage->phase == plan::Stage<plugin::Filter>::Phase::running) stage->built.plugin->stop();
  engine_.stop();
}

Result<std::unique_ptr<FilterBench>> FilterBench::make(runtime::LoadedConfig loaded,
                                                       plugin::Environment environment) {
  std::unique_ptr<FilterBench> bench(new FilterBench(std::move(loaded), std::move(environment)));
  if (auto status = bench->start(); !status.ok()) return status;
  return bench;
}

std::string FilterBench::place(const Span& span) const {
  return fmt::format("{}:{}:{}", loaded_.sources.path(span), span.line, span.column);
}

Status FilterBench::start() {
  if (auto status = engine_.start(); !status.ok()) return status;
  auto& plan = *loaded_.plan;
  plan.inputs.clear();
  plan.outputs.clear();
  auto& caught = *plan.outputs.emplace_back(std::make_shared<plan::Stage<plugin::Output>>());
  caught.built.plugin = std::make_unique<Caught>(*this);
  plan.output_block = {};
  plan.output_block.steps.emplace_back();
  for (auto& stage : plan.filters) {
    stage->refuser.emplace(std::string(stage->built.spec->name), stage->built.id, place(stage->span), nullptr,
                           refused_, stage->metrics);
    plugin::Start context{engine_, stage->metrics, stage->built.id, *stage->refuser};
    if (auto status = stage->built.plugin->start(context); !status.ok())
      return Status::config(
          fmt::format("{}: filter {}: {}", place(stage->span), stage->built.spec->name, status.message()));
    stage->phase = plan::Stage<plugin::Filter>::Phase::running;
  }
  return {};
}

Result<std::vector<std::string>> FilterBench::run(const VerifyCase& one,
                                                  const std::vector<std::string>& ignored) {
  std::vector<Event*> got, wanted;
  std::vector<std::string> found;
  out_ = &got;
  plan::Execution execution(*loaded_.plan, [&](const Event&, const Span& where) {
    found.push_back(place(where) + ": the condition cannot be evaluated on the event, which is dropped");
  });
  const BatchRef batch = pool_.take();
  for (const auto& json : one.input) {
    auto& event = batch->make();
    event.set_timestamp(wall_nanos());
    event.set(Names::get().version, Value::string("1", true));
    if (auto status = fill(event, json); !status.ok()) return status;
    batch->add(event);
  }
  execution.run(batch);
  const BatchRef last = pool_.take();
  if (execution.wants_flush()) execution.flush(last, true);
  for (const auto& json : one.expected) {
    auto& event = last->make();
    if (auto status = fill(event, json); !status.ok()) return status;
    wanted.push_back(&event);
  }
  for (const auto& name : ignored) {
    auto ref = FieldRef::parse(name);
    if (!ref.ok()) return ref.status();
    for (const auto* list : {&got, &wanted})
      for (auto* event : *list) event->remove(*ref);
  }
  compare(got, wanted, one.exact, found);
  held_.clear();
  return found;
}

}  // namespace sluice::cli
