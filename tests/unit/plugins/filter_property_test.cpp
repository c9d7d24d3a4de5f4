// Whatever comes in, what a filter lets out is a legal event: every registered filter, with the config that
// its documentation shows.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "base/time.hpp"
#include "plugin_cases.hpp"
#include "plugin_text.hpp"
#include "plugins/registry.hpp"
#include "random_events.hpp"
#include "torture.hpp"

using namespace sluice;
using namespace sluice::test;

namespace {

constexpr size_t kBatches = 100, kEvents = 50;  // for an example
constexpr size_t kCaseBatches = 3;              // for a conformance case
constexpr int64_t kLongest = 250'000'000;       // nanoseconds a filter

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

/// Runs `filter` over the events, which are then those that it has let out.
void run_one(FilterText& filter, std::vector<Event*>& events, Batch& batch, std::string_view name) {
  plugin::FilterRun run(events, batch, filter.built.decoration, filter.metrics);
  filter.worker->filter(run);
  check(name, run, events);
  std::erase_if(events, [](const Event* event) { return event->cancelled(); });
  for (const auto& emitted : run.emitted())
    if (!emitted.event->cancelled()) events.push_back(emitted.event);
}

/// An event of a case with some of its values exchanged, or a wholly random one.
Event& event_like(const std::vector<std::string>& samples, const std::vector<FieldRef>& fields, Batch& batch,
                  RandomEvents& random) {
  if (samples.empty() || random.chance(4)) return random.event(batch, fields);
  auto& event = event_of(batch, samples[random.pick(samples.size())]);
  for (auto& member : event.fields().all())
    if (random.chance(3)) random.change(member.value, batch.arena());
  normalize(event);
  return event;
}

void torture(std::string_view name, FilterText& filter, const std::vector<std::string>& samples,
             size_t batches, uint64_t seed) {
  RandomEvents random(seed);
  const auto fields = fields_of(*filter.built.plugin);
  BatchPool pool;
  const int64_t end = steady_nanos() + kLongest;
  for (size_t round = 0; round < batches && steady_nanos() < end; ++round) {
    auto batch = pool.take();
    std::vector<Event*> events;
    for (size_t i = 0; i < kEvents; ++i) {
      batch->add(event_like(samples, fields, *batch, random));
      events.push_back(batch->events().back());
    }
    plugin::FilterRun run(events, *batch, filter.built.decoration, filter.metrics);
    filter.worker->filter(run);
    if (filter.built.plugin->wants_flush() && (round % 8 == 7 || round + 1 == batches))
      filter.worker->flush(run, round + 1 == batches);
    check(name, run, events);
  }
}

void torture_examples(std::string_view ecs) {
  const auto environment = quiet(ecs);
  uint64_t seed = 1;
  for (const auto* spec : plugin::Registry::get().all()) {
    ++seed;
    if (spec->kind != plugin::Kind::filter || is_skipped(kSkipped, spec->name)) continue;
    CAPTURE(spec->name);
    const auto filter = filter_of(*spec, environment);
    if (filter->worker)
      torture(spec->name, *filter, {}, kBatches, seed);
    else
      FAIL_CHECK(spec->name << " does not start with its example (say so in kSkipped if it cannot): "
                            << filter->problem);
  }
}

}  // namespace

TEST_CASE("the check finds what is wrong with an event") {
  BatchPool pool;
  auto batch = pool.take();
  auto& arena = batch->arena();
  const auto problem = [&](Key key, Value value) {
    auto& event = event_of(*batch, R"({"a":{"b":[1]},"c":"d"})");
    event.fields().append(arena, key, value);
    return EventCheck().problem(event);
  };
  const auto& names = Names::get();
  CHECK(problem(names.message, Value::real(0.1)).empty());
  CHECK(problem(names.message, Value::string("\xff")).empty());
  CHECK(problem(Key::intern("c"), Value{}) == "a name twice: c");
  CHECK(problem(names.tags, Value::integer(1)) == "tags are no list");
  CHECK(problem(names.timestamp, Value::string("x")) == "@timestamp is no time");
  CHECK(problem(names.metadata, Value{}) == "@metadata among the fields");
  CHECK(problem(names.message, Value::string("\"", true)).starts_with("a text that is marked as plain"));
  CHECK(problem(names.message, Value::decimal("1,5")).starts_with("its JSON cannot be read"));
  CHECK(problem(names.message, Value::decimal("1.50")).empty());
  auto* list = Array::make(arena);
  auto* outer = Array::make(arena);
  for (int i = 0; i < 2; ++i) outer->push(arena, Value::array(list));
  CHECK(problem(names.message, Value::array(outer)) == "a list or an object that stands in two places");
}

TEST_CASE("every filter makes legal events of any events") { torture_examples("disabled"); }

TEST_CASE("every filter makes legal events of any events with an ECS layout") { torture_examples("v8"); }

TEST_CASE("filters make legal events of what other filters have made") {
  const auto environment = quiet("disabled");
  std::vector<std::unique_ptr<FilterText>> filters;
  std::vector<std::string_view> names;
  std::vector<FieldRef> fields;
  for (const auto* spec : plugin::Registry::get().all()) {
    if (spec->kind != plugin::Kind::filter || spec->name == "drop" || is_skipped(kSkipped, spec->name)) continue;
    auto filter = filter_of(*spec, environment);
    if (!filter->worker) continue;
    for (auto& field : fields_of(*filter->built.plugin)) fields.push_back(std::move(field));
    filters.push_back(std::move(filter));
    names.push_back(spec->name);
  }
  RandomEvents random(11);
  BatchPool pool;
  for (int round = 0; round < 150; ++round) {
    auto batch = pool.take();
    std::vector<Event*> events;
    for (int i = 0; i < 20; ++i) {
      batch->add(random.event(*batch, fields));
      events.push_back(batch->events().back());
    }
    std::string chain;
    for (int i = 0; i < 6 && events.size() < 1000; ++i) {
      const size_t at = random.pick(filters.size());
      chain += std::string(chain.empty() ? "" : ", ") + std::string(names[at]);
      run_one(*filters[at], events, *batch, chain);
    }
  }
}

TEST_CASE("two workers of a filter do not disturb each other") {
  const auto environment = quiet("disabled");
  for (const auto* spec : plugin::Registry::get().all()) {
    if (spec->kind != plugin::Kind::filter || is_skipped(kSkipped, spec->name)) continue;
    CAPTURE(spec->name);
    const auto filter = filter_of(*spec, environment);
    if (!filter->worker) continue;
    const auto fields = fields_of(*filter->built.plugin);
    std::atomic<int> wrong{0};
    const auto work = [&](uint64_t seed) {
      RandomEvents random(seed);
      const auto worker = filter->built.plugin->worker();
      BatchPool pool;
      for (int round = 0; round < 5; ++round) {
        auto batch = pool.take();
        std::vector<Event*> events;
        for (int i = 0; i < 20; ++i) events.push_back(&random.event(*batch, fields));
        plugin::FilterRun run(events, *batch, filter->built.decoration, filter->metrics);
        worker->filter(run);
        worker->flush(run, round == 4);
        EventCheck check;
        for (const auto* event : events) wrong += !event->cancelled() && !check.problem(*event).empty();
      }
    };
    std::thread other(work, 1);
    work(2);
    other.join();
    CHECK(wrong == 0);
  }
}

TEST_CASE("filters make legal events of what is nearly what they are made for, with all of their options") {
  uint64_t seed = 1;
  size_t ran = 0;
  for (const auto& written : plugin_cases("filter")) {
    ++seed;
    // Patterns that take all the time there is are what timeout_millis is for, and time is short here.
    if (is_skipped(kSkipped, written.plugin) || written.config.find("timeout_millis") != std::string::npos) continue;
    const std::string& name = written.name;
    CAPTURE(name);
    FilterText filter("filter { " + written.config + " }", quiet(written.ecs));
    // Cases of refused configs, and those that need files, are no matter here.
    if (!filter.worker || filter.parsed.diagnostics.has_errors()) continue;
    ++ran;
    torture(written.plugin, filter, written.events, kCaseBatches, seed);
  }
  CHECK(ran > 100);
}
