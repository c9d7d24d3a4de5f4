// Config text on its way to a plan, for the tests of several layers.
#pragma once

#include <algorithm>
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

namespace sluice::test {

/// Parsed text with what it said.
struct Parsed {
  explicit Parsed(std::string_view text, lang::VariableLookup lookup = lang::environment_lookup) {
    sources.add("test.conf", std::string(text));
    config = std::make_shared<lang::Config>(lang::parse(sources, {}, diagnostics));
    lang::substitute_variables(*config, lookup, diagnostics);
  }
  /// The first plugin of the first section.
  [[nodiscard]] const lang::Plugin& plugin() const {
    return *std::get<std::shared_ptr<const lang::Plugin>>(config->sections.at(0).body.at(0).node);
  }

  lang::SourceSet sources;
  lang::Diagnostics diagnostics;
  std::shared_ptr<lang::Config> config;
};

/// The codes found, in order, separated by blanks.
inline std::string codes(const lang::Diagnostics& diagnostics) {
  std::string all;
  for (const auto& d : diagnostics.items()) all += (all.empty() ? "" : " ") + d.code;
  return all;
}

/// All findings as text, for the message of a failed check.
inline std::string shown(const Parsed& parsed) {
  return lang::render_report(parsed.diagnostics, parsed.sources, false);
}

/// An event of `batch` with the fields of a JSON object; not added to the batch.
inline Event& event_of(Batch& batch, std::string_view json) {
  auto& event = batch.make();
  Value root;
  if (JsonReader::local().read(json, batch.arena(), root) && root.is_object())
    event.fields() = *root.as_object();
  return event;
}

inline std::string json_of(const Event& event) {
  Buffer out;
  write_json(event, out);
  return std::string(out.view());
}

/// True when `text` is one JSON object or list.
inline bool is_json(std::string_view text) {
  Arena arena;
  Value value;
  JsonReader reader;
  return reader.read(text, arena, value);
}

}  // namespace sluice::test
