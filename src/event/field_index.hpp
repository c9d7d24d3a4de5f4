// Setting many fields of one event: a wide object is looked through once, not once for each name.
#pragma once

#include <cstddef>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "event/value.hpp"

namespace sluice {

/// Knows where the members of wide objects stand, so that storing n names that came from outside takes
/// n log n at most, whatever they are. Lives for one operation on one event: while it does, objects that it
/// has met are changed through it only, and nothing is removed from them.
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

  struct Slot {
    uint32_t hash = 0;
    uint32_t place = 0;  // of the member, from 1; 0: free
  };
  /// The members of one object by name: a hash table, or a tree once names that were made to collide have
  /// come.
  struct Places {
    uint32_t known = 0;  // members that are in
    std::vector<Slot> slots;
    bool ordered = false;
    std::map<std::pair<size_t, std::string_view>, uint32_t> tree;
  };
  Places& places(const Object& object);
  static void add(Places& places, const Object& object);
  static bool insert(Places& places, std::string_view name, uint32_t index);
  static Value* look_up(const Places& places, Object& object, std::string_view name);
  Value* find_wide(Object& object, Key key);
  void set_wide(Arena& arena, Object& object, Key key, Value value);

  std::unordered_map<const Object*, Places> objects_;
};

}  // namespace sluice
