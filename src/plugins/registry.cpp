#include "plugins/registry.hpp"

#include "plugin/spec.hpp"

namespace sluice::plugins {

#define PLUGIN(kind, name) extern const plugin::Spec kind##_##name;
#include "plugins/plugins.def"
#undef PLUGIN

void register_all() {
  static const bool once = [] {
    auto& registry = plugin::Registry::get();
#define PLUGIN(kind, name) registry.add(kind##_##name);
#include "plugins/plugins.def"
#undef PLUGIN
    return true;
  }();
  (void)once;
}

}  // namespace sluice::plugins
