// Setting many fields of one event: a wide object is looked through once, not once for each name.
#pragma once

#include <cstddef>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "event/value.hpp"

namespace sluice {

/// Knows where the members of wide objects stand, so that storing n names that came from outside takes
/// n log n whatever they are. Lives for one operation on one event: while it does, objects that it has met
/// are changed through it only, and nothing is removed from them.
class FieldIndex {
 public:
  [[nodiscard]] Value* find(Object& object, Key key) {
    return object.size <= kNarrow ? object.find(key) : find_wide(object, key);
  }
  /// As Object::set.
  void set(Arena& arena, Object& object, Key key, Value value) {
    if (object.size <= kNarrow)
      object.set(arena, key, value);
    else
      set_wide(arena, object, key, value);
  }

 private:
  static constexpr uint32_t kNarrow = 64;
  // Ordered, so that names that were made to collide cost no more than others.
  using Places = std::map<std::pair<size_t, std::string_view>, uint32_t>;
  Places& places(Object& object);
  Value* find_wide(Object& object, Key key);
  void set_wide(Arena& arena, Object& object, Key key, Value value);
  std::unordered_map<const Object*, Places> objects_;
};

}  // namespace sluice
