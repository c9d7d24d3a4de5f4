#include "plugins/protobuf/to_value.hpp"

#include "plugins/wire/values.hpp"

namespace sluice::plugins::protobuf {
namespace {

using CppType = pb::FieldDescriptor::CppType;

// The key of a map's entry as the text that names it in the event.
std::string key_text(const pb::Message& entry, const pb::FieldDescriptor& key) {
  const auto& r = *entry.GetReflection();
  switch (key.cpp_type()) {
    case CppType::CPPTYPE_INT32:
      return std::to_string(r.GetInt32(entry, &key));
    case CppType::CPPTYPE_INT64:
      return std::to_string(r.GetInt64(entry, &key));
    case CppType::CPPTYPE_UINT32:
      return std::to_string(r.GetUInt32(entry, &key));
    case CppType::CPPTYPE_UINT64:
      return std::to_string(r.GetUInt64(entry, &key));
    case CppType::CPPTYPE_BOOL:
      return r.GetBool(entry, &key) ? "true" : "false";
    default:
      return r.GetString(entry, &key);
  }
}

}  // namespace

// A field that is not set is left out when that can be seen; in version 3 those that cannot tell are shown
// with their default.
bool ToValue::hidden(const pb::Message& message, const pb::FieldDescriptor& field) const {
  if (field.is_repeated()) return false;
  if (version_ == Version::two || field.has_presence())
    return !message.GetReflection()->HasField(message, &field);
  return false;
}

Object* ToValue::object(const pb::Message& message, Arena& arena, Object** chosen) const {
  const Shape& shape = schema_.shape(*message.GetDescriptor());
  if (chosen) *chosen = Object::make(arena, 0);
  if (version_ == Version::three && shape.is_struct) return free_struct(message, arena);
  auto* fields = Object::make(arena, static_cast<uint32_t>(shape.fields.size()));
  Object* choices = chosen ? *chosen : nullptr;
  for (const auto& [descriptor, key] : shape.fields) {
    if (hidden(message, *descriptor)) continue;
    const Shown shown = field(message, *descriptor, arena, chosen != nullptr);
    fields->append(arena, key, shown.value);
    if (choices && !shown.chosen.is_null()) choices->append(arena, key, shown.chosen);
  }
  for (const auto& [choice, key] : shape.choices) {
    if (!choices) break;
    const auto* set = message.GetReflection()->GetOneofFieldDescriptor(message, choice);
    choices->set(arena, key, Value::string(set ? Key::intern(set->name()).text() : std::string_view{}));
  }
  return fields;
}

ToValue::Shown ToValue::field(const pb::Message& message, const pb::FieldDescriptor& field, Arena& arena,
                              bool wants) const {
  if (field.is_map()) return map(message, field, arena, wants);
  if (field.is_repeated()) return list(message, field, arena, wants);
  if (field.cpp_type() == CppType::CPPTYPE_MESSAGE)
    return sub(message.GetReflection()->GetMessage(message, &field), arena, wants);
  return {scalar(message, field, -1, arena), {}};
}

ToValue::Shown ToValue::sub(const pb::Message& message, Arena& arena, bool wants) const {
  Object* chosen = nullptr;
  const Value value = Value::object(object(message, arena, wants ? &chosen : nullptr));
  return {value, chosen && chosen->size > 0 ? Value::object(chosen) : Value()};
}

// Logstash has an entry for each element here, an empty one for scalars too.
ToValue::Shown ToValue::list(const pb::Message& message, const pb::FieldDescriptor& field, Arena& arena,
                             bool wants) const {
  const auto& r = *message.GetReflection();
  const int size = r.FieldSize(message, &field);
  auto* values = Array::make(arena, static_cast<uint32_t>(size));
  auto* choices = wants && size > 0 ? Array::make(arena, static_cast<uint32_t>(size)) : nullptr;
  for (int i = 0; i < size; ++i) {
    const Shown one = field.cpp_type() == CppType::CPPTYPE_MESSAGE
                          ? sub(r.GetRepeatedMessage(message, &field, i), arena, wants)
                          : Shown{scalar(message, field, i, arena), {}};
    values->push(arena, one.value);
    if (choices)
      choices->push(arena, one.chosen.is_null() ? Value::object(Object::make(arena, 0)) : one.chosen);
  }
  return {Value::array(values), choices ? Value::array(choices) : Value()};
}

ToValue::Shown ToValue::map(const pb::Message& message, const pb::FieldDescriptor& field, Arena& arena,
                            bool wants) const {
  const auto& r = *message.GetReflection();
  const auto& key_field = *field.message_type()->map_key();
  const auto& value_field = *field.message_type()->map_value();
  const int size = r.FieldSize(message, &field);
  auto* values = Object::make(arena, static_cast<uint32_t>(size));
  auto* choices = wants ? Object::make(arena, 0) : nullptr;
  for (int i = 0; i < size; ++i) {
    const auto& entry = r.GetRepeatedMessage(message, &field, i);
    const Key key = Key::of(key_text(entry, key_field), arena);
    const Shown one = this->field(entry, value_field, arena, wants);
    values->append(arena, key, one.value);
    if (choices && !one.chosen.is_null()) choices->append(arena, key, one.chosen);
  }
  values->merge_duplicates();
  return {Value::object(values), choices && choices->size > 0 ? Value::object(choices) : Value()};
}

Value ToValue::scalar(const pb::Message& m, const pb::FieldDescriptor& field, int i, Arena& arena) const {
  const auto& r = *m.GetReflection();
  const auto* f = &field;
  switch (field.cpp_type()) {
    case CppType::CPPTYPE_INT32:
      return Value::integer(i < 0 ? r.GetInt32(m, f) : r.GetRepeatedInt32(m, f, i));
    case CppType::CPPTYPE_INT64:
      return Value::integer(i < 0 ? r.GetInt64(m, f) : r.GetRepeatedInt64(m, f, i));
    case CppType::CPPTYPE_UINT32:
      return Value::integer(i < 0 ? r.GetUInt32(m, f) : r.GetRepeatedUInt32(m, f, i));
    case CppType::CPPTYPE_UINT64:
      return wire::unsigned_value(i < 0 ? r.GetUInt64(m, f) : r.GetRepeatedUInt64(m, f, i), arena);
    case CppType::CPPTYPE_DOUBLE:
      return Value::real(i < 0 ? r.GetDouble(m, f) : r.GetRepeatedDouble(m, f, i));
    case CppType::CPPTYPE_FLOAT:
      return Value::real(i < 0 ? r.GetFloat(m, f) : r.GetRepeatedFloat(m, f, i));
    case CppType::CPPTYPE_BOOL:
      return Value::boolean(i < 0 ? r.GetBool(m, f) : r.GetRepeatedBool(m, f, i));
    case CppType::CPPTYPE_ENUM: {
      const int number = i < 0 ? r.GetEnumValue(m, f) : r.GetRepeatedEnumValue(m, f, i);
      const auto* named = version_ == Version::three ? f->enum_type()->FindValueByNumber(number) : nullptr;
      return named ? Value::string(arena.copy(named->name())) : Value::integer(number);
    }
    case CppType::CPPTYPE_STRING: {
      std::string scratch;
      const auto& text =
          i < 0 ? r.GetStringReference(m, f, &scratch) : r.GetRepeatedStringReference(m, f, i, &scratch);
      return wire::text_value(text, arena);
    }
    default:
      return {};
  }
}

// google.protobuf.Struct as the JSON that it stands for.
Object* ToValue::free_struct(const pb::Message& message, Arena& arena) const {
  const auto& r = *message.GetReflection();
  const auto* fields = message.GetDescriptor()->FindFieldByNumber(1);
  auto* object = Object::make(arena);
  if (fields && fields->is_map()) {
    for (int i = 0; i < r.FieldSize(message, fields); ++i) {
      const auto& entry = r.GetRepeatedMessage(message, fields, i);
      const Key key = Key::of(key_text(entry, *fields->message_type()->map_key()), arena);
      object->append(
          arena, key,
          free_value(entry.GetReflection()->GetMessage(entry, fields->message_type()->map_value()), arena));
    }
  }
  object->merge_duplicates();
  return object;
}

Value ToValue::free_value(const pb::Message& message, Arena& arena) const {
  constexpr int kStruct = 5, kList = 6, kNull = 1;
  const auto& r = *message.GetReflection();
  const auto* choice =
      message.GetDescriptor()->oneof_decl_count() > 0 ? message.GetDescriptor()->oneof_decl(0) : nullptr;
  const auto* set = choice ? r.GetOneofFieldDescriptor(message, choice) : nullptr;
  if (!set || set->number() == kNull) return {};
  if (set->number() == kStruct && set->message_type())
    return Value::object(free_struct(r.GetMessage(message, set), arena));
  if (set->number() == kList && set->message_type()) {
    const auto& list = r.GetMessage(message, set);
    const auto* values = list.GetDescriptor()->FindFieldByNumber(1);
    auto* array = Array::make(arena);
    if (values && values->is_repeated() && values->message_type())
      for (int i = 0; i < list.GetReflection()->FieldSize(list, values); ++i)
        array->push(arena, free_value(list.GetReflection()->GetRepeatedMessage(list, values, i), arena));
    return Value::array(array);
  }
  return set->message_type() ? Value() : scalar(message, *set, -1, arena);
}

}  // namespace sluice::plugins::protobuf
