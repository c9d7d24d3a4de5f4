#include "plugin/decoration.hpp"

#include <algorithm>

#include "plugin/setup.hpp"

namespace sluice::plugin {
namespace {

Status failed(const Template& text) {
  return Status::error(Fault::filter, text.problem().empty() ? "cannot be evaluated: " + text.text()
                                                             : std::string(text.problem()));
}

// The texts of an add_field value: a list gives each element, a hash the text of each pair.
std::vector<Template> value_templates(const lang::Value& value) {
  std::vector<Template> all;
  if (value.kind == lang::Value::Kind::array) {
    for (const auto& item : value.items) all.emplace_back(item.text);
  } else if (value.kind == lang::Value::Kind::hash) {
    for (const auto& entry : value.entries)
      all.emplace_back("[\"" + entry.key.text + "\", \"" + entry.value.text + "\"]");
  } else {
    all.emplace_back(value.text);
  }
  return all;
}

void check_reference(Setup& setup, std::string_view option, const Template& name) {
  if (!name.constant()) return;
  if (auto ref = FieldRef::parse(name.text()); !ref.ok())
    setup.warning(option, "W0304", ref.message(),
                  "Write a field as `name` or as [outer][inner], every bracket closed.");
}

}  // namespace

Status append_to_field(Event& event, const FieldRef& ref, Value value) {
  Value* old = event.get(ref);
  if (old && old->is_array()) {
    if (ref.is_tags() && !value.is_string())
      return Status::error(Fault::filter, std::string(describe(SetError::illegal_tags)));
    old->as_array()->push(event.arena(), value);
    return {};
  }
  Value fresh = value;
  if (old) {
    auto* list = Array::make(event.arena(), 4);
    if (old->is_object()) {
      for (const auto& m : old->as_object()->all()) {
        auto* pair = Array::make(event.arena(), 2);
        pair->push(event.arena(), event.text(m.key.text()));
        pair->push(event.arena(), m.value);
        list->push(event.arena(), Value::array(pair));
      }
    } else if (!old->is_null()) {
      list->push(event.arena(), *old);
    }
    list->push(event.arena(), value);
    fresh = Value::array(list);
  }
  const bool plain = !ref.metadata() && ref.steps().size() == 1 && !ref.is_timestamp() && !ref.is_tags();
  if (!old && plain) {
    event.fields().append(event.arena(), ref.steps()[0].key, fresh);
    return {};
  }
  const SetError error = event.set(ref, fresh);
  if (error != SetError::none)
    return Status::error(Fault::filter, ref.text() + ": " + std::string(describe(error)));
  return {};
}

void Decoration::take_additions(Setup& setup) {
  for (const auto& [name, value] : setup.options.hash("add_field")) {
    Addition a{Template(name), {}, value_templates(value)};
    check_reference(setup, "add_field", a.name);
    if (a.name.constant()) a.ref = FieldRef::of(name);
    add_fields_.push_back(std::move(a));
  }
}

Decoration Decoration::filter(Setup& setup) {
  Decoration d;
  d.take_additions(setup);
  for (const auto& name : setup.options.strings("remove_field")) {
    d.remove_fields_.emplace_back(name);
    check_reference(setup, "remove_field", d.remove_fields_.back());
    auto ref = FieldRef::parse(name);
    d.remove_refs_.push_back(d.remove_fields_.back().constant() && ref.ok() ? ref.value() : FieldRef{});
  }
  for (const auto& tag : setup.options.strings("add_tag")) d.add_tags_.emplace_back(tag);
  for (const auto& tag : setup.options.strings("remove_tag")) d.remove_tags_.emplace_back(tag);
  d.empty_ =
      d.add_fields_.empty() && d.remove_fields_.empty() && d.add_tags_.empty() && d.remove_tags_.empty();
  return d;
}

Decoration Decoration::input(Setup& setup) {
  Decoration d;
  d.take_additions(setup);
  d.type_ = setup.options.string("type");
  if (setup.options.has("tags")) d.tags_ = setup.options.strings("tags");
  d.empty_ = d.add_fields_.empty() && d.type_.empty() && d.tags_.empty();
  return d;
}

Status Decoration::add(Event& event, const Addition& addition) const {
  FieldRef made;
  const FieldRef* ref = &addition.ref;
  if (!addition.name.constant() || addition.ref.empty()) {
    thread_local std::string name;
    name.clear();
    if (addition.name.fill(event, name) == Template::Outcome::failed) return failed(addition.name);
    auto parsed = FieldRef::parse(name, event.arena());
    if (!parsed.ok()) return parsed.status();
    made = std::move(parsed).value();
    ref = &made;
  }
  for (const auto& text : addition.values) {
    Template::Outcome outcome;
    const Value value = text.value(event, &outcome);
    if (outcome == Template::Outcome::failed) return failed(text);
    if (auto status = append_to_field(event, *ref, value); !status.ok()) return status;
  }
  return {};
}

Status Decoration::apply(Event& event) const {
  if (!type_.empty() && !event.get(Names::get().type)) event.set(Names::get().type, Value::string(type_));
  for (const auto& tag : tags_) event.add_tag(tag);
  for (const auto& addition : add_fields_)
    if (auto status = add(event, addition); !status.ok()) return status;
  for (size_t i = 0; i < remove_fields_.size(); ++i) {
    if (remove_fields_[i].constant() && !remove_refs_[i].empty()) {
      event.remove(remove_refs_[i]);
      continue;
    }
    thread_local std::string name;
    name.clear();
    if (remove_fields_[i].fill(event, name) == Template::Outcome::failed) return failed(remove_fields_[i]);
    auto ref = FieldRef::parse(name, event.arena());
    if (!ref.ok()) return ref.status();
    event.remove(*ref);
  }
  thread_local std::string text;
  for (const auto& tag : add_tags_) {
    text.clear();
    if (tag.fill(event, text) == Template::Outcome::failed) return failed(tag);
    event.add_tag(text);
  }
  if (remove_tags_.empty()) return {};
  Value* tags = event.get(Names::get().tags);
  if (!tags || tags->is_null()) return {};
  if (tags->is_string()) {
    auto* list = Array::make(event.arena(), 1);
    list->push(event.arena(), *tags);
    *tags = Value::array(list);
  }
  if (!tags->is_array()) return {};
  for (const auto& tag : remove_tags_) {
    text.clear();
    if (tag.fill(event, text) == Template::Outcome::failed) return failed(tag);
    auto* list = tags->as_array();
    for (uint32_t i = list->size; i-- > 0;)
      if (list->items[i].is_string() && list->items[i].as_text() == text) list->erase(i);
  }
  return {};
}

}  // namespace sluice::plugin
