#include "event/json_write.hpp"

#include <charconv>
#include <cmath>

#include "base/utf8.hpp"
#include "match/iso8601.hpp"
#include "match/numbers.hpp"

namespace sluice {
namespace {

void write_escaped(std::string_view text, Buffer& out) {
  static const char* kHex = "0123456789abcdef";
  char* p = out.reserve(text.size() * 6 + 2);
  char* const start = p;
  *p++ = '"';
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u >= 0x20 && c != '"' && c != '\\') {
      *p++ = c;
      continue;
    }
    *p++ = '\\';
    switch (c) {
      case '"':
      case '\\':
        *p++ = c;
        break;
      case '\n':
        *p++ = 'n';
        break;
      case '\r':
        *p++ = 'r';
        break;
      case '\t':
        *p++ = 't';
        break;
      case '\b':
        *p++ = 'b';
        break;
      case '\f':
        *p++ = 'f';
        break;
      default:
        *p++ = 'u';
        *p++ = '0';
        *p++ = '0';
        *p++ = kHex[u >> 4];
        *p++ = kHex[u & 15];
    }
  }
  *p++ = '"';
  out.grow(static_cast<size_t>(p - start));
}

}  // namespace

void write_json_string(std::string_view text, bool plain, Buffer& out) {
  if (plain || json_plain(text)) {
    char* p = out.reserve(text.size() + 2);
    *p = '"';
    if (!text.empty()) std::memcpy(p + 1, text.data(), text.size());
    p[text.size() + 1] = '"';
    out.grow(text.size() + 2);
  } else if (utf8_valid(text)) {
    write_escaped(text, out);
  } else {
    write_escaped(utf8_scrub(text), out);
  }
}

void write_json(const Value& value, Buffer& out) {
  switch (value.kind()) {
    case Value::Kind::null:
      out.append("null");
      break;
    case Value::Kind::boolean:
      out.append(value.as_bool() ? "true" : "false");
      break;
    case Value::Kind::integer: {
      char* p = out.reserve(24);
      out.grow(static_cast<size_t>(std::to_chars(p, p + 24, value.as_integer()).ptr - p));
      break;
    }
    case Value::Kind::real:
      if (std::isfinite(value.as_real()))
        out.grow(match::java_double_text(value.as_real(), out.reserve(match::kDoubleTextSize)));
      else
        out.append("null");  // JSON has no NaN and no infinity
      break;
    case Value::Kind::decimal:
      out.append(value.as_text());
      break;
    case Value::Kind::timestamp: {
      char* p = out.reserve(44);
      *p = '"';
      const size_t n = match::format_iso8601(value.as_nanos(), p + 1);
      p[n + 1] = '"';
      out.grow(n + 2);
      break;
    }
    case Value::Kind::string:
      write_json_string(value.as_text(), value.plain(), out);
      break;
    case Value::Kind::array: {
      out.append('[');
      bool first = true;
      for (const auto& item : value.as_array()->all()) {
        if (!first) out.append(',');
        first = false;
        write_json(item, out);
      }
      out.append(']');
      break;
    }
    case Value::Kind::object: {
      out.append('{');
      bool first = true;
      for (const auto& m : value.as_object()->all()) {
        if (!first) out.append(',');
        first = false;
        write_json_string(m.key.text(), m.key.json_plain(), out);
        out.append(':');
        write_json(m.value, out);
      }
      out.append('}');
      break;
    }
  }
}

void write_json(const Event& event, Buffer& out) { write_json(Value::object(&event.fields()), out); }

}  // namespace sluice
