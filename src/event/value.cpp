#include "event/value.hpp"

#include <algorithm>
#include <functional>
#include <vector>

namespace sluice {
namespace {

constexpr uint32_t kFirstMembers = 16;  // most events have fewer

template <class T>
T* grown(Arena& arena, T* old, uint32_t size, uint32_t capacity) {
  T* fresh = arena.array<T>(capacity);
  if (size) std::memcpy(static_cast<void*>(fresh), old, size * sizeof(T));
  return fresh;
}

}  // namespace

Array* Array::make(Arena& arena, uint32_t capacity) {
  auto* a = new (arena.allocate(sizeof(Array))) Array;
  a->capacity = capacity;
  a->items = arena.array<Value>(capacity);
  return a;
}

void Array::push(Arena& arena, Value value) {
  if (size == capacity) {
    capacity = capacity ? capacity * 2 : 4;
    items = grown(arena, items, size, capacity);
  }
  items[size++] = value;
}

void Array::erase(uint32_t index) {
  for (uint32_t i = index + 1; i < size; ++i) items[i - 1] = items[i];
  --size;
}

Value* Object::find_text(Key key) {
  for (uint32_t i = 0; i < size; ++i)
    if (members[i].key == key) return &members[i].value;
  return nullptr;
}

Object* Object::make(Arena& arena, uint32_t capacity) {
  auto* o = new (arena.allocate(sizeof(Object))) Object;
  o->capacity = capacity;
  o->members = arena.array<Member>(capacity);
  return o;
}

void Object::append(Arena& arena, Key key, Value value) {
  if (size == capacity) {
    capacity = capacity ? capacity * 2 : kFirstMembers;
    members = grown(arena, members, size, capacity);
  }
  members[size++] = Member{key, value};
}

void Object::set(Arena& arena, Key key, Value value) {
  if (auto* old = find(key))
    *old = value;
  else
    append(arena, key, value);
}

void Object::merge_duplicates() {
  struct Place {
    size_t hash;
    uint32_t index;
  };
  constexpr size_t kPlacesKept = 1u << 16;
  thread_local std::vector<Place> places;
  places.clear();
  for (uint32_t i = 0; i < size; ++i)
    places.push_back({std::hash<std::string_view>{}(members[i].key.text()), i});
  const auto text = [this](const Place& place) { return members[place.index].key.text(); };
  // Equal hashes are told apart by text, so names that were made to collide cost no more than others.
  std::sort(places.begin(), places.end(), [&text](const Place& a, const Place& b) {
    if (a.hash != b.hash) return a.hash < b.hash;
    const int order = text(a).compare(text(b));
    return order ? order < 0 : a.index < b.index;
  });
  for (size_t first = 0, i = 1; i < places.size(); ++i) {
    if (places[i].hash != places[first].hash || text(places[i]) != text(places[first])) {
      first = i;
      continue;
    }
    auto& repeated = members[places[i].index];
    members[places[first].index].value = repeated.value;
    repeated.key = Key{};
  }
  auto* end = std::remove_if(members, members + size, [](const Member& m) { return m.key.null(); });
  size = static_cast<uint32_t>(end - members);
  if (places.capacity() > kPlacesKept) std::vector<Place>().swap(places);
}

bool Object::remove(Key key) {
  for (uint32_t i = 0; i < size; ++i) {
    if (!(members[i].key == key)) continue;
    for (uint32_t j = i + 1; j < size; ++j) members[j - 1] = members[j];
    --size;
    return true;
  }
  return false;
}

Value deep_copy(const Value& value, Arena& arena, bool copy_text) {
  switch (value.kind()) {
    case Value::Kind::string:
      return copy_text ? Value::string(arena.copy(value.as_text()), value.plain()) : value;
    case Value::Kind::decimal:
      return copy_text ? Value::decimal(arena.copy(value.as_text())) : value;
    case Value::Kind::array: {
      auto* copy = Array::make(arena, value.as_array()->size);
      for (const auto& item : value.as_array()->all()) copy->push(arena, deep_copy(item, arena, copy_text));
      return Value::array(copy);
    }
    case Value::Kind::object: {
      auto* copy = Object::make(arena, value.as_object()->size);
      for (const auto& m : value.as_object()->all()) {
        const Key key = m.key.interned() || !copy_text ? m.key : Key::of(m.key.text(), arena);
        copy->append(arena, key, deep_copy(m.value, arena, copy_text));
      }
      return Value::object(copy);
    }
    default:
      return value;
  }
}

bool equal(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Value::Kind::null:
      return true;
    case Value::Kind::boolean:
    case Value::Kind::integer:
    case Value::Kind::timestamp:
      return a.as_integer() == b.as_integer();
    case Value::Kind::real:
      return a.as_real() == b.as_real();
    case Value::Kind::decimal:
    case Value::Kind::string:
      return a.as_text() == b.as_text();
    case Value::Kind::array: {
      const auto x = a.as_array()->all(), y = b.as_array()->all();
      if (x.size() != y.size()) return false;
      for (size_t i = 0; i < x.size(); ++i)
        if (!equal(x[i], y[i])) return false;
      return true;
    }
    case Value::Kind::object: {
      const auto* y = b.as_object();
      if (a.as_object()->size != y->size) return false;
      for (const auto& m : a.as_object()->all()) {
        const auto* other = y->find(m.key);
        if (!other || !equal(m.value, *other)) return false;
      }
      return true;
    }
  }
  return false;
}

}  // namespace sluice
