// What a codec has decoded becomes an event: at the root, or in the field of the option `target`.
#pragma once

#include "event/event.hpp"

namespace sluice::plugins {

/// Fills a new event with `payload`. At the root that is an object, or null for an event without fields; in
/// the field `target` (empty: the root) it may be anything. False when it cannot be.
bool set_payload(Event& event, const FieldRef& target, const Value& payload);

}  // namespace sluice::plugins
