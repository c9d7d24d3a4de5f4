// Whatever comes in, what a filter lets out is a legal event: every registered filter, with the config that
// its documentation shows.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/time.hpp"
#include "plugin_text.hpp"
#include "plugins/registry.hpp"
#include "random_events.hpp"

using namespace sluice;
using namespace sluice::test;

namespace {

constexpr size_t kBatches = 100, kEvents = 50;
constexpr int64_t kLongest = 250'000'000;  // nanoseconds a filter

struct Skipped {
  std::string_view name, reason;
};
// Filters that cannot do their work here. What stands here is tested with a server of its own.
constexpr Skipped kSkipped[] = {
    {"dns", "asks name servers"},
    {"elasticsearch", "asks a server"},
    {"geoip", "needs a database"},
    {"http", "asks a server"},
    {"jdbc_static", "loads tables from a server"},
    {"jdbc_streaming", "asks a server"},
    {"memcached", "asks a server"},
    {"sleep", "sleeps"},
};

lang::Attribute attribute(std::string name, std::string text) {
  lang::Attribute made;
  made.name = std::move(name);
  made.value.text = made.value.written = std::move(text);
  return made;
}

/// The config of the documentation, with common options that read the event once it has been changed.
std::unique_ptr<FilterText> filter_of(const plugin::Spec& spec, const plugin::Environment& environment) {
  auto filter = std::make_unique<FilterText>(std::string(spec.example), environment);
  const auto* written = first_plugin(filter->parsed, lang::Section::Kind::filter);
  if (!filter->worker || !written) return filter;
  lang::Plugin decorated = *written;
  decorated.attributes.push_back(attribute("add_tag", "seen_%{message}"));
  decorated.attributes.push_back(attribute("remove_tag", "%{type}"));
  auto again = std::make_unique<FilterText>(decorated, environment);
  return again->worker ? std::move(again) : std::move(filter);
}

std::vector<FieldRef> fields_of(const plugin::Filter& filter) {
  plugin::Flow flow;
  filter.flow(flow);
  std::vector<FieldRef> fields{FieldRef::of("message")};
  for (const auto& read : flow.read())
    if (auto ref = FieldRef::parse(read.field); ref.ok() && !ref->is_timestamp() && !ref->is_tags())
      fields.push_back(std::move(ref).value());
  return fields;
}

/// Fails with the first event that is wrong.
void check(std::string_view name, plugin::FilterRun& run, const std::vector<Event*>& events) {
  EventCheck check;
  const auto look = [&](const Event& event) {
    if (event.cancelled()) return;
    const auto wrong = check.problem(event);
    if (!wrong.empty()) FAIL_CHECK(name << ": " << wrong.substr(0, 2000));
  };
  for (const auto* event : events) look(*event);
  for (const auto& emitted : run.emitted()) look(*emitted.event);
}

void torture(std::string_view name, FilterText& filter, uint64_t seed) {
  RandomEvents random(seed);
  const auto fields = fields_of(*filter.built.plugin);
  BatchPool pool;
  const int64_t end = steady_nanos() + kLongest;
  for (size_t round = 0; round < kBatches && steady_nanos() < end; ++round) {
    auto batch = pool.take();
    std::vector<Event*> events;
    for (size_t i = 0; i < kEvents; ++i) {
      batch->add(random.event(*batch, fields));
      events.push_back(batch->events().back());
    }
    plugin::FilterRun run(events, *batch, filter.built.decoration, filter.metrics);
    filter.worker->filter(run);
    if (filter.built.plugin->wants_flush() && (round % 8 == 7 || round + 1 == kBatches))
      filter.worker->flush(run, round + 1 == kBatches);
    check(name, run, events);
  }
}

void torture_all(std::string_view ecs) {
  log::Options quiet;
  quiet.level = log::Level::fatal;
  log::configure(quiet);
  plugins::register_all();
  plugin::Environment environment;
  environment.ecs_default = ecs;
  uint64_t seed = 1;
  for (const auto* spec : plugin::Registry::get().all()) {
    ++seed;
    if (spec->kind != plugin::Kind::filter) continue;
    if (std::any_of(std::begin(kSkipped), std::end(kSkipped),
                    [&](const Skipped& s) { return s.name == spec->name; }))
      continue;
    CAPTURE(spec->name);
    const auto filter = filter_of(*spec, environment);
    if (!filter->worker) {
      FAIL_CHECK(spec->name << " does not start with its example (say so in kSkipped if it cannot): "
                            << filter->problem);
      continue;
    }
    torture(spec->name, *filter, seed);
  }
}

}  // namespace

TEST_CASE("every filter makes legal events of any events") { torture_all("disabled"); }

TEST_CASE("every filter makes legal events of any events with an ECS layout") { torture_all("v8"); }
