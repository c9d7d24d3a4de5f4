#include "plugins/jdbc/answer.hpp"

#include <new>
#include <utility>

namespace sluice::jdbc {
namespace {

bool has_text(const Value& value) { return value.is_string() || value.kind() == Value::Kind::decimal; }

size_t size_of(const Array& rows) {
  size_t size = sizeof(Array) + rows.size * sizeof(Value);
  for (const auto& row : rows.all()) {
    const Object& object = *row.as_object();
    size += sizeof(Object) + object.size * sizeof(Member);
    for (const auto& member : object.all())
      if (has_text(member.value)) size += member.value.as_text().size();
  }
  return size;
}

// `count` things in the block; everything but texts is aligned to eight bytes and comes first.
template <class T>
T* place(char*& at, size_t count = 1) {
  static_assert(alignof(T) <= 8 && sizeof(T) % 8 == 0);
  auto* made = reinterpret_cast<T*>(std::exchange(at, at + count * sizeof(T)));
  for (size_t i = 0; i < count; ++i) new (made + i) T();
  return made;
}

Value with_own_text(Value value, char*& at) {
  if (!has_text(value)) return value;
  const auto text = value.as_text();
  text.copy(at, text.size());
  const std::string_view copy(std::exchange(at, at + text.size()), text.size());
  return value.is_string() ? Value::string(copy, value.plain()) : Value::decimal(copy);
}

}  // namespace

Answer::Answer(const Rows& rows) : failed_(false) {
  if (rows.size() == 0) return;
  const Array& from = *rows.list.as_array();
  block_ = std::make_unique_for_overwrite<char[]>(size_of(from));
  char* at = block_.get();
  auto* list = place<Array>(at);
  list->items = place<Value>(at, from.size);
  list->size = list->capacity = from.size;
  for (uint32_t i = 0; i < from.size; ++i) {
    const Object& object = *from.items[i].as_object();
    auto* copy = place<Object>(at);
    copy->members = place<Member>(at, object.size);
    copy->size = copy->capacity = object.size;
    for (uint32_t k = 0; k < object.size; ++k) copy->members[k] = object.members[k];
    list->items[i] = Value::object(copy);
  }
  for (auto& row : list->all())
    for (auto& member : row.as_object()->all()) member.value = with_own_text(member.value, at);
  rows_ = Value::array(list);
}

}  // namespace sluice::jdbc
