#include "plugins/codecs/payload.hpp"

namespace sluice::plugins {

bool set_payload(Event& event, const FieldRef& target, const Value& payload) {
  if (!target.empty()) return event.set(target, payload) == SetError::none;
  if (payload.is_object()) event.fields() = *payload.as_object();
  return payload.is_object() || payload.is_null();
}

}  // namespace sluice::plugins
