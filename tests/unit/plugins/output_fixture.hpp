// What tests of outputs share: an engine with a loop, outputs built from config text, batches of events, and
// waiting for what happens on other threads.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "event/batch.hpp"
#include "event/json_read.hpp"
#include "lang/parser.hpp"
#include "net/loop.hpp"
#include "plugin/spec.hpp"
#include "plugins/registry.hpp"

namespace sluice::test {

/// Something that becomes true on another thread.
class Signal {
 public:
  void notify() {
    std::scoped_lock lock(mutex_);
    changed_.notify_all();
  }
  template <class F>
  void change(F&& change) {
    std::scoped_lock lock(mutex_);
    change();
    changed_.notify_all();
  }
  /// Waits until `ready()` holds, 20 s at most; `ready` is asked whenever change() or notify() was called.
  template <class F>
  bool wait(F&& ready) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), ready);
  }
  std::mutex mutex_;
  std::condition_variable changed_;
};

struct DeadLetter {
  std::string plugin, id, reason;
};

class FakeEngine : public plugin::Engine, public plugin::DeadLetters {
 public:
  FakeEngine() { (void)loop.start("test-out"); }
  net::Loop& input_loop() override { return loop; }
  net::Loop& output_loop() override { return loop; }
  void background(std::function<void()> job) override { job(); }
  const plugin::Environment& environment() const override { return env; }
  bool keep(const Event&, const plugin::Refusal& refusal) override {
    happened.change([&] {
      dead.push_back(
          {std::string(refusal.plugin_type), std::string(refusal.plugin_id), std::string(refusal.reason)});
    });
    return keeps_dead_letters;
  }
  void listening(std::string_view, std::string_view address) override {
    happened.change([&] { addresses.emplace_back(address); });
  }

  net::Loop loop;
  plugin::Environment env;
  bool keeps_dead_letters = true;
  Signal happened;
  std::vector<DeadLetter> dead;
  std::vector<std::string> addresses;
};

/// One output under test with all it needs. Batches count as settled when the output has let go of them.
class OutputTest {
 public:
  OutputTest() : pool([this](size_t) { happened.change([this] { ++settled; }); }) { plugins::register_all(); }
  ~OutputTest() { stop(); }

  /// Builds `text` ("file { ... }"); null when there are errors (see diagnostics).
  plugin::Output* build(const std::string& text) {
    sources.add("test.conf", "output { " + text + " }");
    config = lang::parse(sources, {}, diagnostics);
    if (diagnostics.has_errors()) return nullptr;
    const auto& node = config.sections.at(0).body.at(0).node;
    built = plugin::build_output(*std::get<0>(node), engine.env, diagnostics);
    return built.plugin.get();
  }
  /// Builds and starts; false with `problem` set when that fails.
  bool start(const std::string& text) {
    if (!build(text)) {
      for (const auto& d : diagnostics.items()) problem += d.message + "\n";
      return false;
    }
    refuser.emplace(std::string(built.spec->name), built.id, "test.conf:1:10",
                    std::shared_ptr<plugin::DeadLetters>(std::shared_ptr<void>(), &engine), refused, metrics);
    begin.emplace(plugin::Start{engine, metrics, built.id, *refuser});
    const auto status = built.plugin->start(*begin);
    problem = status.message();
    if (!status.ok()) return false;
    worker = built.plugin->worker();
    return true;
  }
  void stop() {
    if (begin && built.plugin) built.plugin->stop();
    begin.reset();
    worker.reset();
    built.plugin.reset();
  }

  struct Settled : Acknowledgement {
    explicit Settled(OutputTest& test) : test(test) {}
    void settled(bool delivered) noexcept override {
      test.happened.change([&] { ++(delivered ? test.delivered : test.abandoned); });
    }
    OutputTest& test;
  };

  /// Writes the events, one JSON object each, as one batch.
  void write(const std::vector<std::string>& events) {
    BatchRef batch = pool.take();
    batch->hold(AckRef(new Settled(*this)));
    std::vector<Event*> list;
    for (const auto& text : events) {
      Value value;
      REQUIRE(JsonReader::local().read(text, batch->arena(), value));
      auto& event = batch->make();
      for (const auto& member : value.as_object()->all())
        event.fields().set(batch->arena(), member.key, member.value);
      normalize(event);
      batch->add(event);
    }
    worker->write(batch->events(), batch);
  }
  /// Waits until `count` batches were delivered (true) in all.
  bool wait_delivered(size_t count) {
    return happened.wait([&] { return delivered >= count; });
  }
  [[nodiscard]] uint64_t counter(const std::string& name) { return metrics.counter(name).get(); }
  [[nodiscard]] bool says(const std::string& words) const {
    for (const auto& d : diagnostics.items())
      if ((d.message + " " + d.help).find(words) != std::string::npos) return true;
    return false;
  }

  FakeEngine engine;
  Signal happened;
  size_t settled = 0, delivered = 0, abandoned = 0;
  BatchPool pool;
  plugin::PluginMetrics metrics;
  lang::SourceSet sources;
  lang::Diagnostics diagnostics;
  lang::Config config;
  plugin::Built<plugin::Output> built;
  plugin::Counter refused;
  std::optional<plugin::Refuser> refuser;
  std::optional<plugin::Start> begin;
  std::unique_ptr<plugin::OutputWorker> worker;
  std::string problem;
};

}  // namespace sluice::test
