#include "plugin/spec.hpp"
#include "plugins/outputs/discard.hpp"

namespace sluice::plugins {

extern const plugin::Spec output_sink;
const plugin::Spec output_sink{
    .kind = plugin::Kind::output,
    .name = "sink",
    .summary = "Discards every event; another name for null.",
    .options = {},
    .example = "sink {}",
    .output = [](plugin::Setup&) -> std::unique_ptr<plugin::Output> { return std::make_unique<Discard>(); },
};

}  // namespace sluice::plugins
