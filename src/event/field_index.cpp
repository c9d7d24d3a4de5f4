#include "event/field_index.hpp"

#include <functional>

namespace sluice {
namespace {

std::pair<size_t, std::string_view> name_of(Key key) {
  const auto text = key.text();
  return {std::hash<std::string_view>{}(text), text};
}

}  // namespace

FieldIndex::Places& FieldIndex::places(Object& object) {
  auto& places = objects_[&object];
  for (auto i = static_cast<uint32_t>(places.size()); i < object.size; ++i)
    places.emplace(name_of(object.members[i].key), i);
  return places;
}

Value* FieldIndex::find_wide(Object& object, Key key) {
  const auto& known = places(object);
  const auto found = known.find(name_of(key));
  return found == known.end() ? nullptr : &object.members[found->second].value;
}

void FieldIndex::set_wide(Arena& arena, Object& object, Key key, Value value) {
  const auto [place, fresh] = places(object).emplace(name_of(key), object.size);
  if (fresh)
    object.append(arena, key, value);
  else
    object.members[place->second].value = value;
}

}  // namespace sluice
