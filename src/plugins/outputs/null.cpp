#include "plugin/spec.hpp"
#include "plugins/outputs/discard.hpp"

namespace sluice::plugins {

extern const plugin::Spec output_null;
const plugin::Spec output_null{
    .kind = plugin::Kind::output,
    .name = "null",
    .summary = "Discards every event, for measuring and for pipelines that only count.",
    .options = {},
    .example = "null {}",
    .output = [](plugin::Setup&) -> std::unique_ptr<plugin::Output> { return std::make_unique<Discard>(); },
};

}  // namespace sluice::plugins
