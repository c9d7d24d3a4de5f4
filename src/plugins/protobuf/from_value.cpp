#include "plugins/protobuf/from_value.hpp"

#include <cmath>
#include <limits>

#include "base/utf8.hpp"
#include "event/event.hpp"
#include "match/numbers.hpp"

namespace sluice::plugins::protobuf {
namespace {

using CppType = pb::FieldDescriptor::CppType;

/// An integer of up to 64 bits, with or without a sign.
struct Whole {
  bool negative = false;
  uint64_t size = 0;  // without the sign
};

std::optional<Whole> whole_of(double number) {
  if (number != std::trunc(number) || std::abs(number) >= 18446744073709551616.0) return std::nullopt;
  return Whole{number < 0, static_cast<uint64_t>(std::abs(number))};
}

// The digits at the begin of a text, as Ruby's to_i takes them; 0 without any. Nothing when there are too
// many.
std::optional<Whole> leading_digits(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\n\v\f\r");
  if (begin == std::string_view::npos) return Whole{};
  text.remove_prefix(begin);
  Whole whole;
  if (text[0] == '-' || text[0] == '+') {
    whole.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  for (const char c : text) {
    if (c < '0' || c > '9') break;
    const auto digit = static_cast<uint64_t>(c - '0');
    if (whole.size > (UINT64_MAX - digit) / 10) return std::nullopt;
    whole.size = whole.size * 10 + digit;
  }
  return whole;
}

std::optional<Whole> whole_of(const Value& value, bool convert) {
  switch (value.kind()) {
    case Value::Kind::integer: {
      const int64_t number = value.as_integer();
      return Whole{number < 0,
                   number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number)};
    }
    case Value::Kind::real:
      return whole_of(value.as_real());
    case Value::Kind::decimal:
      return leading_digits(value.as_text());
    case Value::Kind::string:
      return convert ? leading_digits(value.as_text()) : std::nullopt;
    default:
      return std::nullopt;
  }
}

// The number as a signed one of `bits` bits, or nothing.
std::optional<int64_t> signed_of(const Whole& whole, unsigned bits) {
  const uint64_t limit = uint64_t{1} << (bits - 1);
  if (whole.size > (whole.negative ? limit : limit - 1)) return std::nullopt;
  return static_cast<int64_t>(whole.negative ? 0 - whole.size : whole.size);
}

}  // namespace

bool FromValue::misfit(const pb::FieldDescriptor& field) {
  problem_ = "the value of " + field.full_name() + " does not fit its type " + field.type_name();
  return false;
}

bool FromValue::fill(const Object& object, pb::Message& message) {
  const auto& type = *message.GetDescriptor();
  if (schema_.shape(type).is_struct) return free_struct(object, message);
  std::string name;
  for (const auto& entry : object.all()) {
    if (entry.value.is_null()) continue;
    name.clear();
    for (const char c : entry.key.text())
      if (c != '@') name += c;
    const auto* field = type.FindFieldByName(name);
    if (!field) {
      problem_ = type.full_name() + " has no field " + name;
      return false;
    }
    if (!member(*field, entry.value, message)) return false;
  }
  return true;
}

bool FromValue::member(const pb::FieldDescriptor& field, const Value& value, pb::Message& message) {
  if (field.is_map()) return map(field, value, message);
  if (field.is_repeated()) return list(field, value, message);
  return one(field, value, message, false);
}

bool FromValue::list(const pb::FieldDescriptor& field, const Value& value, pb::Message& message) {
  if (!value.is_array()) return misfit(field);
  for (const auto& item : value.as_array()->all())
    if (!one(field, item, message, true)) return false;
  return true;
}

bool FromValue::map(const pb::FieldDescriptor& field, const Value& value, pb::Message& message) {
  if (!value.is_object()) return misfit(field);
  const auto& key = *field.message_type()->map_key();
  const auto& mapped = *field.message_type()->map_value();
  FromValue keys(schema_, true);  // names are texts: those of numbers have to be read
  for (const auto& entry : value.as_object()->all()) {
    auto* added = message.GetReflection()->AddMessage(&message, &field);
    if (!keys.one(key, Value::string(entry.key.text()), *added, false)) return misfit(key);
    if (!entry.value.is_null() && !one(mapped, entry.value, *added, false)) return false;
  }
  return true;
}

bool FromValue::one(const pb::FieldDescriptor& field, const Value& value, pb::Message& message, bool add) {
  const auto& r = *message.GetReflection();
  switch (field.cpp_type()) {
    case CppType::CPPTYPE_INT32:
    case CppType::CPPTYPE_INT64:
    case CppType::CPPTYPE_UINT32:
    case CppType::CPPTYPE_UINT64:
      return integer(field, value, message, add);
    case CppType::CPPTYPE_DOUBLE:
    case CppType::CPPTYPE_FLOAT:
      return real(field, value, message, add);
    case CppType::CPPTYPE_BOOL:
      return boolean(field, value, message, add);
    case CppType::CPPTYPE_ENUM:
      return enumeration(field, value, message, add);
    case CppType::CPPTYPE_STRING:
      return text(field, value, message, add);
    case CppType::CPPTYPE_MESSAGE: {
      if (!value.is_object()) return misfit(field);
      auto* inner = add ? r.AddMessage(&message, &field) : r.MutableMessage(&message, &field);
      return fill(*value.as_object(), *inner);
    }
  }
  return misfit(field);
}

bool FromValue::integer(const pb::FieldDescriptor& field, const Value& value, pb::Message& m, bool add) {
  const auto& r = *m.GetReflection();
  const auto whole = whole_of(value, convert_);
  if (!whole) return misfit(field);
  const bool wide = field.cpp_type() == CppType::CPPTYPE_INT64 || field.cpp_type() == CppType::CPPTYPE_UINT64;
  if (field.cpp_type() == CppType::CPPTYPE_INT32 || field.cpp_type() == CppType::CPPTYPE_INT64) {
    const auto number = signed_of(*whole, wide ? 64 : 32);
    if (!number) return misfit(field);
    if (wide)
      add ? r.AddInt64(&m, &field, *number) : r.SetInt64(&m, &field, *number);
    else
      add ? r.AddInt32(&m, &field, static_cast<int32_t>(*number))
          : r.SetInt32(&m, &field, static_cast<int32_t>(*number));
    return true;
  }
  if ((whole->negative && whole->size) || (!wide && whole->size > UINT32_MAX)) return misfit(field);
  if (wide)
    add ? r.AddUInt64(&m, &field, whole->size) : r.SetUInt64(&m, &field, whole->size);
  else
    add ? r.AddUInt32(&m, &field, static_cast<uint32_t>(whole->size))
        : r.SetUInt32(&m, &field, static_cast<uint32_t>(whole->size));
  return true;
}

bool FromValue::real(const pb::FieldDescriptor& field, const Value& value, pb::Message& m, bool add) {
  const auto& r = *m.GetReflection();
  double number = 0;
  if (value.kind() == Value::Kind::real)
    number = value.as_real();
  else if (value.kind() == Value::Kind::integer)
    number = static_cast<double>(value.as_integer());
  else if (value.kind() == Value::Kind::decimal || (value.is_string() && convert_))
    number = match::ruby_to_f(value.as_text());
  else
    return misfit(field);
  if (field.cpp_type() == CppType::CPPTYPE_DOUBLE)
    add ? r.AddDouble(&m, &field, number) : r.SetDouble(&m, &field, number);
  else
    add ? r.AddFloat(&m, &field, static_cast<float>(number))
        : r.SetFloat(&m, &field, static_cast<float>(number));
  return true;
}

bool FromValue::boolean(const pb::FieldDescriptor& field, const Value& value, pb::Message& m, bool add) {
  const auto& r = *m.GetReflection();
  bool truth = false;
  if (value.kind() == Value::Kind::boolean) {
    truth = value.as_bool();
  } else {
    if (!convert_ || value.is_object() || value.is_array()) return misfit(field);
    std::string text;
    append_text(value, text);
    truth = text.size() == 4 && (text[0] | 32) == 't' && (text[1] | 32) == 'r' && (text[2] | 32) == 'u' &&
            (text[3] | 32) == 'e';
  }
  add ? r.AddBool(&m, &field, truth) : r.SetBool(&m, &field, truth);
  return true;
}

bool FromValue::enumeration(const pb::FieldDescriptor& field, const Value& value, pb::Message& m, bool add) {
  const auto& r = *m.GetReflection();
  int number = 0;
  if (value.is_string()) {
    const auto* named = field.enum_type()->FindValueByName(std::string(value.as_text()));
    if (!named) return misfit(field);
    number = named->number();
  } else {
    const auto whole = whole_of(value, false);
    const auto narrow = whole ? signed_of(*whole, 32) : std::nullopt;
    if (!narrow) return misfit(field);
    number = static_cast<int>(*narrow);
  }
  add ? r.AddEnumValue(&m, &field, number) : r.SetEnumValue(&m, &field, number);
  return true;
}

bool FromValue::text(const pb::FieldDescriptor& field, const Value& value, pb::Message& m, bool add) {
  const auto& r = *m.GetReflection();
  std::string text;
  if (value.is_string()) {
    text = value.as_text();
  } else {
    // Times are texts in Logstash's eyes, whatever is wanted.
    if (value.is_object() || value.is_array() || (!convert_ && value.kind() != Value::Kind::timestamp))
      return misfit(field);
    append_text(value, text);
  }
  if (field.type() == pb::FieldDescriptor::TYPE_STRING && !utf8_valid(text)) return misfit(field);
  add ? r.AddString(&m, &field, std::move(text)) : r.SetString(&m, &field, std::move(text));
  return true;
}

bool FromValue::free_struct(const Object& object, pb::Message& message) {
  const auto* fields = message.GetDescriptor()->FindFieldByNumber(1);
  if (!fields || !fields->is_map()) return false;
  for (const auto& entry : object.all()) {
    auto* added = message.GetReflection()->AddMessage(&message, fields);
    added->GetReflection()->SetString(added, fields->message_type()->map_key(),
                                      std::string(entry.key.text()));
    auto* value = added->GetReflection()->MutableMessage(added, fields->message_type()->map_value());
    if (!free_value(entry.value, *value)) return false;
  }
  return true;
}

bool FromValue::free_value(const Value& value, pb::Message& message) {
  const auto& r = *message.GetReflection();
  const auto field = [&](int number) { return message.GetDescriptor()->FindFieldByNumber(number); };
  if (message.GetDescriptor()->full_name() != "google.protobuf.Value") return false;
  switch (value.kind()) {
    case Value::Kind::null:
      r.SetEnumValue(&message, field(1), 0);
      return true;
    case Value::Kind::integer:
    case Value::Kind::real:
    case Value::Kind::decimal:
      return real(*field(2), value, message, false);
    case Value::Kind::boolean:
      r.SetBool(&message, field(4), value.as_bool());
      return true;
    case Value::Kind::timestamp:
    case Value::Kind::string:
      return text(*field(3), value, message, false);
    case Value::Kind::object:
      return free_struct(*value.as_object(), *r.MutableMessage(&message, field(5)));
    case Value::Kind::array: {
      auto* list = r.MutableMessage(&message, field(6));
      const auto* values = list->GetDescriptor()->FindFieldByNumber(1);
      for (const auto& item : value.as_array()->all())
        if (!free_value(item, *list->GetReflection()->AddMessage(list, values))) return false;
      return true;
    }
  }
  return false;
}

}  // namespace sluice::plugins::protobuf
