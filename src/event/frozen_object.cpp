#include "event/frozen_object.hpp"

#include <cstring>
#include <new>

namespace sluice {
namespace {

/// Bytes that a value takes beside itself.
struct Sizes {
  size_t containers = 0;
  size_t texts = 0;

  void add(const Value& value) {
    switch (value.kind()) {
      case Value::Kind::string:
      case Value::Kind::decimal:
        texts += value.as_text().size();
        break;
      case Value::Kind::array:
        containers += sizeof(Array) + value.as_array()->size * sizeof(Value);
        for (const auto& item : value.as_array()->all()) add(item);
        break;
      case Value::Kind::object:
        containers += sizeof(Object) + value.as_object()->size * sizeof(Member);
        for (const auto& member : value.as_object()->all()) add(member.value);
        break;
      default:
        break;
    }
  }
};

/// Copies values into one block.
struct Copier {
  char* containers;  // where the next one goes
  char* texts;

  template <class T>
  T* take(size_t count) {
    static_assert(sizeof(T) % alignof(Value) == 0);
    T* made = new (containers) T[count];
    containers += count * sizeof(T);
    return made;
  }
  std::string_view copy(std::string_view text) {
    char* const at = texts;
    texts += text.copy(at, text.size());
    return {at, text.size()};
  }
  Object* copy(const Object& object) {
    auto* made = take<Object>(1);
    made->members = take<Member>(object.size);
    made->size = made->capacity = object.size;
    for (uint32_t i = 0; i < object.size; ++i)
      made->members[i] = {object.members[i].key, copy(object.members[i].value)};
    return made;
  }
  Array* copy(const Array& array) {
    auto* made = take<Array>(1);
    made->items = take<Value>(array.size);
    made->size = made->capacity = array.size;
    for (uint32_t i = 0; i < array.size; ++i) made->items[i] = copy(array.items[i]);
    return made;
  }
  Value copy(const Value& value) {
    switch (value.kind()) {
      case Value::Kind::string:
        return Value::string(copy(value.as_text()), value.plain());
      case Value::Kind::decimal:
        return Value::decimal(copy(value.as_text()));
      case Value::Kind::array:
        return Value::array(copy(*value.as_array()));
      case Value::Kind::object:
        return Value::object(copy(*value.as_object()));
      default:
        return value;
    }
  }
};

/// Makes what was copied as bytes point into the copy.
struct Mover {
  uintptr_t by;  // the copy's address less the block's

  template <class T>
  T* moved(T* pointer) const {
    return reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(pointer) + by);
  }
  void move(Object& object) const {
    object.members = moved(object.members);
    for (auto& member : object.all()) move(member.value);
  }
  void move(Value& value) const {
    switch (value.kind()) {
      case Value::Kind::string: {
        const auto text = value.as_text();
        value = Value::string({moved(text.data()), text.size()}, value.plain());
        break;
      }
      case Value::Kind::decimal: {
        const auto text = value.as_text();
        value = Value::decimal({moved(text.data()), text.size()});
        break;
      }
      case Value::Kind::array: {
        auto* array = moved(value.as_array());
        array->items = moved(array->items);
        for (auto& item : array->all()) move(item);
        value = Value::array(array);
        break;
      }
      case Value::Kind::object: {
        auto* object = moved(value.as_object());
        move(*object);
        value = Value::object(object);
        break;
      }
      default:
        break;
    }
  }
};

}  // namespace

FrozenObject::FrozenObject(const Object& object) {
  Sizes sizes;
  sizes.add(Value::object(const_cast<Object*>(&object)));
  size_ = sizes.containers + sizes.texts;
  block_ = std::make_unique<char[]>(size_);
  Copier copier{block_.get(), block_.get() + sizes.containers};
  copier.copy(object);
}

Object* FrozenObject::thaw(Arena& arena) const {
  auto* copy = static_cast<char*>(arena.allocate(size_, alignof(Object)));
  std::memcpy(copy, block_.get(), size_);
  auto* object = std::launder(reinterpret_cast<Object*>(copy));
  Mover{reinterpret_cast<uintptr_t>(copy) - reinterpret_cast<uintptr_t>(block_.get())}.move(*object);
  return object;
}

Object* FrozenObject::thaw_into(Event& event, const FieldRef& field) const {
  Value* known = event.get(field);
  if (known && !known->is_null()) return nullptr;
  auto* object = thaw(event.arena());
  const bool at_root =
      field.steps().size() == 1 && !field.metadata() && !field.is_timestamp() && !field.is_tags();
  if (at_root && !known) {
    event.fields().append(event.arena(), field.steps()[0].key, Value::object(object));
    return object;
  }
  return event.set(field, Value::object(object)) == SetError::none ? object : nullptr;
}

}  // namespace sluice
