#include "plugins/avro/reader.hpp"

#include <bit>
#include <cstdio>
#include <cstring>

#include "base/utf8.hpp"
#include "match/civil.hpp"
#include "plugins/wire/values.hpp"

namespace sluice::plugins::avro {
namespace {

// Little-endian, as the specification wants it.
template <class Bits>
Bits little_endian(std::string_view bytes) {
  Bits bits = 0;
  for (size_t i = bytes.size(); i-- > 0;)
    bits = static_cast<Bits>(bits << 8 | static_cast<uint8_t>(bytes[i]));
  return bits;
}

Value date_value(int64_t days, Arena& arena) {
  const auto date = match::civil_from_days(days);
  char text[32];
  const int size = std::snprintf(text, sizeof text, "%04lld-%02d-%02d", static_cast<long long>(date.year),
                                 date.month, date.day);
  return Value::string(arena.copy({text, static_cast<size_t>(size)}), true);
}

// A point in time, or the number when no calendar of 64-bit nanoseconds reaches it.
Value time_value(int64_t number, int64_t nanos_each) {
  if (number > INT64_MAX / nanos_each || number < INT64_MIN / nanos_each) return Value::integer(number);
  return Value::timestamp(number * nanos_each);
}

}  // namespace

bool Reader::fail(const char* why) {
  problem_ = why;
  return false;
}

bool Reader::take(size_t size, std::string_view& out) {
  if (size > rest_.size()) return fail("the bytes end before the datum does");
  out = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

// Zigzag in groups of seven bits, the lowest first.
bool Reader::number(int64_t& out) {
  uint64_t bits = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    std::string_view byte;
    if (!take(1, byte)) return false;
    const auto group = static_cast<uint8_t>(byte[0]);
    bits |= static_cast<uint64_t>(group & 0x7f) << shift;
    if (group < 0x80) {
      out = static_cast<int64_t>(bits >> 1) ^ -static_cast<int64_t>(bits & 1);
      return true;
    }
  }
  return fail("a number is longer than 64 bits");
}

bool Reader::sized(std::string_view& out) {
  int64_t size = 0;
  if (!number(size)) return false;
  if (size < 0) return fail("a length is negative");
  return take(static_cast<size_t>(size), out);
}

bool Reader::node(const Node& type, Value& out, int depth) {
  if (depth > kMaxDepth) return fail("values are nested too deeply");
  if (budget_ == 0) return fail("there are too many values for so few bytes");
  --budget_;
  std::string_view bytes;
  switch (type.kind) {
    case Kind::null:
      out = {};
      return true;
    case Kind::boolean:
      if (!take(1, bytes)) return false;
      out = Value::boolean(bytes[0] == 1);
      return true;
    case Kind::int32:
    case Kind::int64:
      return integer(type, out);
    case Kind::float32:
      if (!take(4, bytes)) return false;
      out = Value::real(std::bit_cast<float>(little_endian<uint32_t>(bytes)));
      return true;
    case Kind::float64:
      if (!take(8, bytes)) return false;
      out = Value::real(std::bit_cast<double>(little_endian<uint64_t>(bytes)));
      return true;
    case Kind::bytes:
    case Kind::fixed:
      if (type.kind == Kind::fixed ? !take(type.size, bytes) : !sized(bytes)) return false;
      out = wire::text_value(bytes, arena_);
      return true;
    case Kind::string:
      if (!sized(bytes)) return false;
      out = Value::string(arena_.copy(utf8_scrub(bytes, arena_)));
      return true;
    case Kind::enumeration:
      return enumeration(type, out);
    case Kind::array:
      return array(type, out, depth);
    case Kind::map:
      return map(type, out, depth);
    case Kind::record:
      return record(type, out, depth);
    case Kind::choice:
      return choice(type, out, depth);
  }
  return false;
}

bool Reader::integer(const Node& type, Value& out) {
  int64_t value = 0;
  if (!number(value)) return false;
  switch (type.logical) {
    case Logical::date:
      out = value >= INT32_MIN && value <= INT32_MAX ? date_value(value, arena_) : Value::integer(value);
      return true;
    case Logical::timestamp_millis:
      out = time_value(value, 1'000'000);
      return true;
    case Logical::timestamp_micros:
      out = time_value(value, 1'000);
      return true;
    case Logical::none:
      out = Value::integer(value);
      return true;
  }
  return false;
}

bool Reader::enumeration(const Node& type, Value& out) {
  int64_t index = 0;
  if (!number(index)) return false;
  if (index < 0 || static_cast<uint64_t>(index) >= type.symbols.size())
    return fail("an enum has no such symbol");
  out = Value::string(arena_.copy(type.symbols[static_cast<size_t>(index)]));
  return true;
}

bool Reader::choice(const Node& type, Value& out, int depth) {
  int64_t index = 0;
  if (!number(index)) return false;
  if (index < 0 || static_cast<uint64_t>(index) >= type.branches.size())
    return fail("a union has no such branch");
  return node(*type.branches[static_cast<size_t>(index)], out, depth + 1);
}

bool Reader::record(const Node& type, Value& out, int depth) {
  auto* object = Object::make(arena_, static_cast<uint32_t>(type.fields.size()));
  for (const auto& field : type.fields) {
    Value value;
    if (!node(*field.type, value, depth + 1)) return false;
    object->append(arena_, field.key, value);
  }
  out = Value::object(object);
  return true;
}

// The number of items that follow, 0 at the end. A negative one has the block's length in bytes behind it.
bool Reader::block(int64_t& count) {
  if (!number(count)) return false;
  if (count >= 0) return true;
  int64_t size = 0;
  if (!number(size)) return false;
  if (count == INT64_MIN) return fail("a block's count is beyond all numbers");
  count = -count;
  return true;
}

bool Reader::array(const Node& type, Value& out, int depth) {
  auto* list = Array::make(arena_);
  for (int64_t count = 0; block(count);) {
    if (count == 0) {
      out = Value::array(list);
      return true;
    }
    for (; count > 0; --count) {
      Value item;
      if (!node(*type.items, item, depth + 1)) return false;
      list->push(arena_, item);
    }
  }
  return false;
}

bool Reader::map(const Node& type, Value& out, int depth) {
  auto* object = Object::make(arena_);
  for (int64_t count = 0; block(count);) {
    if (count == 0) {
      object->merge_duplicates();
      out = Value::object(object);
      return true;
    }
    for (; count > 0; --count) {
      std::string_view name;
      Value value;
      if (!sized(name) || !node(*type.items, value, depth + 1)) return false;
      object->append(arena_, Key::of(utf8_scrub(name, arena_), arena_), value);
    }
  }
  return false;
}

}  // namespace sluice::plugins::avro
