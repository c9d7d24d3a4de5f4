// Filters and codecs built from config text, as the engine builds them, and run over events given as JSON.
#pragma once

#include <cctype>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/batch.hpp"
#include "event/json_read.hpp"
#include "event/json_write.hpp"
#include "lang/diagnostic.hpp"
#include "lang/parser.hpp"
#include "lang/source.hpp"
#include "plugin/spec.hpp"
#include "plugin_text.hpp"
#include "plugins/registry.hpp"

namespace sluice::plugins {

namespace fixture {

/// Puts quotes around words of one letter, which the grammar wants and tests read better without.
inline std::string with_quoted_letters(std::string_view text) {
  const auto word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  std::string out;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (std::isalpha(static_cast<unsigned char>(c)) && (i == 0 || !word(text[i - 1])) &&
               (i + 1 == text.size() || !word(text[i + 1]))) {
      (out += '\'') += c;
      out += '\'';
      continue;
    }
    out += c;
  }
  return out;
}

/// The first plugin of a section's text.
inline std::shared_ptr<const lang::Plugin> written(std::string_view text, lang::Diagnostics& diagnostics) {
  lang::SourceSet sources;
  sources.add("test.conf", with_quoted_letters(text));
  const auto config = lang::parse(sources, {}, diagnostics);
  return std::get<std::shared_ptr<const lang::Plugin>>(config.sections.at(0).body.at(0).node);
}

inline plugin::Environment environment(std::string_view ecs = "disabled") {
  plugin::Environment e;
  e.ecs_default = ecs;
  return e;
}

/// `event` as JSON without @version, and without the @timestamp unless it is wanted.
inline std::string shown(const Event& event, bool with_time = false) {
  Value copy = deep_copy(Value::object(&event.fields()), event.arena());
  copy.as_object()->remove(Names::get().version);
  if (!with_time) copy.as_object()->remove(Names::get().timestamp);
  Buffer out;
  write_json(copy, out);
  return std::string(out.view());
}

/// A filter with one worker.
class TestFilter {
 public:
  explicit TestFilter(std::string_view text, std::string_view ecs = "disabled")
      : environment_(environment(ecs)) {
    register_all();
    const auto plugin = written("filter { " + std::string(text) + " }", diagnostics);
    built = plugin::build_filter(*plugin, environment_, diagnostics);
    if (built.plugin) worker = built.plugin->worker();
  }

  /// Runs the events (JSON objects) through the filter as one batch; what is left, as JSON.
  std::vector<std::string> run(const std::vector<std::string>& events, bool with_time = false) {
    batch = pool.take();
    left.clear();
    for (const auto& text : events) {
      Value value;
      REQUIRE(JsonReader::local().read(text, batch->arena(), value));
      auto& event = batch->make();
      event.fields() = *value.as_object();
      normalize(event);
      batch->add(event);
      left.push_back(&event);
    }
    plugin::FilterRun run(left, *batch, built.decoration, metrics);
    worker->filter(run);
    std::erase_if(left, [](const Event* e) { return e->cancelled(); });
    std::vector<std::string> out;
    for (const auto* event : left) out.push_back(shown(*event, with_time));
    return out;
  }
  std::string one(const std::string& event, bool with_time = false) {
    const auto out = run({event}, with_time);
    return out.empty() ? std::string() : out[0];
  }
  /// The metadata of the n-th event that was left, as JSON.
  std::string metadata(size_t n = 0) const {
    Buffer out;
    write_json(left.at(n)->metadata_value(), out);
    return std::string(out.view());
  }
  uint64_t count(std::string_view counter) { return metrics.counter(counter).get(); }
  /// The code of the first finding.
  std::string code() const { return diagnostics.items().empty() ? "" : diagnostics.items()[0].code; }

  lang::Diagnostics diagnostics;
  BatchPool pool;
  BatchRef batch;
  plugin::PluginMetrics metrics;
  plugin::Built<plugin::Filter> built;
  std::unique_ptr<plugin::FilterWorker> worker;
  std::vector<Event*> left;

 private:
  plugin::Environment environment_;
};

/// A codec; decode() takes the pieces of one stream.
class TestCodec {
 public:
  explicit TestCodec(const std::string& text, std::string_view ecs = "disabled")
      : environment_(environment(ecs)) {
    register_all();
    const auto outer = written("input { stdin { codec => " + text + " } }", diagnostics);
    const auto& value = outer->attributes.at(0).value;
    lang::Plugin bare;
    bare.name = value.text;
    codec = plugin::build_codec(value.plugin ? *value.plugin : bare, environment_, diagnostics);
  }

  /// The events of a stream that came in these pieces; `end` also ends the stream.
  std::vector<std::string> decode(const std::vector<std::string>& pieces, bool end = true) {
    if (!decoder) decoder = codec->decoder();
    batch = pool.take();
    test::BatchSink sink(*batch);
    for (const auto& piece : pieces) decoder->decode(test::padded_copy(*batch, piece), sink);
    if (end) decoder->flush(sink);
    std::vector<std::string> out;
    for (const auto* event : batch->events()) out.push_back(shown(*event));
    return out;
  }

  /// The bytes of events given as JSON.
  std::string encode(const std::vector<std::string>& events) {
    batch = pool.take();
    const auto encoder = codec->encoder();
    Buffer out;
    for (const auto& text : events) {
      Value value;
      REQUIRE(JsonReader::local().read(text, batch->arena(), value));
      auto& event = batch->make();
      event.fields() = *value.as_object();
      normalize(event);
      encoder->encode(event, out);
    }
    return std::string(out.view());
  }
  std::string code() const { return diagnostics.items().empty() ? "" : diagnostics.items()[0].code; }

  lang::Diagnostics diagnostics;
  BatchPool pool;
  BatchRef batch;
  std::unique_ptr<plugin::Codec> codec;
  std::unique_ptr<plugin::Decoder> decoder;

 private:
  plugin::Environment environment_;
};

}  // namespace fixture
}  // namespace sluice::plugins
