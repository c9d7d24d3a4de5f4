#include "event/field_index.hpp"

#include <algorithm>
#include <functional>

namespace sluice {
namespace {

constexpr size_t kMostProbes = 256;  // ordinary names need a few dozen at most

size_t hash_of(std::string_view name) { return std::hash<std::string_view>{}(name); }

}  // namespace

FieldIndex::Places& FieldIndex::places(const Object& object) {
  auto& places = objects_[&object];
  while (places.known < object.size) add(places, object);
  return places;
}

// Takes the next member in. The table is at most half full.
void FieldIndex::add(Places& places, const Object& object) {
  const auto name = [&object](uint32_t index) { return object.members[index].key.text(); };
  const uint32_t index = places.known++;
  if (!places.ordered && places.known * 2 > places.slots.size()) {
    places.slots.assign(std::max<size_t>(4 * kNarrow, places.slots.size() * 2), {});
    for (uint32_t i = 0; i < index && !places.ordered; ++i) places.ordered = !insert(places, name(i), i);
  }
  if (!places.ordered) places.ordered = !insert(places, name(index), index);
  if (!places.ordered) return;
  for (auto i = static_cast<uint32_t>(places.tree.size()); i <= index; ++i)
    places.tree.emplace(std::pair{hash_of(name(i)), name(i)}, i);
}

// False when there are too many names in the way.
bool FieldIndex::insert(Places& places, std::string_view name, uint32_t index) {
  const size_t hash = hash_of(name), mask = places.slots.size() - 1;
  for (size_t probe = 0; probe < kMostProbes; ++probe) {
    auto& slot = places.slots[(hash + probe) & mask];
    if (slot.place != 0) continue;
    slot = {static_cast<uint32_t>(hash >> 32), index + 1};
    return true;
  }
  return false;
}

Value* FieldIndex::look_up(const Places& places, Object& object, std::string_view name) {
  const size_t hash = hash_of(name);
  if (places.ordered) {
    const auto found = places.tree.find({hash, name});
    return found == places.tree.end() ? nullptr : &object.members[found->second].value;
  }
  const size_t mask = places.slots.size() - 1;
  for (size_t probe = 0; probe < kMostProbes; ++probe) {
    const auto& slot = places.slots[(hash + probe) & mask];
    if (slot.place == 0) return nullptr;
    auto& member = object.members[slot.place - 1];
    if (slot.hash == static_cast<uint32_t>(hash >> 32) && member.key.text() == name) return &member.value;
  }
  return nullptr;
}

Value* FieldIndex::find_wide(Object& object, Key key) { return look_up(places(object), object, key.text()); }

void FieldIndex::set_wide(Arena& arena, Object& object, Key key, Value value) {
  if (auto* old = find_wide(object, key))
    *old = value;
  else
    object.append(arena, key, value);
}

}  // namespace sluice
