#include "plugins/filters/config_value.hpp"

#include <string>
#include <vector>

#include "match/numbers.hpp"
#include "plugin/options.hpp"

namespace sluice::plugins {
namespace {

Value number(const std::string& text, Arena& arena) {
  if (text.find_first_of(".eE") != std::string::npos) return Value::real(match::ruby_to_f(text));
  const auto whole = match::ruby_to_i(text);
  return whole.fits() ? Value::integer(whole.value) : Value::decimal(arena.copy(whole.big));
}

}  // namespace

Value config_value(const lang::Value& value, Arena& arena) {
  switch (value.kind) {
    case lang::Value::Kind::number:
      return number(value.text, arena);
    case lang::Value::Kind::array: {
      auto* list = Array::make(arena, static_cast<uint32_t>(value.items.size()));
      for (const auto& item : value.items) list->push(arena, config_value(item, arena));
      return Value::array(list);
    }
    case lang::Value::Kind::hash: {
      std::vector<std::string> keys;
      for (const auto& entry : value.entries) keys.push_back(entry.key.text);
      auto* object = Object::make(arena, static_cast<uint32_t>(keys.size()));
      for (const size_t i : plugin::java_hash_order(keys))
        object->set(arena, Key::intern(keys[i]), config_value(value.entries[i].value, arena));
      return Value::object(object);
    }
    case lang::Value::Kind::bareword:
    case lang::Value::Kind::string:
    case lang::Value::Kind::plugin:
      return Value::string(arena.copy(value.text));
  }
  return {};
}

}  // namespace sluice::plugins
