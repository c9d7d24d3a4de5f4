#include "ruby/value.hpp"

#include <mruby.h>
#include <mruby/array.h>
#include <mruby/hash.h>
#include <mruby/istruct.h>
#include <mruby/numeric.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "ruby/interpreter.hpp"
#include "ruby/method.hpp"

namespace sluice::ruby {
namespace {

mrb_value list_to_ruby(mrb_state* mrb, const Array& list, int depth) {
  const mrb_value out = mrb_ary_new_capa(mrb, list.size);
  const int arena = mrb_gc_arena_save(mrb);
  for (const auto& item : list.all()) {
    mrb_ary_push(mrb, out, to_ruby(mrb, item, depth + 1));
    mrb_gc_arena_restore(mrb, arena);
  }
  return out;
}

mrb_value object_to_ruby(mrb_state* mrb, const Object& object, int depth) {
  const mrb_value out = mrb_hash_new_capa(mrb, object.size);
  const int arena = mrb_gc_arena_save(mrb);
  for (const auto& m : object.all()) {
    const mrb_value key = string_of(mrb, m.key.text());
    mrb_hash_set(mrb, out, key, to_ruby(mrb, m.value, depth + 1));
    mrb_gc_arena_restore(mrb, arena);
  }
  return out;
}

struct Filling {
  Arena* arena;
  Object* object;
  int depth;
};

int add_member(mrb_state* mrb, mrb_value key, mrb_value value, void* data) {
  auto& into = *static_cast<Filling*>(data);
  const int arena = mrb_gc_arena_save(mrb);
  const mrb_value name = mrb_string_p(key) ? key : mrb_obj_as_string(mrb, key);
  const Value converted = from_ruby(mrb, value, *into.arena, into.depth + 1);
  const Key interned = Key::of(text_of(name), *into.arena);
  // Ruby's keys are unique, but :a and "a" are one name in an event.
  if (mrb_string_p(key))
    into.object->append(*into.arena, interned, converted);
  else
    into.object->set(*into.arena, interned, converted);
  mrb_gc_arena_restore(mrb, arena);
  return 0;
}

// The Java class that Logstash names when it has no converter.
[[noreturn]] void no_converter(mrb_state* mrb, mrb_value value) {
  const char* name = "RubyObject";
  switch (mrb_type(value)) {
    case MRB_TT_PROC:
      name = "RubyProc";
      break;
    case MRB_TT_RANGE:
      name = "RubyRange";
      break;
    case MRB_TT_CLASS:
      name = "RubyClass";
      break;
    case MRB_TT_MODULE:
      name = "RubyModule";
      break;
    case MRB_TT_EXCEPTION:
      name = "RubyException";
      break;
    default:
      if (mrb_obj_is_kind_of(mrb, value, Interpreter::of(mrb).classes.regexp)) name = "RubyRegexp";
      if (mrb_obj_is_kind_of(mrb, value, Interpreter::of(mrb).classes.match_data)) name = "RubyMatchData";
  }
  raise(mrb, "TypeError",
        "Missing Converter handling for full class name=org.jruby.%s, simple name=%s (an event cannot "
        "hold a %s)",
        name, name, mrb_obj_classname(mrb, value));
}

size_t significant(const char* begin, const char* end) {
  size_t digits = 0;
  for (; begin < end && *begin != 'e'; ++begin) digits += *begin >= '0' && *begin <= '9';
  return digits;
}

}  // namespace

// The double with the fewest digits among `first` and those behind it; the earlier one when two have as few.
static double shortest(uint64_t first, int count) {
  char text[40];
  auto best = std::bit_cast<double>(first);
  size_t fewest = SIZE_MAX;
  for (int i = 0; i < count; ++i) {
    const auto candidate = std::bit_cast<double>(first + static_cast<uint64_t>(i));
    if (!std::isfinite(candidate)) break;
    const auto end = std::to_chars(text, text + sizeof text, candidate, std::chars_format::scientific).ptr;
    const size_t digits = significant(text, end);
    if (digits >= fewest) continue;
    fewest = digits;
    best = candidate;
    if (digits <= 12) break;
  }
  return best;
}

static double short_neighbour(double value, size_t most_digits) {
  constexpr uint64_t kReach = 8;
  if (!std::isfinite(value) || std::fabs(value) < 1e-300) return value;
  const double found = shortest(std::bit_cast<uint64_t>(value) - kReach, 2 * kReach + 1);
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, found, std::chars_format::scientific).ptr;
  return significant(text, end) <= most_digits ? found : value;
}

double repaired(double stored) {
  if (!std::isfinite(stored) || stored == 0) return stored;
  const double found = short_neighbour(stored, 13);
  return found != stored ? found : shortest(std::bit_cast<uint64_t>(stored), 4);
}

double nearest_short(double value) { return short_neighbour(value, 15); }

mrb_value to_ruby(mrb_state* mrb, const Value& value, int depth) {
  if (depth > kMaxDepth) raise(mrb, "ArgumentError", "nested too deeply");
  switch (value.kind()) {
    case Value::Kind::null:
      return mrb_nil_value();
    case Value::Kind::boolean:
      return mrb_bool_value(value.as_bool());
    case Value::Kind::integer:
      return mrb_int_value(mrb, value.as_integer());
    case Value::Kind::real:
      return mrb_float_value(mrb, value.as_real());
    case Value::Kind::decimal: {
      // The text of a decimal ends where its bytes do; numbers are short.
      char text[400];
      const auto digits = value.as_text().substr(0, sizeof text - 1);
      text[digits.copy(text, digits.size())] = '\0';
      return mrb_float_value(mrb, std::strtod(text, nullptr));
    }
    case Value::Kind::timestamp:
      return new_timestamp(mrb, value.as_nanos());
    case Value::Kind::string:
      return string_of(mrb, value.as_text());
    case Value::Kind::array:
      return list_to_ruby(mrb, *value.as_array(), depth);
    case Value::Kind::object:
      return object_to_ruby(mrb, *value.as_object(), depth);
  }
  return mrb_nil_value();
}

Value from_ruby(mrb_state* mrb, mrb_value value, Arena& arena, int depth) {
  if (depth > kMaxDepth) raise(mrb, "ArgumentError", "nested too deeply");
  switch (mrb_type(value)) {
    case MRB_TT_FALSE:
      return mrb_nil_p(value) ? Value{} : Value::boolean(false);
    case MRB_TT_TRUE:
      return Value::boolean(true);
    case MRB_TT_INTEGER:
      return Value::integer(mrb_integer(value));
    case MRB_TT_FLOAT:
      return Value::real(repaired(mrb_float(value)));
    case MRB_TT_STRING:
      return Value::string(arena.copy(text_of(value)));
    case MRB_TT_SYMBOL: {
      mrb_int length = 0;
      const char* name = mrb_sym_name_len(mrb, mrb_symbol(value), &length);
      return Value::string(arena.copy({name, static_cast<size_t>(length)}));
    }
    case MRB_TT_ARRAY: {
      auto* list = Array::make(arena, static_cast<uint32_t>(RARRAY_LEN(value)));
      for (mrb_int i = 0; i < RARRAY_LEN(value); ++i)
        list->push(arena, from_ruby(mrb, mrb_ary_entry(value, i), arena, depth + 1));
      return Value::array(list);
    }
    case MRB_TT_HASH: {
      auto* object = Object::make(arena, static_cast<uint32_t>(mrb_hash_size(mrb, value)));
      Filling filling{&arena, object, depth};
      mrb_hash_foreach(mrb, mrb_hash_ptr(value), add_member, &filling);
      return Value::object(object);
    }
    default:
      if (const Moment* moment = moment_of(mrb, value)) return Value::timestamp(moment->nanos);
      no_converter(mrb, value);
  }
}

Moment* moment_of(mrb_state* mrb, mrb_value value) {
  if (mrb_type(value) != MRB_TT_ISTRUCT) return nullptr;
  const auto& classes = Interpreter::of(mrb).classes;
  RClass* owner = mrb_obj_class(mrb, value);
  if (owner != classes.timestamp && owner != classes.time &&
      !mrb_obj_is_kind_of(mrb, value, classes.timestamp) && !mrb_obj_is_kind_of(mrb, value, classes.time))
    return nullptr;
  return reinterpret_cast<Moment*>(mrb_istruct_ptr(value));
}

namespace {
mrb_value new_moment(mrb_state* mrb, RClass* owner, Moment moment) {
  static_assert(sizeof(Moment) <= ISTRUCT_DATA_SIZE);
  const mrb_value object = mrb_obj_value(mrb_obj_alloc(mrb, MRB_TT_ISTRUCT, owner));
  *reinterpret_cast<Moment*>(mrb_istruct_ptr(object)) = moment;
  return object;
}
}  // namespace

mrb_value new_timestamp(mrb_state* mrb, int64_t nanos) {
  return new_moment(mrb, Interpreter::of(mrb).classes.timestamp, {nanos, 0, true});
}

mrb_value new_time(mrb_state* mrb, Moment moment) {
  return new_moment(mrb, Interpreter::of(mrb).classes.time, moment);
}

}  // namespace sluice::ruby
