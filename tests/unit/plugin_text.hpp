// A single filter or codec from config text, built and started without a pipeline around it: for programs
// that go through all plugins.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "config_text.hpp"
#include "net/loop.hpp"
#include "plugin/spec.hpp"

namespace sluice::test {

/// What a plugin gets at its start: loops that nobody runs, and background jobs done at once.
class QuietEngine : public plugin::Engine {
 public:
  explicit QuietEngine(const plugin::Environment& environment) : environment_(environment) {}
  net::Loop& input_loop() override { return loop_; }
  net::Loop& output_loop() override { return loop_; }
  void background(std::function<void()> job) override { job(); }
  const plugin::Environment& environment() const override { return environment_; }
  void listening(std::string_view, std::string_view) override {}

 private:
  const plugin::Environment& environment_;
  net::Loop loop_;
};

/// The first plugin of `body`, also inside branches; null when there is none.
inline const lang::Plugin* first_plugin(const std::vector<lang::Statement>& body) {
  for (const auto& statement : body) {
    if (const auto* plugin = std::get_if<std::shared_ptr<const lang::Plugin>>(&statement.node))
      return plugin->get();
    for (const auto& arm : std::get<std::shared_ptr<const lang::Branch>>(statement.node)->arms)
      if (const auto* found = first_plugin(arm.body)) return found;
  }
  return nullptr;
}

/// The first plugin of the section `kind`; null when the text has none.
inline const lang::Plugin* first_plugin(const Parsed& parsed, lang::Section::Kind kind) {
  for (const auto& section : parsed.config->sections)
    if (section.kind == kind)
      if (const auto* found = first_plugin(section.body)) return found;
  return nullptr;
}

/// A filter with one worker; `worker` is null when it was refused, and then `problem` says why.
struct FilterText {
  FilterText(const std::string& text, const plugin::Environment& surroundings,
             const lang::VariableLookup& lookup = lang::environment_lookup)
      : environment(surroundings), parsed(text, lookup), engine(environment) {
    if (const auto* written = first_plugin(parsed, lang::Section::Kind::filter)) build(*written);
    if (problem.empty()) problem = shown(parsed);
  }
  FilterText(const lang::Plugin& written, const plugin::Environment& surroundings)
      : environment(surroundings), parsed("filter { }"), engine(environment) {
    build(written);
  }
  ~FilterText() {
    worker.reset();
    if (built.plugin) built.plugin->stop();
  }

  plugin::Environment environment;
  Parsed parsed;
  QuietEngine engine;
  plugin::PluginMetrics metrics;
  plugin::Counter refused;
  plugin::Refuser refuser{"test", "test", "test.conf:1:1", nullptr, refused, metrics};
  plugin::Built<plugin::Filter> built;
  std::unique_ptr<plugin::FilterWorker> worker;
  std::string problem;

 private:
  void build(const lang::Plugin& written) {
    built = plugin::build_filter(written, environment, parsed.diagnostics);
    if (!built.plugin) return;
    plugin::Start start{engine, metrics, "test", refuser};
    if (auto status = built.plugin->start(start); !status.ok())
      problem = status.message();
    else
      worker = built.plugin->worker();
  }
};

/// A codec, of the first plugin of the text that has one; null after an error, and then `problem` says why.
struct CodecText {
  CodecText(const std::string& text, const plugin::Environment& environment,
            const lang::VariableLookup& lookup = lang::environment_lookup)
      : parsed(text, lookup) {
    using Kind = lang::Section::Kind;
    const auto* outer = first_plugin(parsed, Kind::input);
    if (!outer) outer = first_plugin(parsed, Kind::output);
    if (outer)
      for (const auto& attribute : outer->attributes)
        if (attribute.name == "codec") codec = build(attribute.value, environment);
    problem = shown(parsed);
  }

  Parsed parsed;
  std::unique_ptr<plugin::Codec> codec;
  std::string problem;

 private:
  std::unique_ptr<plugin::Codec> build(const lang::Value& value, const plugin::Environment& environment) {
    lang::Plugin bare;
    bare.name = value.text;
    return plugin::build_codec(value.plugin ? *value.plugin : bare, environment, parsed.diagnostics);
  }
};

/// Takes a decoder's events into a batch as an input without decoration does.
class BatchSink : public plugin::EventSink {
 public:
  explicit BatchSink(Batch& batch) : batch_(batch) {}
  Event& make() override { return batch_.make(); }
  void add(Event& event) override {
    normalize(event);
    batch_.add(event);
  }
  Batch& batch() override { return batch_; }

 private:
  Batch& batch_;
};

/// A copy of `bytes` in the batch, with the readable bytes behind it that decoders ask for: of any content.
inline std::string_view padded_copy(Batch& batch, std::string_view bytes) {
  auto* copy = static_cast<char*>(batch.arena().allocate(bytes.size() + JsonReader::kPadding, 1));
  std::memcpy(copy, bytes.data(), bytes.size());
  std::memset(copy + bytes.size(), 'x', JsonReader::kPadding);
  return {copy, bytes.size()};
}

}  // namespace sluice::test
