#include "event/json_write.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "base/utf8.hpp"
#include "match/iso8601.hpp"
#include "match/numbers.hpp"

namespace sluice {
namespace {

// Sixteen bytes at once, as the compiler knows to do it on each processor.
using Block = unsigned char __attribute__((vector_size(16)));
using Halves = uint64_t __attribute__((vector_size(16)));

constexpr size_t kBlock = sizeof(Block);
constexpr size_t kEscaped = 6;  // bytes of the longest escape, \u001f
constexpr size_t kAtLeast = 512;
constexpr size_t kLong = 4096;  // of a longer text it pays to know whether there is anything to escape

// Copies a block and says how many of its bytes come before the first that cannot stand in a JSON string as
// it is: a control character, `"`, `\`, and, if `ascii`, what is not ASCII.
size_t copy_block(const char* from, char* to, bool ascii) {
  static_assert(std::endian::native == std::endian::little);
  Block bytes;
  std::memcpy(&bytes, from, kBlock);
  std::memcpy(to, &bytes, kBlock);
  auto stops = (bytes < 0x20) | (bytes == '"') | (bytes == '\\');
  if (ascii) stops |= bytes >= 0x80;
  Halves halves;
  std::memcpy(&halves, &stops, kBlock);
  if (halves[0] != 0) return static_cast<size_t>(std::countr_zero(halves[0])) / 8;
  return halves[1] != 0 ? 8 + static_cast<size_t>(std::countr_zero(halves[1])) / 8 : kBlock;
}

char* put_escape(char c, char* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto u = static_cast<unsigned char>(c);
  static constexpr char kShort[] = "btn\0fr";  // of 8 to 13
  *out++ = '\\';
  if (c == '"' || c == '\\') {
    *out++ = c;
  } else if (u >= 8 && u <= 13 && kShort[u - 8] != 0) {
    *out++ = kShort[u - 8];
  } else {
    std::memcpy(out, "u00", 3);
    out[3] = kHex[u >> 4];
    out[4] = kHex[u & 15];
    out += 5;
  }
  return out;
}

// Copies `text` and escapes it. Null when its UTF-8 is broken; it is looked at once something is not ASCII.
// `out` has room for every byte to be escaped, and a block.
char* escape(std::string_view text, char* out) {
  const char* p = text.data();
  const char* const end = p + text.size();
  bool ascii = true;
  while (p < end) {
    size_t plain;
    const auto left = static_cast<size_t>(end - p);
    if (left >= kBlock) {
      plain = copy_block(p, out, ascii);
    } else {
      char last[kBlock] = {};  // whose end is no plain text
      std::memcpy(last, p, left);
      plain = copy_block(last, out, ascii);
    }
    p += plain;
    out += plain;
    if (plain == kBlock || p == end) continue;
    if (static_cast<unsigned char>(*p) < 0x80) {
      out = put_escape(*p++, out);
    } else {
      if (!utf8_valid({p, static_cast<size_t>(end - p)})) return nullptr;
      ascii = false;
    }
  }
  return out;
}

// Writes to a Buffer, whose size is brought up to date when it needs more room and at the end.
class Writer {
 public:
  explicit Writer(Buffer& out) : out_(out) { take(kAtLeast); }
  ~Writer() { out_.grow(static_cast<size_t>(at_ - out_.data()) - out_.size()); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void value(const Value& value);
  void string(std::string_view text, bool plain);

 private:
  void room(size_t n) {
    if (static_cast<size_t>(limit_ - at_) < n) grow(n);
  }
  void grow(size_t n) {
    out_.grow(static_cast<size_t>(at_ - out_.data()) - out_.size());
    take(n);
  }
  void take(size_t n) {
    at_ = out_.reserve(std::max(n, kAtLeast));
    limit_ = out_.data() + out_.capacity();
  }
  void byte(char c) {
    room(1);
    *at_++ = c;
  }
  void raw(std::string_view text) {
    room(text.size());
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void key(Key key);
  void number(const Value& value);
  void timestamp(int64_t nanos);
  void array(const Array& list);
  void object(const Object& object);

  Buffer& out_;
  char* at_ = nullptr;
  const char* limit_ = nullptr;
};

void Writer::string(std::string_view text, bool plain) {
  if (plain || (text.size() > kLong && json_plain(text))) {
    room(text.size() + 2);
    *at_++ = '"';
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    *at_++ = '"';
    return;
  }
  room(text.size() * kEscaped + 2 + kBlock);
  *at_ = '"';
  char* const end = escape(text, at_ + 1);
  if (!end) return string(utf8_scrub(text), false);
  *end = '"';
  at_ = end + 1;
}

void Writer::key(Key key) {
  if (!key.json_plain()) {
    string(key.text(), false);
    return byte(':');
  }
  const std::string_view quoted = key.quoted();
  room(quoted.size() + Key::kQuotedStep);
  for (size_t i = 0; i < quoted.size(); i += Key::kQuotedStep)
    std::memcpy(at_ + i, quoted.data() + i, Key::kQuotedStep);
  at_ += quoted.size();
}

void Writer::number(const Value& value) {
  room(match::kDoubleTextSize);
  if (value.kind() == Value::Kind::integer)
    at_ = std::to_chars(at_, at_ + match::kDoubleTextSize, value.as_integer()).ptr;
  else if (std::isfinite(value.as_real()))
    at_ += match::java_double_text(value.as_real(), at_);
  else
    raw("null");  // JSON has no NaN and no infinity
}

void Writer::timestamp(int64_t nanos) {
  room(match::kIso8601Size + 2);
  *at_++ = '"';
  at_ += match::format_iso8601(nanos, at_);
  *at_++ = '"';
}

void Writer::array(const Array& list) {
  byte('[');
  for (uint32_t i = 0; i < list.size; ++i) {
    if (i != 0) byte(',');
    value(list.items[i]);
  }
  byte(']');
}

void Writer::object(const Object& object) {
  byte('{');
  for (uint32_t i = 0; i < object.size; ++i) {
    if (i != 0) byte(',');
    key(object.members[i].key);
    value(object.members[i].value);
  }
  byte('}');
}

void Writer::value(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null:
      return raw("null");
    case Value::Kind::boolean:
      return raw(value.as_bool() ? "true" : "false");
    case Value::Kind::integer:
    case Value::Kind::real:
      return number(value);
    case Value::Kind::decimal:
      return raw(value.as_text());
    case Value::Kind::timestamp:
      return timestamp(value.as_nanos());
    case Value::Kind::string:
      return string(value.as_text(), value.plain());
    case Value::Kind::array:
      return array(*value.as_array());
    case Value::Kind::object:
      return object(*value.as_object());
  }
}

}  // namespace

void write_json_string(std::string_view text, bool plain, Buffer& out) { Writer(out).string(text, plain); }

void write_json(const Value& value, Buffer& out) { Writer(out).value(value); }

void write_json(const Event& event, Buffer& out) { write_json(Value::object(&event.fields()), out); }

}  // namespace sluice
