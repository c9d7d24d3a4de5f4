#include "plugins/wire/values.hpp"

#include <charconv>
#include <string>

#include "base/utf8.hpp"

namespace sluice::plugins::wire {

Value text_value(std::string_view bytes, Arena& arena) {
  if (utf8_valid(bytes)) return Value::string(arena.copy(bytes));
  std::string text;
  for (const char c : bytes) utf8_append(text, static_cast<uint8_t>(c));
  return Value::string(arena.copy(text));
}

Value unsigned_value(uint64_t number, Arena& arena) {
  if (number <= INT64_MAX) return Value::integer(static_cast<int64_t>(number));
  char text[20];
  const char* end = std::to_chars(text, text + sizeof text, number).ptr;
  return Value::decimal(arena.copy({text, static_cast<size_t>(end - text)}));
}

}  // namespace sluice::plugins::wire
