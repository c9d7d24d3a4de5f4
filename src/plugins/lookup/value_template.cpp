#include "plugins/lookup/value_template.hpp"

#include <charconv>

#include "plugin/options.hpp"

namespace sluice::lookup {
namespace {

Value number(const std::string& text) {
  int64_t whole = 0;
  const char* end = text.data() + text.size();
  if (const auto [at, error] = std::from_chars(text.data(), end, whole); error == std::errc() && at == end)
    return Value::integer(whole);
  double real = 0;
  if (const auto [at, error] = std::from_chars(text.data(), end, real); error == std::errc() && at == end)
    return Value::real(real);
  return {};
}

}  // namespace

ValueTemplate::ValueTemplate(const lang::Value& written) {
  switch (written.kind) {
    case lang::Value::Kind::number:
      constant_ = number(written.text);
      kind_ = constant_.is_null() ? Kind::text : Kind::constant;
      if (kind_ == Kind::text) text_ = Template(written.text);
      return;
    case lang::Value::Kind::array:
      kind_ = Kind::array;
      for (const auto& item : written.items) items_.emplace_back(item);
      return;
    case lang::Value::Kind::hash: {
      kind_ = Kind::hash;
      std::vector<std::string> keys;
      for (const auto& entry : written.entries) keys.push_back(entry.key.text);
      for (const size_t i : plugin::java_hash_order(keys))
        entries_.emplace_back(Template(keys[i]), ValueTemplate(written.entries[i].value));
      return;
    }
    default:
      kind_ = Kind::text;
      text_ = Template(written.text);
  }
}

Value ValueTemplate::make(const Event& event) const {
  Arena& arena = event.arena();
  switch (kind_) {
    case Kind::none:
      return {};
    case Kind::constant:
      return constant_;
    case Kind::text:
      return text_.value(event);
    case Kind::array: {
      auto* made = Array::make(arena, static_cast<uint32_t>(items_.size()));
      for (const auto& item : items_) made->push(arena, item.make(event));
      return Value::array(made);
    }
    case Kind::hash: {
      auto* made = Object::make(arena, static_cast<uint32_t>(entries_.size()));
      for (const auto& [key, value] : entries_)
        made->set(arena, Key::of(key.value(event).as_text(), arena), value.make(event));
      return Value::object(made);
    }
  }
  return {};
}

void ValueTemplate::fields(std::vector<FieldRef>& out) const {
  const auto add = [&out](const Template& text) {
    for (auto& field : text.fields()) out.push_back(std::move(field));
  };
  if (kind_ == Kind::text) add(text_);
  for (const auto& item : items_) item.fields(out);
  for (const auto& [key, value] : entries_) {
    add(key);
    value.fields(out);
  }
}

}  // namespace sluice::lookup
