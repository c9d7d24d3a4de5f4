#include "monitor/tree.hpp"

#include "event/json_write.hpp"

namespace sluice::monitor {
namespace {

// Two blanks an indent, as `?pretty` gives it.
void write_pretty(const Value& value, Buffer& out, int depth) {
  const auto line = [&](int d) {
    out.append('\n');
    for (int i = 0; i < d; ++i) out.append("  ");
  };
  if (value.is_object() && value.as_object()->size) {
    out.append('{');
    bool first = true;
    for (const auto& m : value.as_object()->all()) {
      if (!first) out.append(',');
      first = false;
      line(depth + 1);
      write_json_string(m.key.text(), false, out);
      out.append(" : ");
      write_pretty(m.value, out, depth + 1);
    }
    line(depth);
    out.append('}');
  } else if (value.is_array() && value.as_array()->size) {
    out.append('[');
    bool first = true;
    for (const auto& item : value.as_array()->all()) {
      if (!first) out.append(',');
      first = false;
      line(depth + 1);
      write_pretty(item, out, depth + 1);
    }
    line(depth);
    out.append(']');
  } else {
    write_json(value, out);
  }
}

}  // namespace

void write(const Tree& tree, Buffer& out, bool pretty) {
  if (pretty)
    write_pretty(Value::object(tree.root()), out, 0);
  else
    write_json(Value::object(tree.root()), out);
  out.append('\n');
}

}  // namespace sluice::monitor
