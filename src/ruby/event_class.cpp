#include "ruby/event_class.hpp"

#include <mruby.h>
#include <mruby/array.h>
#include <mruby/data.h>
#include <mruby/hash.h>
#include <mruby/proc.h>
#include <mruby/variable.h>

#include "base/time.hpp"
#include "event/json_write.hpp"
#include "event/template.hpp"
#include "ruby/method.hpp"
#include "ruby/value.hpp"

namespace sluice::ruby {
namespace {

void free_box(mrb_state* mrb, void* data) {
  auto* box = static_cast<EventBox*>(data);
  if (!box) return;
  if (!box->own) static_cast<Interpreter*>(mrb->ud)->forget(*box);
  delete box;
}
constexpr mrb_data_type kEventType = {"LogStash::Event", free_box};

EventBox& box_of(mrb_state* mrb, mrb_value self) {
  auto* box = event_box(self);
  if (!box || !box->event)
    raise(mrb, "RuntimeError",
          "this event has left the filter; keep event.clone or event.to_hash instead of the event");
  return *box;
}
Event& event_of(mrb_state* mrb, mrb_value self) { return *box_of(mrb, self).event; }

const FieldRef& reference(mrb_state* mrb, mrb_value name, Event& event) {
  if (!mrb_string_p(name)) {
    if (mrb_nil_p(name)) raise(mrb, "TypeError", "no implicit conversion of nil into String");
    name = mrb_obj_as_string(mrb, name);
  }
  return Interpreter::of(mrb).field(text_of(name), event.arena());
}

bool whole_event(const FieldRef& ref) { return ref.steps().empty() && !ref.metadata(); }

mrb_value get(mrb_state* mrb, mrb_value self) {
  mrb_value name;
  mrb_get_args(mrb, "o", &name);
  auto& event = event_of(mrb, self);
  const Value* value = event.get(reference(mrb, name, event));
  return value ? to_ruby(mrb, *value) : mrb_nil_value();
}

[[noreturn]] void refuse(mrb_state* mrb, SetError error, const FieldRef& ref, mrb_value value) {
  switch (error) {
    case SetError::not_a_timestamp:
      raise(mrb, "TypeError", "wrong argument type %s (expected LogStash::Timestamp)",
            mrb_obj_classname(mrb, value));
    case SetError::illegal_tags:
      raise(mrb, "RuntimeError",
            "Could not set the reserved tags field '%s' to value. If set to a string or an array of "
            "strings, only those can be used",
            ref.text().c_str());
    default:
      raise(mrb, "RuntimeError", "Could not set field '%s': %s", ref.text().c_str(),
            "a parent of the field is neither a hash nor an array");
  }
}

mrb_value set(mrb_state* mrb, mrb_value self) {
  mrb_value name, value;
  mrb_get_args(mrb, "oo", &name, &value);
  auto& event = event_of(mrb, self);
  const auto& classes = Interpreter::of(mrb).classes;
  const Value converted = from_ruby(mrb, value, event.arena());
  const auto& ref = reference(mrb, name, event);
  if (whole_event(ref)) return value;
  // @timestamp takes a LogStash::Timestamp only, not a Time.
  if (ref.is_timestamp() && !mrb_obj_is_kind_of(mrb, value, classes.timestamp))
    refuse(mrb, SetError::not_a_timestamp, ref, value);
  const SetError error = event.set(ref, converted);
  if (error != SetError::none) refuse(mrb, error, ref, value);
  return value;
}

mrb_value remove(mrb_state* mrb, mrb_value self) {
  mrb_value name;
  mrb_get_args(mrb, "o", &name);
  auto& event = event_of(mrb, self);
  const auto& ref = reference(mrb, name, event);
  const Value* value = event.get(ref);
  const mrb_value old = value ? to_ruby(mrb, *value) : mrb_nil_value();
  event.remove(ref);
  return old;
}

mrb_value include(mrb_state* mrb, mrb_value self) {
  mrb_value name;
  mrb_get_args(mrb, "o", &name);
  auto& event = event_of(mrb, self);
  return mrb_bool_value(event.has(reference(mrb, name, event)));
}

mrb_value cancel(mrb_state* mrb, mrb_value self) {
  event_of(mrb, self).cancel();
  return mrb_true_value();
}
mrb_value uncancel(mrb_state* mrb, mrb_value self) {
  event_of(mrb, self).uncancel();
  return mrb_false_value();
}
mrb_value cancelled(mrb_state* mrb, mrb_value self) {
  return mrb_bool_value(event_of(mrb, self).cancelled());
}

mrb_value tag(mrb_state* mrb, mrb_value self) {
  mrb_value name;
  mrb_get_args(mrb, "o", &name);
  name = mrb_obj_as_string(mrb, name);
  event_of(mrb, self).tag(text_of(name));
  return mrb_nil_value();
}

mrb_value timestamp(mrb_state* mrb, mrb_value self) {
  const auto& event = event_of(mrb, self);
  return event.has_timestamp() ? new_timestamp(mrb, event.timestamp()) : mrb_nil_value();
}

mrb_value set_timestamp(mrb_state* mrb, mrb_value self) {
  mrb_value value;
  mrb_get_args(mrb, "o", &value);
  const Moment* moment = moment_of(mrb, value);
  if (!moment || !mrb_obj_is_kind_of(mrb, value, Interpreter::of(mrb).classes.timestamp))
    raise(mrb, "TypeError", "wrong argument type %s (expected LogStash::Timestamp)",
          mrb_obj_classname(mrb, value));
  event_of(mrb, self).set_timestamp(moment->nanos);
  return value;
}

mrb_value to_hash(mrb_state* mrb, mrb_value self) {
  return to_ruby(mrb, Value::object(&event_of(mrb, self).fields()));
}

mrb_value to_hash_with_metadata(mrb_state* mrb, mrb_value self) {
  auto& event = event_of(mrb, self);
  const mrb_value hash = to_ruby(mrb, Value::object(&event.fields()));
  if (event.metadata().size)
    mrb_hash_set(mrb, hash, mrb_str_new_lit(mrb, "@metadata"), to_ruby(mrb, event.metadata_value()));
  return hash;
}

mrb_value to_json(mrb_state* mrb, mrb_value self) {
  auto& buffer = Interpreter::of(mrb).buffer;
  buffer.clear();
  write_json(event_of(mrb, self), buffer);
  return string_of(mrb, buffer.view());
}

mrb_value sprintf_text(mrb_state* mrb, mrb_value self) {
  mrb_value format;
  mrb_get_args(mrb, "o", &format);
  format = mrb_obj_as_string(mrb, format);
  const auto& event = event_of(mrb, self);
  auto& out = Interpreter::of(mrb).scratch;
  out.clear();
  bool failed = false;
  {
    const Template text(text_of(format));
    failed = text.fill(event, out) == Template::Outcome::failed;
  }
  if (failed) raise(mrb, "RuntimeError", "the format cannot be filled in");
  return string_of(mrb, out);
}

mrb_value to_s(mrb_state* mrb, mrb_value self) {
  static const Template kText("%{+yyyy-MM-dd'T'HH:mm:ss.SSS'Z'} %{host} %{message}");
  auto& out = Interpreter::of(mrb).scratch;
  out.clear();
  kText.fill(event_of(mrb, self), out);
  return string_of(mrb, out);
}

mrb_value inspect(mrb_state* mrb, mrb_value) { return mrb_str_new_lit(mrb, "#<LogStash::Event>"); }

mrb_value equal_events(mrb_state* mrb, mrb_value self) {
  mrb_value other;
  mrb_get_args(mrb, "o", &other);
  if (mrb_obj_eq(mrb, self, other)) return mrb_true_value();
  const auto* a = event_box(self);
  const auto* b = event_box(other);
  return mrb_bool_value(a && b && a->event && a->event == b->event);
}

// The box first, so that the collector can free what the object holds from the moment it exists.
mrb_value wrap(mrb_state* mrb, RClass* owner, Event* event, std::unique_ptr<Batch>* own) {
  const mrb_value object = mrb_obj_value(mrb_data_object_alloc(mrb, owner, nullptr, &kEventType));
  auto* box = new EventBox{&Interpreter::of(mrb), event, nullptr};
  if (own)
    box->own = std::move(*own);
  else
    box->interpreter->track(*box);
  DATA_PTR(object) = box;
  return object;
}

// A fresh event in the work's batch, or in memory of its own when there is none.
mrb_value wrap_new(mrb_state* mrb, RClass* owner, const Event* original) {
  if (auto* batch = Interpreter::of(mrb).work().batch)
    return wrap(mrb, owner, original ? &batch->clone(*original) : &batch->make(), nullptr);
  auto own = std::make_unique<Batch>();
  Event* event = original ? &own->clone(*original) : &own->make();
  return wrap(mrb, owner, event, &own);  // nothing behind the move can raise
}

mrb_value clone(mrb_state* mrb, mrb_value self) {
  return wrap_new(mrb, mrb_obj_class(mrb, self), &event_of(mrb, self));
}

void fill(mrb_state* mrb, Event& event, mrb_value hash) {
  const Value fields = from_ruby(mrb, hash, event.arena());
  for (const auto& m : fields.as_object()->all()) event.fields().set(event.arena(), m.key, m.value);
}

mrb_value make(mrb_state* mrb, mrb_value self) {
  mrb_value hash = mrb_nil_value();
  mrb_get_args(mrb, "|o", &hash);
  if (!mrb_nil_p(hash) && !mrb_hash_p(hash))
    raise(mrb, "TypeError", "wrong argument type %s (expected Hash)", mrb_obj_classname(mrb, hash));
  const mrb_value object = wrap_new(mrb, mrb_class_ptr(self), nullptr);
  auto& event = *event_box(object)->event;
  if (mrb_hash_p(hash)) fill(mrb, event, hash);
  normalize(event);
  return object;
}

mrb_value overwrite(mrb_state* mrb, mrb_value self) {
  mrb_value other;
  mrb_get_args(mrb, "o", &other);
  auto& event = event_of(mrb, self);
  const auto& from = event_of(mrb, other);
  const bool foreign = &from.batch() != &event.batch();
  const Value copy = deep_copy(Value::object(&from.fields()), event.arena(), foreign);
  event.fields() = *copy.as_object();
  return self;
}

// Fields of the other event join those of this one: equal names become lists, hashes are merged.
void append_value(Arena& arena, Value& into, const Value& more) {
  if (into.is_object() && more.is_object()) {
    for (const auto& m : more.as_object()->all()) {
      if (auto* old = into.as_object()->find(m.key))
        append_value(arena, *old, m.value);
      else
        into.as_object()->append(arena, m.key, m.value);
    }
    return;
  }
  if (equal(into, more)) return;
  if (!into.is_array()) {
    auto* list = Array::make(arena, 4);
    list->push(arena, into);
    into = Value::array(list);
  }
  const auto add = [&](const Value& value) {
    for (const auto& item : into.as_array()->all())
      if (equal(item, value)) return;
    into.as_array()->push(arena, value);
  };
  if (more.is_array())
    for (const auto& item : more.as_array()->all()) add(item);
  else
    add(more);
}

mrb_value append(mrb_state* mrb, mrb_value self) {
  mrb_value other;
  mrb_get_args(mrb, "o", &other);
  auto& event = event_of(mrb, self);
  const auto& from = event_of(mrb, other);
  const bool foreign = &from.batch() != &event.batch();
  const Value copy = deep_copy(Value::object(&from.fields()), event.arena(), foreign);
  const auto& names = Names::get();
  for (const auto& m : copy.as_object()->all()) {
    if (m.key == names.timestamp || m.key == names.version) continue;
    if (auto* old = event.fields().find(m.key))
      append_value(event.arena(), *old, m.value);
    else
      event.fields().append(event.arena(), m.key, m.value);
  }
  return self;
}

mrb_value no_index(mrb_state* mrb, mrb_value) {
  raise(mrb, "NoMethodError",
        "Direct event field references (i.e. event['field']) have been disabled in favor of using event "
        "get and set methods (e.g. event.get('field')). Please consult the Logstash 5.0 breaking changes "
        "documentation for more details.");
}

mrb_value emit(mrb_state* mrb, mrb_value) {
  mrb_value value;
  mrb_get_args(mrb, "o", &value);
  auto& work = Interpreter::of(mrb).work();
  if (!work.batch) raise(mrb, "RuntimeError", "new_event_block can be called while an event is filtered");
  Event* event = event_in_batch(mrb, value);
  if (!event)
    raise(mrb, "TypeError", "new_event_block takes a LogStash::Event, not a %s",
          mrb_obj_classname(mrb, value));
  work.emitted.push_back(event);
  return mrb_nil_value();
}

}  // namespace

EventBox* event_box(mrb_value value) {
  if (mrb_type(value) != MRB_TT_DATA || DATA_TYPE(value) != &kEventType) return nullptr;
  return static_cast<EventBox*>(DATA_PTR(value));
}

mrb_value new_event(mrb_state* mrb, Event& event) {
  return wrap(mrb, Interpreter::of(mrb).classes.event, &event, nullptr);
}

mrb_value new_event_place(mrb_state* mrb) {
  const mrb_value object =
      mrb_obj_value(mrb_data_object_alloc(mrb, Interpreter::of(mrb).classes.event, nullptr, &kEventType));
  DATA_PTR(object) = new EventBox{&Interpreter::of(mrb), nullptr, nullptr};
  return object;
}

Event* event_in_batch(mrb_state* mrb, mrb_value value) {
  auto* box = event_box(value);
  auto& work = Interpreter::of(mrb).work();
  if (!box || !box->event || !work.batch) return nullptr;
  const bool given = box->event == work.current ||
                     std::find(work.emitted.begin(), work.emitted.end(), box->event) != work.emitted.end();
  if (&box->event->batch() == work.batch && !given) return box->event;
  // An event goes on once; a second time it is a copy.
  Event& copy = work.batch->clone(*box->event);
  if (box->own) {
    box->own.reset();
    box->event = &copy;
    box->interpreter->track(*box);
  }
  return &copy;
}

void detach(EventBox& box) {
  if (box.own || !box.event) return;
  auto own = std::make_unique<Batch>();
  const bool cancelled = box.event->cancelled();
  box.event = &own->clone(*box.event);
  if (cancelled) box.event->cancel();
  box.own = std::move(own);
}

mrb_value new_event_block(mrb_state* mrb) { return mrb_obj_value(mrb_proc_new_cfunc(mrb, guarded<emit>)); }

void define_event(mrb_state* mrb) {
  RClass* logstash = mrb_define_module(mrb, "LogStash");
  RClass* owner = mrb_define_class_under(mrb, logstash, "Event", mrb->object_class);
  MRB_SET_INSTANCE_TT(owner, MRB_TT_DATA);
  Interpreter::of(mrb).classes.event = owner;
  class_method<make>(mrb, owner, "new", MRB_ARGS_OPT(1));
  method<get>(mrb, owner, "get", MRB_ARGS_REQ(1));
  method<set>(mrb, owner, "set", MRB_ARGS_REQ(2));
  method<remove>(mrb, owner, "remove", MRB_ARGS_REQ(1));
  method<include>(mrb, owner, "include?", MRB_ARGS_REQ(1));
  method<cancel>(mrb, owner, "cancel");
  method<uncancel>(mrb, owner, "uncancel");
  method<cancelled>(mrb, owner, "cancelled?");
  method<tag>(mrb, owner, "tag", MRB_ARGS_REQ(1));
  method<timestamp>(mrb, owner, "timestamp");
  method<set_timestamp>(mrb, owner, "timestamp=", MRB_ARGS_REQ(1));
  method<to_hash>(mrb, owner, "to_hash");
  method<to_hash>(mrb, owner, "to_h");
  method<to_hash_with_metadata>(mrb, owner, "to_hash_with_metadata");
  method<to_json>(mrb, owner, "to_json");
  method<sprintf_text>(mrb, owner, "sprintf", MRB_ARGS_REQ(1));
  method<to_s>(mrb, owner, "to_s");
  method<inspect>(mrb, owner, "inspect");
  method<equal_events>(mrb, owner, "==", MRB_ARGS_REQ(1));
  method<clone>(mrb, owner, "clone");
  method<clone>(mrb, owner, "dup");
  method<overwrite>(mrb, owner, "overwrite", MRB_ARGS_REQ(1));
  method<append>(mrb, owner, "append", MRB_ARGS_REQ(1));
  method<no_index>(mrb, owner, "[]");
  method<no_index>(mrb, owner, "[]=");
}

}  // namespace sluice::ruby
