#include "plugin/event_source.hpp"

#include <fmt/format.h>

namespace sluice::plugin {
namespace {

thread_local const Batch* working_on = nullptr;

// Where inputs put the peer's address.
constexpr const char* kPeerFields[] = {"[@metadata][input][tcp][source][ip]", "[@metadata][ip_address]",
                                       "[@metadata][input][beats][host][ip]", "[host][ip]"};

}  // namespace

BatchScope::BatchScope(const Batch& batch) { working_on = &batch; }
BatchScope::~BatchScope() { working_on = nullptr; }

std::string source_of(const Event& event) {
  std::string text;
  if (working_on && event.source < working_on->sources().size()) {
    const auto& source = working_on->sources()[event.source];
    text = fmt::format("input {}", source.input_id);
    if (!source.stream.empty()) text += fmt::format(", {}", source.stream);
    text += fmt::format(", position {}", event.position);
  }
  for (const auto* name : kPeerFields) {
    const Value* peer = event.get(FieldRef::of(name));
    if (!peer || !peer->is_string()) continue;
    text += fmt::format("{}from {}", text.empty() ? "" : ", ", peer->as_text().substr(0, 64));
    break;
  }
  return text.empty() ? "unknown" : text;
}

}  // namespace sluice::plugin
