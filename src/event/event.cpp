#include "event/event.hpp"

#include "base/time.hpp"
#include "event/batch.hpp"
#include "event/field_index.hpp"
#include "event/json_write.hpp"
#include "match/iso8601.hpp"
#include "match/numbers.hpp"

namespace sluice {
namespace {

Value* child(Value& parent, const FieldRef::Step& step, FieldIndex* index = nullptr) {
  if (parent.is_object())
    return index ? index->find(*parent.as_object(), step.key) : parent.as_object()->find(step.key);
  if (parent.is_array() && step.is_index) {
    auto* list = parent.as_array();
    const int64_t i = step.index < 0 ? step.index + list->size : step.index;
    if (i >= 0 && i < list->size) return &list->items[i];
  }
  return nullptr;
}

// Sets `step` of a container, padding lists with null. False when `parent` is no container for the step.
bool set_child(Value& parent, const FieldRef::Step& step, Value value, Arena& arena, FieldIndex* index) {
  if (parent.is_object()) {
    if (index)
      index->set(arena, *parent.as_object(), step.key, value);
    else
      parent.as_object()->set(arena, step.key, value);
    return true;
  }
  if (!parent.is_array() || !step.is_index) return false;
  auto* list = parent.as_array();
  const int64_t i = step.index < 0 ? step.index + list->size : step.index;
  if (i < 0 || i > (1 << 20)) return false;
  while (i >= list->size) list->push(arena, Value{});
  list->items[i] = value;
  return true;
}

bool legal_tags(const Value& value) {
  if (value.is_null() || value.is_string()) return true;
  if (!value.is_array()) return false;
  for (const auto& item : value.as_array()->all())
    if (!item.is_string()) return false;
  return true;
}

}  // namespace

const Names& Names::get() {
  static const Names names{Key::intern("@timestamp"), Key::intern("@version"), Key::intern("tags"),
                           Key::intern("message"),    Key::intern("type"),     Key::intern("host"),
                           Key::intern("@metadata"),  Key::intern("event"),    Key::intern("original"),
                           Key::intern("name"),       Key::intern("tenant"),   Key::intern("_@timestamp"),
                           Key::intern("_tags")};
  return names;
}

std::string_view describe(SetError error) {
  switch (error) {
    case SetError::none:
      return "";
    case SetError::not_a_container:
      return "a parent of the field is neither an object nor a list";
    case SetError::illegal_tags:
      return "tags can only hold a string or a list of strings";
    case SetError::not_a_timestamp:
      return "@timestamp can only hold a time";
    case SetError::illegal_name:
      return "the name is no legal field reference";
  }
  return "";
}

Arena& Event::arena() const { return batch_->arena(); }

Value Event::text(std::string_view text) const { return Value::string(arena().copy(text)); }

Value* Event::get(const FieldRef& ref) const {
  const auto& steps = ref.steps();
  if (!ref.metadata()) {
    if (steps.empty()) return nullptr;
    Value* at = fields_->find(steps[0].key);
    for (size_t i = 1; at && i < steps.size(); ++i) at = child(*at, steps[i]);
    return at;
  }
  Value* at = const_cast<Value*>(&metadata_);
  for (size_t i = 0; at && i < steps.size(); ++i) at = child(*at, steps[i]);
  return at;
}

SetError Event::set(const FieldRef& ref, Value value, FieldIndex* index) {
  if (ref.is_timestamp() && value.kind() != Value::Kind::timestamp) return SetError::not_a_timestamp;
  if (ref.is_tags() && !legal_tags(value)) return SetError::illegal_tags;
  if (ref.is_below_tags()) return SetError::illegal_tags;
  const auto& steps = ref.steps();
  auto& memory = arena();
  if (steps.empty()) {
    if (!ref.metadata() || !value.is_object()) return SetError::not_a_container;
    metadata_ = value;
    return SetError::none;
  }
  Value root = Value::object(fields_);
  Value* at = ref.metadata() ? &metadata_ : &root;
  for (size_t i = 0; i + 1 < steps.size(); ++i) {
    Value* next = child(*at, steps[i], index);
    if (!next || next->is_null()) {
      if (!set_child(*at, steps[i], Value::object(Object::make(memory, 4)), memory, index))
        return SetError::not_a_container;
      next = child(*at, steps[i], index);
    }
    at = next;
  }
  return set_child(*at, steps.back(), value, memory, index) ? SetError::none : SetError::not_a_container;
}

SetError Event::set_named(Key key, Value value, FieldIndex& index) {
  const auto& names = Names::get();
  const bool plain = !(key == names.timestamp || key == names.tags || key == names.metadata) &&
                     key.text().find_first_of("[]%&") == std::string_view::npos;
  if (plain) {
    index.set(arena(), *fields_, key, value);
    return SetError::none;
  }
  const auto ref = FieldRef::parse(key.text(), arena());
  return ref.ok() ? set(*ref, value, &index) : SetError::illegal_name;
}

bool Event::remove(const FieldRef& ref) {
  const auto& steps = ref.steps();
  if (steps.empty()) {
    if (ref.metadata()) metadata_ = Value::object(Object::make(arena(), 4));
    return ref.metadata();
  }
  Value root = Value::object(fields_);
  Value* at = ref.metadata() ? &metadata_ : &root;
  for (size_t i = 0; at && i + 1 < steps.size(); ++i) at = child(*at, steps[i]);
  if (!at) return false;
  const auto& last = steps.back();
  if (at->is_object()) return at->as_object()->remove(last.key);
  if (!at->is_array() || !child(*at, last)) return false;
  auto* list = at->as_array();
  list->erase(static_cast<uint32_t>(last.index < 0 ? last.index + list->size : last.index));
  return true;
}

void Event::tag(std::string_view tag) {
  if (const auto* tags = get(Names::get().tags)) {
    if (tags->is_string() && tags->as_text() == tag) return;
    if (tags->is_array())
      for (const auto& item : tags->as_array()->all())
        if (item.is_string() && item.as_text() == tag) return;
  }
  add_tag(tag);
}

void Event::add_tag(std::string_view tag) {
  const Value value = text(tag);
  Value* tags = get(Names::get().tags);
  if (tags && tags->is_array()) {
    tags->as_array()->push(arena(), value);
    return;
  }
  auto* list = Array::make(arena(), 4);
  if (tags && !tags->is_null()) list->push(arena(), *tags);
  list->push(arena(), value);
  fields_->set(arena(), Names::get().tags, Value::array(list));
}

bool Event::has_timestamp() const {
  const auto* at = get(Names::get().timestamp);
  return at && at->kind() == Value::Kind::timestamp;
}

int64_t Event::timestamp() const {
  const auto* at = get(Names::get().timestamp);
  return at && at->kind() == Value::Kind::timestamp ? at->as_nanos() : 0;
}

int64_t ArrivalTime::next() { return last_ = last_ ? last_ + 1 : wall_nanos(); }

void normalize(Event& event) {
  ArrivalTime now;
  normalize(event, now);
}

void normalize(Event& event, ArrivalTime& now) {
  const auto& names = Names::get();
  auto& fields = event.fields();
  auto& arena = event.arena();
  // One look at all fields: most events have none of the four.
  Value* time = nullptr;
  bool has_metadata = false, has_version = false, has_tags = false;
  for (auto& member : fields.all()) {
    if (member.key == names.timestamp) time = &member.value;
    has_metadata |= member.key == names.metadata;
    has_version |= member.key == names.version;
    has_tags |= member.key == names.tags;
  }
  if (has_metadata) {
    static const FieldRef whole = FieldRef::of("[@metadata]");
    const Value* metadata = fields.find(names.metadata);
    if (metadata->is_object()) event.set(whole, *metadata);
    fields.remove(names.metadata);
    time = fields.find(names.timestamp);
  }
  if (!time) {
    fields.append(arena, names.timestamp, Value::timestamp(now.next()));
  } else if (time->is_null()) {
    *time = Value::timestamp(now.next());
  } else if (time->kind() != Value::Kind::timestamp) {
    const auto parsed = time->is_string() ? match::parse_event_timestamp(time->as_text()) : std::nullopt;
    if (parsed) {
      *time = Value::timestamp(*parsed);
    } else {
      const Value bad = *time;
      *time = Value::timestamp(now.next());
      fields.set(arena, names.bad_timestamp, bad);
      event.tag("_timestampparsefailure");
    }
  }
  if (!has_version) fields.append(arena, names.version, Value::string("1", true));
  const Value* tags = has_tags ? fields.find(names.tags) : nullptr;
  if (tags && (!legal_tags(*tags) || tags->is_null())) {
    auto* moved = Array::make(arena, 1);
    moved->push(arena, *tags);
    fields.remove(names.tags);
    fields.set(arena, names.bad_tags, Value::array(moved));
    event.tag("_tagsparsefailure");
  }
}

namespace {

void append_joined(const Array& list, std::string& out, bool& first) {
  for (const auto& item : list.all()) {
    if (item.is_array()) {
      append_joined(*item.as_array(), out, first);
      continue;
    }
    if (!first) out += ',';
    first = false;
    if (item.is_object())
      append_java_object_text(item, out);
    else if (!item.is_null())
      append_text(item, out);
  }
}

}  // namespace

void append_java_object_text(const Value& value, std::string& out) {
  if (value.is_object()) {
    out += '{';
    bool first = true;
    for (const auto& m : value.as_object()->all()) {
      if (!first) out += ", ";
      first = false;
      out += m.key.text();
      out += '=';
      append_java_object_text(m.value, out);
    }
    out += '}';
  } else if (value.is_array()) {
    out += '[';
    bool first = true;
    for (const auto& item : value.as_array()->all()) {
      if (!first) out += ", ";
      first = false;
      append_java_object_text(item, out);
    }
    out += ']';
  } else if (value.is_null()) {
    out += "null";
  } else {
    append_text(value, out);
  }
}

void append_text(const Value& value, std::string& out) {
  switch (value.kind()) {
    case Value::Kind::null:
      break;
    case Value::Kind::boolean:
      out += value.as_bool() ? "true" : "false";
      break;
    case Value::Kind::integer:
      out += std::to_string(value.as_integer());
      break;
    case Value::Kind::real:
      out += match::java_double_text(value.as_real());
      break;
    case Value::Kind::timestamp: {
      char text[40];
      out.append(text, match::format_iso8601(value.as_nanos(), text));
      break;
    }
    case Value::Kind::decimal:
    case Value::Kind::string:
      out += value.as_text();
      break;
    case Value::Kind::array: {
      bool first = true;
      append_joined(*value.as_array(), out, first);
      break;
    }
    case Value::Kind::object: {
      Buffer json;
      write_json(value, json);
      out += json.view();
      break;
    }
  }
}

}  // namespace sluice
