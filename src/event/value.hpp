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
  static Value boolean(bool b) { return whole(Kind::boolean, b); }
  static Value integer(int64_t i) { return whole(Kind::integer, i); }
  static Value real(double d) {
    Value v(head(Kind::real));
    v.u_.real = d;
    return v;
  }
  /// Nanoseconds since the epoch, UTC.
  static Value timestamp(int64_t nanos) { return whole(Kind::timestamp, nanos); }
  /// `text` must outlive the batch: arena, input bytes, or static. `plain`: it can stand between JSON quotes
  /// as it is.
  static Value string(std::string_view text, bool plain = false) {
    return texts(head(Kind::string, plain, text.size()), text);
  }
  /// A number too big for int64 or double, kept as its JSON text.
  static Value decimal(std::string_view text) { return texts(head(Kind::decimal, true, text.size()), text); }
  static Value array(Array* a) {
    Value v(head(Kind::array));
    v.u_.array = a;
    return v;
  }
  static Value object(Object* o) {
    Value v(head(Kind::object));
    v.u_.object = o;
    return v;
  }

  [[nodiscard]] Kind kind() const { return static_cast<Kind>(head_ & 0xFF); }
  [[nodiscard]] bool is_null() const { return kind() == Kind::null; }
  [[nodiscard]] bool is_string() const { return kind() == Kind::string; }
  [[nodiscard]] bool is_array() const { return kind() == Kind::array; }
  [[nodiscard]] bool is_object() const { return kind() == Kind::object; }
  [[nodiscard]] bool is_number() const {
    return kind() == Kind::integer || kind() == Kind::real || kind() == Kind::decimal;
  }

  [[nodiscard]] bool as_bool() const { return u_.integer != 0; }
  [[nodiscard]] int64_t as_integer() const { return u_.integer; }
  [[nodiscard]] double as_real() const { return u_.real; }
  [[nodiscard]] int64_t as_nanos() const { return u_.integer; }
  /// Of a string or decimal.
  [[nodiscard]] std::string_view as_text() const { return {u_.text, head_ >> kSizeShift}; }
  [[nodiscard]] bool plain() const { return (head_ & kPlain) != 0; }
  [[nodiscard]] Array* as_array() const { return u_.array; }
  [[nodiscard]] Object* as_object() const { return u_.object; }

 private:
  static constexpr uint64_t kPlain = 0x100;
  static constexpr unsigned kSizeShift = 32;

  static constexpr uint64_t head(Kind kind, bool plain = false, size_t size = 0) {
    return static_cast<uint64_t>(kind) | (plain ? kPlain : 0) | static_cast<uint64_t>(size) << kSizeShift;
  }
  static Value whole(Kind kind, int64_t integer) {
    Value v(head(kind));
    v.u_.integer = integer;
    return v;
  }
  static Value texts(uint64_t head, std::string_view text) {
    Value v(head);
    v.u_.text = text.data();
    return v;
  }
  explicit Value(uint64_t head) : head_(head) {}

  // Kind, plain and the length of a text in one word: a value written in pieces could not be copied before
  // they have left the processor's store buffer.
  uint64_t head_ = 0;
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
    bool interned = key.interned();
    for (uint32_t i = 0; i < size; ++i) {
      if (members[i].key.identical(key)) return &members[i].value;
      interned &= members[i].key.interned();
    }
    return interned ? nullptr : find_text(key);
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

 private:
  [[nodiscard]] Value* find_text(Key key);
};

/// A copy of `value` whose arrays and objects are its own; strings are shared when `arena` also holds them
/// (`copy_text` false) or copied.
Value deep_copy(const Value& value, Arena& arena, bool copy_text = false);

/// Equality by type and content (1 and 1.0 differ), as Logstash compares two fields.
bool equal(const Value& a, const Value& b);

}  // namespace sluice
