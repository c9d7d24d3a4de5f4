#include "plugins/avro/writer.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <optional>

#include "event/event.hpp"
#include "match/civil.hpp"
#include "match/numbers.hpp"

namespace sluice::plugins::avro {
namespace {

constexpr std::string_view kKinds[] = {"null",   "boolean", "int",  "long",  "float", "double", "bytes",
                                       "string", "fixed",   "enum", "array", "map",   "record", "union"};

void put_number(int64_t number, Buffer& out) {
  uint64_t bits = static_cast<uint64_t>(number) << 1 ^ static_cast<uint64_t>(number >> 63);
  for (; bits >= 0x80; bits >>= 7) out.append(static_cast<char>(bits | 0x80));
  out.append(static_cast<char>(bits));
}

template <class Bits>
void put_little_endian(Bits bits, Buffer& out) {
  for (size_t i = 0; i < sizeof bits; ++i, bits = static_cast<Bits>(bits >> 8))
    out.append(static_cast<char>(bits));
}

std::optional<int64_t> days_of(std::string_view text) {
  int year = 0, month = 0, day = 0, end = 0;
  const std::string copy(text.substr(0, 16));
  if (std::sscanf(copy.c_str(), "%d-%2d-%2d%n", &year, &month, &day, &end) != 3) return std::nullopt;
  if (static_cast<size_t>(end) != text.size() || month < 1 || month > 12 || day < 1 ||
      day > match::days_in_month(year, month))
    return std::nullopt;
  return match::days_from_civil(year, month, day);
}

// An int or long out of an integer, or out of what its logical type means.
std::optional<int64_t> integer_of(const Node& type, const Value& value) {
  std::optional<int64_t> number;
  if (value.kind() == Value::Kind::integer) number = value.as_integer();
  if (value.kind() == Value::Kind::timestamp && type.logical == Logical::timestamp_millis)
    number = match::floor_div(value.as_nanos(), 1'000'000);
  if (value.kind() == Value::Kind::timestamp && type.logical == Logical::timestamp_micros)
    number = match::floor_div(value.as_nanos(), 1'000);
  if (value.is_string() && type.logical == Logical::date) number = days_of(value.as_text());
  if (number && type.kind == Kind::int32 && (*number < INT32_MIN || *number > INT32_MAX)) return std::nullopt;
  return number;
}

std::optional<double> real_of(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::integer:
      return static_cast<double>(value.as_integer());
    case Value::Kind::real:
      return value.as_real();
    case Value::Kind::decimal:
      return match::ruby_to_f(value.as_text());
    default:
      return std::nullopt;
  }
}

bool textual(const Value& value) { return value.is_string() || value.kind() == Value::Kind::timestamp; }

const Value& member(const Field& field, const Object& object) {
  const Value* value = object.find(field.key);
  static const Value kNull;
  if (value) return *value;
  return field.has_default ? field.fallback : kNull;
}

// Whether a value can be written with a type: what chooses the branch of a union. `steps` bounds the search,
// which unions in types that hold themselves could make exponential.
bool fits(const Node& type, const Value& value, int depth, size_t& steps) {
  if (depth > kMaxDepth || steps == 0) return false;
  --steps;
  switch (type.kind) {
    case Kind::null:
      return value.is_null();
    case Kind::boolean:
      return value.kind() == Value::Kind::boolean;
    case Kind::int32:
    case Kind::int64:
      return integer_of(type, value).has_value();
    case Kind::float32:
    case Kind::float64:
      return real_of(value).has_value();
    case Kind::bytes:
    case Kind::string:
      return textual(value);
    case Kind::fixed:
      return value.is_string() && value.as_text().size() == type.size;
    case Kind::enumeration:
      return value.is_string() &&
             std::find(type.symbols.begin(), type.symbols.end(), value.as_text()) != type.symbols.end();
    case Kind::array:
      return value.is_array() &&
             std::all_of(value.as_array()->all().begin(), value.as_array()->all().end(),
                         [&](const Value& item) { return fits(*type.items, item, depth + 1, steps); });
    case Kind::map:
      return value.is_object() &&
             std::all_of(value.as_object()->all().begin(), value.as_object()->all().end(),
                         [&](const Member& m) { return fits(*type.items, m.value, depth + 1, steps); });
    case Kind::record:
      return value.is_object() &&
             std::all_of(type.fields.begin(), type.fields.end(), [&](const Field& field) {
               return fits(*field.type, member(field, *value.as_object()), depth + 1, steps);
             });
    case Kind::choice:
      return std::any_of(type.branches.begin(), type.branches.end(),
                         [&](const Node* branch) { return fits(*branch, value, depth + 1, steps); });
  }
  return false;
}

}  // namespace

bool Writer::write(const Schema& schema, const Value& value, Buffer& out) {
  const size_t before = out.size();
  problem_.clear();
  steps_ = kMaxSteps;
  if (node(schema.root(), value, out, 0)) return true;
  out.truncate(before);
  return false;
}

bool Writer::misfit(const Node& type) {
  problem_ = "a value does not fit the type " +
             (type.name.empty() ? std::string(kKinds[static_cast<size_t>(type.kind)]) : type.name);
  return false;
}

bool Writer::node(const Node& type, const Value& value, Buffer& out, int depth) {
  if (depth > kMaxDepth) return misfit(type);
  switch (type.kind) {
    case Kind::null:
      return value.is_null() || misfit(type);
    case Kind::boolean:
      if (value.kind() != Value::Kind::boolean) return misfit(type);
      out.append(value.as_bool() ? '\1' : '\0');
      return true;
    case Kind::int32:
    case Kind::int64: {
      const auto number = integer_of(type, value);
      if (!number) return misfit(type);
      put_number(*number, out);
      return true;
    }
    case Kind::float32:
    case Kind::float64: {
      const auto number = real_of(value);
      if (!number) return misfit(type);
      if (type.kind == Kind::float32)
        put_little_endian(std::bit_cast<uint32_t>(static_cast<float>(*number)), out);
      else
        put_little_endian(std::bit_cast<uint64_t>(*number), out);
      return true;
    }
    case Kind::bytes:
    case Kind::string:
    case Kind::fixed:
      return text(type, value, out);
    case Kind::enumeration:
      return enumeration(type, value, out);
    case Kind::array:
      return array(type, value, out, depth);
    case Kind::map:
      return map(type, value, out, depth);
    case Kind::record:
      return record(type, value, out, depth);
    case Kind::choice:
      return choice(type, value, out, depth);
  }
  return false;
}

bool Writer::text(const Node& type, const Value& value, Buffer& out) {
  if (!fits(type, value, 0, steps_)) return misfit(type);
  scratch_.clear();
  append_text(value, scratch_);
  if (type.kind != Kind::fixed) put_number(static_cast<int64_t>(scratch_.size()), out);
  out.append(scratch_);
  return true;
}

bool Writer::enumeration(const Node& type, const Value& value, Buffer& out) {
  const auto it = value.is_string() ? std::find(type.symbols.begin(), type.symbols.end(), value.as_text())
                                    : type.symbols.end();
  if (it == type.symbols.end()) return misfit(type);
  put_number(it - type.symbols.begin(), out);
  return true;
}

bool Writer::array(const Node& type, const Value& value, Buffer& out, int depth) {
  if (!value.is_array()) return misfit(type);
  const auto items = value.as_array()->all();
  if (!items.empty()) put_number(static_cast<int64_t>(items.size()), out);
  for (const auto& item : items)
    if (!node(*type.items, item, out, depth + 1)) return false;
  put_number(0, out);
  return true;
}

bool Writer::map(const Node& type, const Value& value, Buffer& out, int depth) {
  if (!value.is_object()) return misfit(type);
  const auto members = value.as_object()->all();
  if (!members.empty()) put_number(static_cast<int64_t>(members.size()), out);
  for (const auto& one : members) {
    put_number(static_cast<int64_t>(one.key.text().size()), out);
    out.append(one.key.text());
    if (!node(*type.items, one.value, out, depth + 1)) return false;
  }
  put_number(0, out);
  return true;
}

bool Writer::record(const Node& type, const Value& value, Buffer& out, int depth) {
  if (!value.is_object()) return misfit(type);
  for (const auto& field : type.fields) {
    if (node(*field.type, member(field, *value.as_object()), out, depth + 1)) continue;
    problem_ += " of the field " + field.name;
    return false;
  }
  return true;
}

// The first branch that fits, as in Logstash.
bool Writer::choice(const Node& type, const Value& value, Buffer& out, int depth) {
  for (size_t i = 0; i < type.branches.size(); ++i) {
    if (!fits(*type.branches[i], value, depth + 1, steps_)) continue;
    put_number(static_cast<int64_t>(i), out);
    return node(*type.branches[i], value, out, depth + 1);
  }
  return misfit(type);
}

}  // namespace sluice::plugins::avro
