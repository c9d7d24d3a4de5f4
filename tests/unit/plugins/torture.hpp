// What the property tests of filters and codecs have in common.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/registry.hpp"

namespace sluice::test {

/// A plugin that such a test leaves out.
struct Skipped {
  std::string_view name, reason;
};

inline bool is_skipped(std::span<const Skipped> list, std::string_view name) {
  return std::any_of(list.begin(), list.end(), [&](const Skipped& s) { return s.name == name; });
}

/// Where hostile input runs: all plugins known, and nothing logged of the thousands of bad events.
inline plugin::Environment quiet(std::string_view ecs) {
  log::Options options;
  options.level = log::Level::fatal;
  log::configure(options);
  plugins::register_all();
  plugin::Environment environment;
  environment.ecs_default = ecs;
  return environment;
}

}  // namespace sluice::test
