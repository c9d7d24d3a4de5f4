// An object that many events get: laid out so that a copy of all of it is one block.
#pragma once

#include <cstddef>
#include <memory>

#include "event/event.hpp"

namespace sluice {

/// A copy of an object, with all that is below it, apart from any batch. Immutable: workers may share it.
class FrozenObject {
 public:
  FrozenObject() = default;
  /// Copies `object`, whose names, and those below it, have to be interned.
  explicit FrozenObject(const Object& object);

  /// False for one that was made of nothing.
  explicit operator bool() const { return block_ != nullptr; }
  /// A copy that belongs to `arena`, texts too. Not for an object made of nothing.
  [[nodiscard]] Object* thaw(Arena& arena) const;
  /// Sets the field to a copy where the event has none or null there, and gives the copy. Null, and nothing
  /// is changed, where there is something already or the field cannot be set.
  Object* thaw_into(Event& event, const FieldRef& field) const;

 private:
  std::unique_ptr<char[]> block_;  // the object, then what is below it, then the texts
  size_t size_ = 0;
};

}  // namespace sluice
