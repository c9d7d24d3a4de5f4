// What a field holds. Values are 16 bytes and trivially copyable; strings, arrays and objects live in the
// arena of their batch or in the bytes that the input read, and are never freed singly.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.hpp"
#include "base/symbol.hpp"

namespace sluice {

struct Array;
struct Object;

/// One value of an event. Copying copies the reference to an array or object, not its contents (see
/// deep_copy).
class Value {
 public:
  enum class Kind : uint8_t { null, boolean, integer, real, decimal, timestamp, string, array, object };

  constexpr Value() = default;
  static Value boolean(bool b) {
    Value v(Kind::boolean);
    v.u_.integer = b;
    return v;
  }
  static Value integer(int64_t i) {
    Value v(Kind::integer);
    v.u_.integer = i;
    return v;
  }
  static Value real(double d) {
    Value v(Kind::real);
    v.u_.real = d;
    return v;
  }
  /// Nanoseconds since the epoch, UTC.
  static Value timestamp(int64_t nanos) {
    Value v(Kind::timestamp);
    v.u_.integer = nanos;
    return v;
  }
  /// `text` must outlive the batch: arena, input bytes, or static. `plain`: it can stand between JSON quotes
  /// as it is.
  static Value string(std::string_view text, bool plain = false) {
    Value v(Kind::string);
    v.plain_ = plain;
    v.size_ = static_cast<uint32_t>(text.size());
    v.u_.text = text.data();
    return v;
  }
  /// A number too big for int64 or double, kept as its JSON text.
  static Value decimal(std::string_view text) {
    Value v = string(text, true);
    v.kind_ = Kind::decimal;
    return v;
  }
  static Value array(Array* a) {
    Value v(Kind::array);
    v.u_.array = a;
    return v;
  }
  static Value object(Object* o) {
    Value v(Kind::object);
    v.u_.object = o;
    return v;
  }

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_null() const { return kind_ == Kind::null; }
  [[nodiscard]] bool is_string() const { return kind_ == Kind::string; }
  [[nodiscard]] bool is_array() const { return kind_ == Kind::array; }
  [[nodiscard]] bool is_object() const { return kind_ == Kind::object; }
  [[nodiscard]] bool is_number() const {
    return kind_ == Kind::integer || kind_ == Kind::real || kind_ == Kind::decimal;
  }

  [[nodiscard]] bool as_bool() const { return u_.integer != 0; }
  [[nodiscard]] int64_t as_integer() const { return u_.integer; }
  [[nodiscard]] double as_real() const { return u_.real; }
  [[nodiscard]] int64_t as_nanos() const { return u_.integer; }
  /// Of a string or decimal.
  [[nodiscard]] std::string_view as_text() const { return {u_.text, size_}; }
  [[nodiscard]] bool plain() const { return plain_; }
  [[nodiscard]] Array* as_array() const { return u_.array; }
  [[nodiscard]] Object* as_object() const { return u_.object; }

 private:
  explicit Value(Kind kind) : kind_(kind) {}
  Kind kind_ = Kind::null;
  bool plain_ = false;
  uint32_t size_ = 0;
  union {
    int64_t integer;
    double real;
    const char* text;
    Array* array;
    Object* object;
  } u_ = {0};
};
static_assert(sizeof(Value) == 16);

/// A list in an arena.
struct Array {
  Value* items = nullptr;
  uint32_t size = 0;
  uint32_t capacity = 0;

  static Array* make(Arena& arena, uint32_t capacity = 4);
  void push(Arena& arena, Value value);
  void erase(uint32_t index);
  [[nodiscard]] std::span<Value> all() { return {items, size}; }
  [[nodiscard]] std::span<const Value> all() const { return {items, size}; }
};

struct Member {
  Key key;
  Value value;
};

/// A small flat map in an arena, in insertion order. Keys are unique.
struct Object {
  Member* members = nullptr;
  uint32_t size = 0;
  uint32_t capacity = 0;

  static Object* make(Arena& arena, uint32_t capacity = 8);
  [[nodiscard]] Value* find(Key key) {
    for (uint32_t i = 0; i < size; ++i)
      if (members[i].key == key) return &members[i].value;
    return nullptr;
  }
  [[nodiscard]] const Value* find(Key key) const { return const_cast<Object*>(this)->find(key); }
  /// Replaces in place, or appends.
  void set(Arena& arena, Key key, Value value);
  /// Appends a key that the caller knows to be absent.
  void append(Arena& arena, Key key, Value value);
  /// Makes keys unique again after append() of keys that may repeat: the first member keeps its place and the
  /// last its value, as with set(). For objects too wide to look through for each key: n log n whatever the
  /// keys are.
  void merge_duplicates();
  bool remove(Key key);
  [[nodiscard]] std::span<Member> all() { return {members, size}; }
  [[nodiscard]] std::span<const Member> all() const { return {members, size}; }
};

/// A copy of `value` whose arrays and objects are its own; strings are shared when `arena` also holds them
/// (`copy_text` false) or copied.
Value deep_copy(const Value& value, Arena& arena, bool copy_text = false);

/// Equality by type and content (1 and 1.0 differ), as Logstash compares two fields.
bool equal(const Value& a, const Value& b);

}  // namespace sluice
