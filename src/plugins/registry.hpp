// Puts every plugin of plugins.def into the registry.
#pragma once

namespace sluice::plugins {

/// Idempotent; call before a config is read.
void register_all();

}  // namespace sluice::plugins
