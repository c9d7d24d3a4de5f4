// One event of a batch: its fields, its @metadata, and where it came from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "event/field_ref.hpp"
#include "event/value.hpp"

namespace sluice {

class Batch;
class FieldIndex;

/// Field names that the engine itself uses, interned once.
struct Names {
  Key timestamp, version, tags, message, type, host, metadata, event, original, name, tenant;
  Key bad_timestamp, bad_tags;  // _@timestamp, _tags
  static const Names& get();
};

/// Why a field could not be set.
enum class SetError : uint8_t { none, not_a_container, illegal_tags, not_a_timestamp, illegal_name };
std::string_view describe(SetError error);

/// Lives in the arena of its batch; made by Batch::add. One worker at a time touches a batch, so no member is
/// thread-safe and none needs to be.
class Event {
 public:
  [[nodiscard]] Batch& batch() const { return *batch_; }
  [[nodiscard]] Arena& arena() const;

  /// The value at `ref`, or null when there is none. Valid until the event is next changed.
  [[nodiscard]] Value* get(const FieldRef& ref) const;
  [[nodiscard]] Value* get(Key key) const { return fields_->find(key); }
  [[nodiscard]] bool has(const FieldRef& ref) const { return get(ref) != nullptr; }

  /// Sets a field; missing parents become objects, lists are padded with null. Strings of `value` must live
  /// as long as the batch. The rules for @timestamp, tags and @metadata are Logstash's. With `index`, many
  /// fields can be set one after the other.
  SetError set(const FieldRef& ref, Value value, FieldIndex* index = nullptr);
  /// Sets the field that a name from outside refers to, which may be a path such as "[a][b]".
  SetError set_named(Key key, Value value, FieldIndex& index);
  /// Sets a top-level field other than @timestamp, tags and @metadata.
  void set(Key key, Value value) { fields_->set(arena(), key, value); }

  /// Removes a field; true when there was one. [@metadata] is emptied.
  bool remove(const FieldRef& ref);

  /// Adds a tag unless it is there (failure tags).
  void tag(std::string_view tag);
  /// Adds a tag even if it is there (add_tag).
  void add_tag(std::string_view tag);

  [[nodiscard]] int64_t timestamp() const;
  [[nodiscard]] bool has_timestamp() const;
  void set_timestamp(int64_t nanos) {
    fields_->set(arena(), Names::get().timestamp, Value::timestamp(nanos));
  }

  /// A copy in the caller's arena; the text lives as long as the batch.
  Value text(std::string_view text) const;

  void cancel() { cancelled_ = true; }
  void uncancel() { cancelled_ = false; }
  [[nodiscard]] bool cancelled() const { return cancelled_; }

  [[nodiscard]] Object& fields() const { return *fields_; }
  [[nodiscard]] Object& metadata() const { return *metadata_.as_object(); }
  [[nodiscard]] const Value& metadata_value() const { return metadata_; }

  /// Number of the source in Batch::sources() that the event came from, and its place in that source (a byte
  /// offset, a sequence number): together they name the event for ever.
  uint32_t source = 0;
  uint64_t position = 0;
  /// Of a source without a name whose client sends again what was not acknowledged: half of a digest of the
  /// bytes that the event came as; `position` is the other half. 0 when no output asked for it.
  uint64_t digest = 0;
  /// Tells the events that filters made of one apart, the same in every run; 0 for the one that came.
  uint64_t part = 0;
  /// How many events were made of this one.
  uint32_t children = 0;
  /// The place, in order of arrival, of the event of the batch that this one was made from; branches come
  /// back in its order.
  uint32_t origin = 0;

 private:
  friend class Batch;
  Batch* batch_ = nullptr;
  Object* fields_ = nullptr;
  Value metadata_;
  bool cancelled_ = false;
};

/// The time of arrival of events that come together, in one piece of input: the clock is read once, and each
/// is a nanosecond later than the one before, so that sorting by time keeps their order. Lives as long as the
/// decoding of that piece.
class ArrivalTime {
 public:
  int64_t next();

 private:
  int64_t last_ = 0;
};

/// Makes the fields that came from outside a legal event: @metadata moves apart, @version and @timestamp are
/// set when absent, an unreadable @timestamp moves to _@timestamp (tag _timestampparsefailure), illegal tags
/// move to _tags.
void normalize(Event& event, ArrivalTime& now);
/// The same for an event that comes alone.
void normalize(Event& event);

/// The value as text, by the rules of sprintf: lists joined by commas, objects as JSON, numbers in Java's
/// form.
void append_text(const Value& value, std::string& out);

/// The value as text, by Java's toString: lists as [a, b], objects as {k=v}, null as null.
void append_java_object_text(const Value& value, std::string& out);

}  // namespace sluice
