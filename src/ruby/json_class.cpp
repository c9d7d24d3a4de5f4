// JSON.parse and JSON.generate.
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/hash.h>
#include <mruby/string.h>

#include <cmath>

#include "event/json_read.hpp"
#include "event/json_write.hpp"
#include "match/numbers.hpp"
#include "ruby/event_class.hpp"
#include "ruby/interpreter.hpp"
#include "ruby/method.hpp"
#include "ruby/value.hpp"

namespace sluice::ruby {
namespace {

constexpr int kMaxNesting = 100;  // as Ruby's JSON

// A value of the document as an only element of a list, so that a lone number is read as well.
bool read(Interpreter& interpreter, std::string_view text, Value& out) {
  auto& arena = interpreter.arena;
  arena.reset();
  auto* list = static_cast<char*>(arena.allocate(text.size() + 2 + JsonReader::kPadding, 1));
  list[0] = '[';
  std::memcpy(list + 1, text.data(), text.size());
  list[text.size() + 1] = ']';
  std::memset(list + text.size() + 2, 0, JsonReader::kPadding);
  if (!JsonReader::local().read_padded({list, text.size() + 2}, arena, out)) return false;
  if (out.as_array()->size != 1) return false;
  out = out.as_array()->items[0];
  return true;
}

mrb_value symbolized(mrb_state* mrb, mrb_value value) {
  if (mrb_array_p(value)) {
    for (mrb_int i = 0; i < RARRAY_LEN(value); ++i)
      mrb_ary_set(mrb, value, i, symbolized(mrb, mrb_ary_entry(value, i)));
    return value;
  }
  if (!mrb_hash_p(value)) return value;
  const mrb_value out = mrb_hash_new(mrb);
  const mrb_value keys = mrb_hash_keys(mrb, value);
  for (mrb_int i = 0; i < RARRAY_LEN(keys); ++i) {
    const mrb_value key = mrb_ary_entry(keys, i);
    mrb_hash_set(mrb, out, mrb_symbol_value(mrb_intern_str(mrb, key)),
                 symbolized(mrb, mrb_hash_get(mrb, value, key)));
  }
  return out;
}

mrb_value parse(mrb_state* mrb, mrb_value) {
  mrb_value text;
  mrb_bool symbols = FALSE;
  mrb_get_args(mrb, "S|b", &text, &symbols);
  auto& interpreter = Interpreter::of(mrb);
  Value value;
  if (!read(interpreter, text_of(text), value)) {
    char message[200];
    const auto view = text_of(text);
    std::snprintf(message, sizeof message, "unexpected token at '%.*s'",
                  static_cast<int>(std::min<size_t>(view.size(), 150)), view.data());
    raise(mrb, mrb_class_get_under(mrb, mrb_module_get(mrb, "JSON"), "ParserError"), message);
  }
  const mrb_value out = to_ruby(mrb, value);
  return symbols ? symbolized(mrb, out) : out;
}

struct Writer {
  mrb_state* mrb;
  Buffer& out;
  bool pretty;
  int depth = 0;

  void line() {
    if (!pretty) return;
    out.append('\n');
    for (int i = 0; i < depth; ++i) out.append("  ");
  }
  void deeper() {
    if (++depth > kMaxNesting)
      raise(mrb, mrb_class_get_under(mrb, mrb_module_get(mrb, "JSON"), "NestingError"),
            "nesting of %d is too deep", depth);
  }
  void value(mrb_value v);
  void text(mrb_value v) {
    write_json_string(text_of(mrb_string_p(v) ? v : mrb_obj_as_string(mrb, v)), false, out);
  }
  void list(mrb_value v) {
    if (RARRAY_LEN(v) == 0) return out.append("[]");
    deeper();
    out.append('[');
    for (mrb_int i = 0; i < RARRAY_LEN(v); ++i) {
      if (i) out.append(',');
      line();
      value(mrb_ary_entry(v, i));
    }
    --depth;
    line();
    out.append(']');
  }
  void object(mrb_value v) {
    if (mrb_hash_size(mrb, v) == 0) return out.append("{}");
    deeper();
    out.append('{');
    bool first = true;
    struct Context {
      Writer* writer;
      bool* first;
    } context{this, &first};
    mrb_hash_foreach(
        mrb, mrb_hash_ptr(v),
        [](mrb_state*, mrb_value key, mrb_value item, void* data) {
          auto& c = *static_cast<Context*>(data);
          if (!*c.first) c.writer->out.append(',');
          *c.first = false;
          c.writer->line();
          c.writer->text(key);
          c.writer->out.append(c.writer->pretty ? ": " : ":");
          c.writer->value(item);
          return 0;
        },
        &context);
    --depth;
    line();
    out.append('}');
  }
  void real(double d) {
    if (!std::isfinite(d))
      raise(mrb, mrb_class_get_under(mrb, mrb_module_get(mrb, "JSON"), "GeneratorError"),
            "NaN and Infinity not allowed in JSON");
    char digits[match::kDoubleTextSize];
    out.append({digits, match::ruby_double_text(d, digits)});
  }
};

void Writer::value(mrb_value v) {
  char number[24];
  switch (mrb_type(v)) {
    case MRB_TT_FALSE:
      return out.append(mrb_nil_p(v) ? "null" : "false");
    case MRB_TT_TRUE:
      return out.append("true");
    case MRB_TT_INTEGER:
      return out.append({number, static_cast<size_t>(std::snprintf(number, sizeof number, "%lld",
                                                                   static_cast<long long>(mrb_integer(v))))});
    case MRB_TT_FLOAT:
      return real(repaired(mrb_float(v)));
    case MRB_TT_ARRAY:
      return list(v);
    case MRB_TT_HASH:
      return object(v);
    default:
      if (const auto* box = event_box(v); box && box->event) return write_json(*box->event, out);
      return text(v);
  }
}

mrb_value generate(mrb_state* mrb, mrb_value) {
  mrb_value value;
  mrb_bool pretty = FALSE;
  mrb_get_args(mrb, "o|b", &value, &pretty);
  auto& buffer = Interpreter::of(mrb).buffer;
  buffer.clear();
  Writer writer{mrb, buffer, pretty != FALSE};
  writer.value(value);
  return string_of(mrb, buffer.view());
}

}  // namespace

void define_json(mrb_state* mrb) {
  RClass* owner = mrb_define_module(mrb, "JSON");
  RClass* error = mrb_define_class_under(mrb, owner, "JSONError", mrb->eStandardError_class);
  RClass* parser = mrb_define_class_under(mrb, owner, "ParserError", error);
  mrb_define_class_under(mrb, owner, "NestingError", parser);
  mrb_define_class_under(mrb, owner, "GeneratorError", error);
  class_method<parse>(mrb, owner, "__parse");
  class_method<generate>(mrb, owner, "__generate");
}

}  // namespace sluice::ruby
