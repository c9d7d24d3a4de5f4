// Fields that an input gives an event unless the event has them already.
#pragma once

#include <string>
#include <string_view>

#include "event/event.hpp"
#include "plugin/codec.hpp"
#include "plugin/setup.hpp"

namespace sluice::plugins {

/// A field with one reference for the legacy layout and one for ECS.
class DefaultField {
 public:
  DefaultField() = default;
  explicit DefaultField(std::string_view ref)
      : ref_(FieldRef::of(ref)), flat_(ref_.steps().size() == 1 && !ref_.is_timestamp() && !ref_.is_tags()) {}
  DefaultField(const plugin::Setup& setup, std::string_view legacy, std::string_view ecs)
      : DefaultField(setup.ecs() ? ecs : legacy) {}

  /// Sets the field where the event has none or null there. `value` must live as long as the batch.
  void fill(Event& event, Value value) const {
    if (!flat_) {
      const Value* known = event.get(ref_);
      if (!known || known->is_null()) (void)event.set(ref_, value);
      return;
    }
    const Key key = ref_.steps()[0].key;
    Object& object = ref_.metadata() ? event.metadata() : event.fields();
    Value* known = object.find(key);
    if (!known)
      object.append(event.arena(), key, value);
    else if (known->is_null())
      *known = value;
  }
  void put(Event& event, Value value) const {
    if (flat_)
      (ref_.metadata() ? event.metadata() : event.fields()).set(event.arena(), ref_.steps()[0].key, value);
    else
      (void)event.set(ref_, value);
  }
  [[nodiscard]] const FieldRef& ref() const { return ref_; }

 private:
  FieldRef ref_;
  bool flat_ = false;  // one step that any value may take: no need to look twice
};

/// The name of this host as inputs report it: node.name, or the system's host name.
std::string host_name(const plugin::Environment& environment);

}  // namespace sluice::plugins
