#include "plugins/edn/writer.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "match/iso8601.hpp"
#include "match/numbers.hpp"

namespace sluice::plugins::edn {
namespace {

void write_string(std::string_view text, Buffer& out) {
  out.append('"');
  for (;;) {
    const size_t at = std::min(text.find_first_of("\"\\"), text.size());
    out.append(text.substr(0, at));
    if (at == text.size()) break;
    out.append('\\');
    out.append(text[at]);
    text.remove_prefix(at + 1);
  }
  out.append('"');
}

void write_list(const Array& list, Buffer& out) {
  out.append('[');
  for (uint32_t i = 0; i < list.size; ++i) {
    if (i) out.append(' ');
    write(list.items[i], out);
  }
  out.append(']');
}

void write_map(const Object& object, Buffer& out) {
  out.append('{');
  for (uint32_t i = 0; i < object.size; ++i) {
    if (i) out.append(", ");
    write_string(object.members[i].key.text(), out);
    out.append(' ');
    write(object.members[i].value, out);
  }
  out.append('}');
}

}  // namespace

void write(const Value& value, Buffer& out) {
  switch (value.kind()) {
    case Value::Kind::null:
      out.append("nil");
      break;
    case Value::Kind::boolean:
      out.append(value.as_bool() ? "true" : "false");
      break;
    case Value::Kind::integer:
      out.append(std::to_string(value.as_integer()));
      out.append('M');
      break;
    case Value::Kind::real:
      out.append(match::ruby_double_text(value.as_real()));
      break;
    case Value::Kind::decimal:
      out.append(value.as_text());
      out.append('M');
      break;
    case Value::Kind::timestamp: {
      char text[match::kIso8601Size];
      write_string({text, match::format_iso8601(value.as_nanos(), text)}, out);
      break;
    }
    case Value::Kind::string:
      write_string(value.as_text(), out);
      break;
    case Value::Kind::array:
      write_list(*value.as_array(), out);
      break;
    case Value::Kind::object:
      write_map(*value.as_object(), out);
      break;
  }
}

}  // namespace sluice::plugins::edn
