#include "event/field_layout.hpp"

#include <algorithm>
#include <array>

namespace sluice {

namespace {
constexpr uint32_t kFewestMembers = 16;  // of an object that grows: most events have fewer
}

/// The parents in one event.
struct FieldLayout::Objects {
  Arena& arena;
  const std::vector<Parent>& parents;
  std::array<Object*, kMostParents> at;  // null: not there yet
  // How many members it had before, which are those to look at: what is set here is set once. 0 as well when
  // none of them has a name that is set here.
  std::array<uint32_t, kMostParents> known;
  bool looked_at = false;  // some are not 0

  Objects(Arena& memory, const std::vector<Parent>& all) : arena(memory), parents(all) {}

  // False when something that is no object is in the way.
  bool find(const Event& event) {
    meet(kFields, &event.fields());
    meet(kMetadata, &event.metadata());
    for (uint32_t i = kMetadata + 1; i < parents.size(); ++i) {
      const Value* value = find(parents[i].above, parents[i].key);
      if (value && !value->is_null() && !value->is_object()) return false;
      meet(i, value && value->is_object() ? value->as_object() : nullptr);
    }
    return true;
  }

  void meet(uint32_t parent, Object* object) {
    at[parent] = object;
    known[parent] = object && may_have(*object, parents[parent].names) ? object->size : 0;
    looked_at |= known[parent] != 0;
  }

  static bool may_have(const Object& object, const NameSet& names) {
    for (const auto& member : object.all())
      if (names.may_hold(member.key)) return true;
    return false;
  }

  Object& make(uint32_t parent) {
    auto* made = Object::make(arena, parents[parent].size);
    set(parents[parent].above, parents[parent].key, Value::object(made));
    return *(at[parent] = made);
  }

  // What was there before.
  Value* find(uint32_t parent, Key key) {
    for (uint32_t i = 0; i < known[parent]; ++i)
      if (at[parent]->members[i].key == key) return &at[parent]->members[i].value;
    return nullptr;
  }

  void set(uint32_t parent, Key key, Value value) {
    if (Value* old = find(parent, key))
      *old = value;
    else
      append(parent, key, value);
  }

  void append(uint32_t parent, Key key, Value value) {
    (at[parent] ? *at[parent] : make(parent)).append(arena, key, value);
  }

  // The object with room for `more` members.
  Object& with_room(uint32_t parent, uint32_t more) {
    Object& object = at[parent] ? *at[parent] : make(parent);
    if (object.capacity - object.size >= more) return object;
    object.capacity = std::max({object.size + more, object.capacity * 2, kFewestMembers});
    auto* members = arena.array<Member>(object.capacity);
    std::copy_n(object.members, object.size, members);
    object.members = members;
    return object;
  }
};

FieldLayout::FieldLayout(std::span<const FieldRef> places) : parents_(2) {
  for (const auto& ref : places) add(ref);
  for (auto& place : places_) {
    for (uint32_t i = kMetadata + 1; i < parents_.size(); ++i) {
      if (place.parent != parents_[i].above || !(place.key == parents_[i].key)) continue;
      place.as_parent = i;
      place_as_parent_ = true;
      for (const auto& deeper : parents_) simple_ = simple_ && deeper.above != i;
    }
  }
}

void FieldLayout::add(const FieldRef& ref) {
  Place place;
  if (!ref.empty()) {
    const auto& steps = ref.steps();
    simple_ = simple_ && !steps.empty() && !ref.is_timestamp() && !ref.is_tags() && !ref.is_below_tags();
    place.parent = ref.metadata() ? kMetadata : kFields;
    for (size_t i = 0; i + 1 < steps.size(); ++i) place.parent = parent_of(place.parent, steps[i].key);
    if (!steps.empty()) {
      place.key = steps.back().key;
      parents_[place.parent].names.add(place.key);
    }
    for (const auto& other : places_)
      simple_ = simple_ && !(other.parent == place.parent && other.key == place.key);
    // What stands below this place must come behind it.
    for (const auto& parent : parents_)
      simple_ = simple_ && !(parent.above == place.parent && parent.key == place.key);
    ++parents_[place.parent].size;
    simple_ = simple_ && parents_.size() <= kMostParents;
  }
  places_.push_back(place);
}

uint32_t FieldLayout::parent_of(uint32_t above, Key key) {
  for (uint32_t i = kMetadata + 1; i < parents_.size(); ++i)
    if (parents_[i].above == above && parents_[i].key == key) return i;
  ++parents_[above].size;
  parents_[above].names.add(key);
  parents_.push_back({above, key, 0, {}});
  return static_cast<uint32_t>(parents_.size() - 1);
}

bool FieldLayout::set(Event& event, std::span<const Value> values) const {
  if (!simple_) return false;
  Objects objects(event.arena(), parents_);
  if (!objects.find(event)) return false;
  if (objects.looked_at || place_as_parent_) return set_among(objects, values);
  append(objects, values);
  return true;
}

// Sets what the event has no name of. What stands together goes into its object in one run.
void FieldLayout::append(Objects& objects, std::span<const Value> values) const {
  const std::span<const Place> places = places_;
  for (size_t i = 0; i < places.size();) {
    const uint32_t parent = places[i].parent;
    if (parent == kNone || values[i].is_null()) {
      ++i;
      continue;
    }
    Object& object = objects.with_room(parent, parents_[parent].size);
    Member* end = object.members + object.size;
    for (; i < places.size() && places[i].parent == parent; ++i) {
      if (values[i].is_null()) continue;
      end->key = places[i].key;
      end->value = values[i];
      ++end;
    }
    object.size = static_cast<uint32_t>(end - object.members);
  }
}

// The same where the event has some of the names, or a value is the parent of others.
bool FieldLayout::set_among(Objects& objects, std::span<const Value> values) const {
  if (place_as_parent_)
    for (size_t i = 0; i < places_.size(); ++i)
      if (places_[i].as_parent != kNone && !values[i].is_null() && !values[i].is_object()) return false;
  for (size_t i = 0; objects.looked_at && i < places_.size(); ++i) {
    const Place& place = places_[i];
    if (place.kept && !values[i].is_null() && objects.find(place.parent, place.key)) return false;
  }
  for (size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    if (values[i].is_null() || place.parent == kNone) continue;
    objects.set(place.parent, place.key, values[i]);
    if (place.as_parent == kNone) continue;
    objects.at[place.as_parent] = values[i].as_object();
    objects.known[place.as_parent] = values[i].as_object()->size;
  }
  return true;
}

}  // namespace sluice
