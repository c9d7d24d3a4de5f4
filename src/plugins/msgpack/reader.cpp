#include "plugins/msgpack/reader.hpp"

#include <algorithm>
#include <string>

#include "base/utf8.hpp"
#include "match/numbers.hpp"
#include "plugins/msgpack/header.hpp"

namespace sluice::plugins::msgpack {
namespace {

constexpr int kMaxDepth = 500;  // as deep as JSON
constexpr uint64_t kWideMap = 16;
constexpr int8_t kEventTime = 0;
constexpr int64_t kNanos = 1000000000;

class Reader {
 public:
  Reader(std::string_view& bytes, Extensions extensions, Arena& arena)
      : bytes_(bytes), extensions_(extensions), arena_(arena) {}

  bool read(int depth, Value& out) {
    Header header;
    if (depth > kMaxDepth || read_header(bytes_, header) != HeaderOutcome::ok) return false;
    bytes_.remove_prefix(header.size);
    switch (header.kind) {
      case Kind::nil:
        out = Value{};
        return true;
      case Kind::boolean:
        out = Value::boolean(header.boolean);
        return true;
      case Kind::integer:
        out = Value::integer(header.integer);
        return true;
      case Kind::natural:
        out = Value::decimal(arena_.copy(std::to_string(header.natural)));
        return true;
      case Kind::real:
        out = Value::real(header.real);
        return true;
      case Kind::array:
        return read_array(header.length, depth, out);
      case Kind::map:
        return read_map(header.length, depth, out);
      case Kind::text:
      case Kind::binary:
      case Kind::extension:
        return read_bytes(header, out);
    }
    return false;
  }

 private:
  bool read_array(uint64_t length, int depth, Value& out) {
    if (length > bytes_.size()) return false;
    auto* list = Array::make(arena_, static_cast<uint32_t>(length));
    for (uint64_t i = 0; i < length; ++i) {
      Value item;
      if (!read(depth + 1, item)) return false;
      list->push(arena_, item);
    }
    out = Value::array(list);
    return true;
  }

  bool read_map(uint64_t length, int depth, Value& out) {
    if (length * 2 > bytes_.size()) return false;
    auto* object = Object::make(arena_, static_cast<uint32_t>(length));
    for (uint64_t i = 0; i < length; ++i) {
      Value key;
      Value value;
      if (!read(depth + 1, key) || !read(depth + 1, value)) return false;
      const Key name = key.is_string() ? Key::of(key.as_text(), arena_) : Key::of(text_of(key), arena_);
      if (length > kWideMap)
        object->append(arena_, name, value);
      else
        object->set(arena_, name, value);
    }
    if (length > kWideMap) object->merge_duplicates();
    out = Value::object(object);
    return true;
  }

  bool read_bytes(const Header& header, Value& out) {
    if (header.length > bytes_.size()) return false;
    const auto text = bytes_.substr(0, header.length);
    bytes_.remove_prefix(header.length);
    if (header.kind == Kind::extension) return read_extension(header.type, text, out);
    if (json_plain(text))
      out = Value::string(text, true);
    else if (utf8_valid(text))
      out = Value::string(text);
    else
      out = Value::string(arena_.copy(header.kind == Kind::binary ? latin1(text) : utf8_scrub(text)));
    return true;
  }

  bool read_extension(int8_t type, std::string_view bytes, Value& out) const {
    if (extensions_ != Extensions::fluent_time || type != kEventTime || bytes.size() != 8) return false;
    const auto number = [&](size_t at) {
      uint32_t value = 0;
      for (size_t i = at; i < at + 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
      return int64_t{value};
    };
    out = Value::timestamp(number(0) * kNanos + number(4));
    return true;
  }

  static std::string latin1(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) utf8_append(out, static_cast<unsigned char>(c));
    return out;
  }

  // A key that is no text is written as Ruby writes the value.
  static std::string text_of(const Value& key) {
    switch (key.kind()) {
      case Value::Kind::null:
        return {};
      case Value::Kind::boolean:
        return key.as_bool() ? "true" : "false";
      case Value::Kind::integer:
        return std::to_string(key.as_integer());
      case Value::Kind::real:
        return match::ruby_double_text(key.as_real());
      case Value::Kind::decimal:
        return std::string(key.as_text());
      default:
        return "?";
    }
  }

  std::string_view& bytes_;
  Extensions extensions_;
  Arena& arena_;
};

}  // namespace

bool read(std::string_view& bytes, Extensions extensions, Arena& arena, Value& out) {
  return Reader(bytes, extensions, arena).read(0, out);
}

}  // namespace sluice::plugins::msgpack
