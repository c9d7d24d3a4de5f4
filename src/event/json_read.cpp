#include "event/json_read.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace sluice {

using simdjson::ondemand::json_type;

namespace {

// Documents of a stream have their names in the same order: the name that stood at a place the last time is a
// guess that one comparison of bytes confirms, without a hash.
class NameGuesses {
 public:
  /// Places: behind a name, and first in the object that is a name's value (null: the document).
  static uint32_t behind(Key name) { return 2 * name.id() + 2; }
  static uint32_t first_in(Key name) { return name.null() ? 1 : 2 * name.id() + 3; }

  [[nodiscard]] Key at(uint32_t place) const { return place < names_.size() ? names_[place] : Key{}; }
  void learn(uint32_t place, Key name) {
    if (place >= kPlaces || !name.interned() || !name.json_plain()) return;
    if (place >= names_.size()) names_.resize(place + 64);
    names_[place] = name;
  }

 private:
  static constexpr uint32_t kPlaces = 4 * Key::kCap;
  std::vector<Key> names_;
};

}  // namespace

struct JsonReader::Impl {
  simdjson::ondemand::parser parser;
  simdjson::error_code error = simdjson::SUCCESS;
  NameGuesses names;

  bool fail(simdjson::error_code e) {
    error = e;
    return false;
  }
  bool string(std::string_view token, Arena& arena, Value& out);
  bool number(simdjson::ondemand::value& value, Arena& arena, Value& out);
  bool key(simdjson::ondemand::field& field, uint32_t place, Arena& arena, Key& out);
  bool new_key(const char* start, Arena& arena, Key& out);
  bool object(simdjson::ondemand::object source, Key name, Arena& arena, int depth, Value& out);
  bool array(simdjson::ondemand::array source, Key name, Arena& arena, int depth, Value& out);
  // `name`: the name of the value in the object around it.
  bool value(simdjson::ondemand::value source, Key name, Arena& arena, int depth, Value& out);
};

namespace {

constexpr int kMaxDepth = 500;
// Up to here each new key is compared with those before it; beyond, all are sorted once at the end.
constexpr uint32_t kNarrow = 64;
constexpr size_t kDigitsOfInteger = 19;  // that 64 bits always hold

int hex4(const char* p) {
  int v = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = p[i];
    v <<= 4;
    if (c >= '0' && c <= '9')
      v |= c - '0';
    else if (c >= 'a' && c <= 'f')
      v |= c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
      v |= c - 'A' + 10;
    else
      return -1;
  }
  return v;
}

char* put_utf8(char* out, uint32_t c) {
  if (c < 0x80) {
    *out++ = static_cast<char>(c);
  } else if (c < 0x800) {
    *out++ = static_cast<char>(0xC0 | (c >> 6));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    *out++ = static_cast<char>(0xE0 | (c >> 12));
    *out++ = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  } else {
    *out++ = static_cast<char>(0xF0 | (c >> 18));
    *out++ = static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    *out++ = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  }
  return out;
}

// The text of a JSON string body with its escapes resolved; a lone surrogate becomes U+FFFD. nullptr: bad
// escape.
const char* unescape(const char* p, const char* end, char* out) {
  while (p < end) {
    if (*p != '\\') {
      *out++ = *p++;
      continue;
    }
    if (++p == end) return nullptr;
    const char c = *p++;
    switch (c) {
      case '"':
      case '\\':
      case '/':
        *out++ = c;
        break;
      case 'b':
        *out++ = '\b';
        break;
      case 'f':
        *out++ = '\f';
        break;
      case 'n':
        *out++ = '\n';
        break;
      case 'r':
        *out++ = '\r';
        break;
      case 't':
        *out++ = '\t';
        break;
      case 'u': {
        if (end - p < 4) return nullptr;
        const int first = hex4(p);
        if (first < 0) return nullptr;
        p += 4;
        auto code = static_cast<uint32_t>(first);
        if (code >= 0xD800 && code < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
          const int second = hex4(p + 2);
          if (second >= 0xDC00 && second < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (static_cast<uint32_t>(second) - 0xDC00);
            p += 6;
          }
        }
        if (code >= 0xD800 && code < 0xE000) code = 0xFFFD;
        out = put_utf8(out, code);
        break;
      }
      default:
        return nullptr;
    }
  }
  return out;
}

// False when no double holds the number; one that is too small for it is 0.
bool to_double(std::string_view text, double& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc::result_out_of_range) {
    out = std::strtod(std::string(text).c_str(), nullptr);
    return std::isfinite(out);
  }
  return error == std::errc{} && end == text.data() + text.size();
}

// JSON's grammar of numbers.
bool is_number(std::string_view text) {
  const auto digits = [&text] {
    const size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(end);
    return end;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero = text.starts_with('0');
  const size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

}  // namespace

// `token` starts at the opening quote and ends behind the closing one, white space may follow.
bool JsonReader::Impl::string(std::string_view token, Arena& arena, Value& out) {
  size_t end = token.size();
  while (end > 1 && token[end - 1] != '"') --end;
  if (end < 2) return fail(simdjson::STRING_ERROR);
  const std::string_view body = token.substr(1, end - 2);
  if (body.empty() || !std::memchr(body.data(), '\\', body.size())) {
    out = Value::string(body, true);
    return true;
  }
  auto* text = static_cast<char*>(arena.allocate(body.size(), 1));
  const char* stop = unescape(body.data(), body.data() + body.size(), text);
  if (!stop) return fail(simdjson::STRING_ERROR);
  arena.shrink_last(stop);
  out = Value::string({text, static_cast<size_t>(stop - text)});
  return true;
}

bool JsonReader::Impl::key(simdjson::ondemand::field& field, uint32_t place, Arena& arena, Key& out) {
  const char* start = field.key().raw();
  const Key guess = names.at(place);
  if (!guess.null()) {
    // Reads at most the padding too far: a name of the table that is longer than that is not guessed.
    const std::string_view text = guess.text();
    if (text.size() < kPadding && std::memcmp(start, text.data(), text.size()) == 0 &&
        start[text.size()] == '"') {
      out = guess;
      return true;
    }
  }
  if (!new_key(start, arena, out)) return false;
  names.learn(place, out);
  return true;
}

bool JsonReader::Impl::new_key(const char* start, Arena& arena, Key& out) {
  // The raw key ends at its closing quote, which is the first quote not behind a backslash.
  const char* p = start;
  bool escaped = false;
  while (*p != '"') {
    if (*p == '\\') {
      escaped = true;
      ++p;
    }
    ++p;
  }
  if (!escaped) {
    out = Key::of({start, static_cast<size_t>(p - start)}, arena);
    return true;
  }
  auto* text = static_cast<char*>(arena.allocate(static_cast<size_t>(p - start), 1));
  const char* stop = unescape(start, p, text);
  if (!stop) return fail(simdjson::STRING_ERROR);
  out = Key::of({text, static_cast<size_t>(stop - text)}, arena);
  return true;
}

bool JsonReader::Impl::number(simdjson::ondemand::value& value, Arena& arena, Value& out) {
  std::string_view token = value.raw_json_token();
  token = token.substr(
      0, token.find_last_not_of(" \t\r\n") + 1);  // JSON's white space: a control character is none
  const bool integral = token.find_first_of(".eE") == std::string_view::npos;
  if (integral) {
    int64_t i = 0;
    if (value.get_int64().get(i) == simdjson::SUCCESS) {
      out = Value::integer(i);
      return true;
    }
    const std::string_view digits = token.front() == '-' ? token.substr(1) : token;
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos ||
        (digits.size() > 1 && digits[0] == '0'))
      return fail(simdjson::NUMBER_ERROR);
    out = Value::decimal(arena.copy(token));
    return true;
  }
  double d = 0;
  // simdjson before 3.1 reads 0.10000000000000000000000 as 1.8e-5: more digits than 19 are not for it.
  const bool read = token.size() > kDigitsOfInteger ? is_number(token) && to_double(token, d)
                                                    : value.get_double().get(d) == simdjson::SUCCESS;
  if (!read) {
    if (!is_number(token)) return fail(simdjson::NUMBER_ERROR);
    out = Value::decimal(arena.copy(token));  // beyond what a double holds: 1e400
    return true;
  }
  out = Value::real(d);
  return true;
}

bool JsonReader::Impl::object(simdjson::ondemand::object source, Key name, Arena& arena, int depth,
                              Value& out) {
  auto* object = Object::make(arena, 8);
  out = Value::object(object);
  uint32_t place = NameGuesses::first_in(name);
  uint64_t met = 0;  // a bit for each name, of its number: one whose bit is not set is new
  for (auto entry : source) {
    simdjson::ondemand::field field;
    if (const auto e = std::move(entry).get(field)) return fail(e);
    if (!key(field, place, arena, name)) return false;
    place = NameGuesses::behind(name);
    Value v;
    if (!value(field.value(), name, arena, depth + 1, v)) return false;
    const uint64_t bit = uint64_t{1} << (name.id() % 64);
    if ((met & bit) == 0 || object->size >= kNarrow)
      object->append(arena, name, v);
    else
      object->set(arena, name, v);
    met |= bit;
  }
  if (object->size > kNarrow) object->merge_duplicates();
  return true;
}

bool JsonReader::Impl::array(simdjson::ondemand::array source, Key name, Arena& arena, int depth,
                             Value& out) {
  auto* list = Array::make(arena, 4);
  out = Value::array(list);
  for (auto entry : source) {
    simdjson::ondemand::value item;
    if (const auto e = std::move(entry).get(item)) return fail(e);
    Value v;
    if (!value(item, name, arena, depth + 1, v)) return false;
    list->push(arena, v);
  }
  return true;
}

bool JsonReader::Impl::value(simdjson::ondemand::value source, Key name, Arena& arena, int depth,
                             Value& out) {
  if (depth > kMaxDepth) return fail(simdjson::DEPTH_ERROR);
  json_type type;
  if (const auto e = source.type().get(type)) return fail(e);
  switch (type) {
    case json_type::object: {
      simdjson::ondemand::object o;
      if (const auto e = source.get_object().get(o)) return fail(e);
      return object(o, name, arena, depth, out);
    }
    case json_type::array: {
      simdjson::ondemand::array a;
      if (const auto e = source.get_array().get(a)) return fail(e);
      return array(a, name, arena, depth, out);
    }
    case json_type::string: {
      const std::string_view token = source.raw_json_token();
      simdjson::ondemand::raw_json_string raw;
      if (const auto e = source.get_raw_json_string().get(raw)) return fail(e);
      return string(token, arena, out);
    }
    case json_type::number:
      return number(source, arena, out);
    case json_type::boolean: {
      bool b = false;
      if (const auto e = source.get_bool().get(b)) return fail(e);
      out = Value::boolean(b);
      return true;
    }
    case json_type::null: {
      bool null = false;
      if (const auto e = source.is_null().get(null)) return fail(e);
      if (!null) return fail(simdjson::N_ATOM_ERROR);
      out = Value{};
      return true;
    }
  }
  return fail(simdjson::TAPE_ERROR);
}

JsonReader::JsonReader() : impl_(std::make_unique<Impl>()) {}
JsonReader::~JsonReader() = default;

bool JsonReader::read(std::string_view text, Arena& arena, Value& out) {
  auto* copy = static_cast<char*>(arena.allocate(text.size() + kPadding, 1));
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  std::memset(copy + text.size(), 0, kPadding);
  return read_padded({copy, text.size()}, arena, out);
}

bool JsonReader::read_padded(std::string_view text, Arena& arena, Value& out) {
  impl_->error = simdjson::SUCCESS;
  simdjson::ondemand::document document;
  if (const auto e = impl_->parser.iterate(text.data(), text.size(), text.size() + kPadding).get(document))
    return impl_->fail(e);
  bool scalar = false;
  if (const auto e = document.is_scalar().get(scalar)) return impl_->fail(e);
  if (scalar) return impl_->fail(simdjson::INCORRECT_TYPE);
  simdjson::ondemand::value root;
  if (const auto e = document.get_value().get(root)) return impl_->fail(e);
  if (!impl_->value(root, Key{}, arena, 0, out)) return false;
  // On-Demand ends behind the root value; only when nothing is left there is no location to tell.
  const char* rest = nullptr;
  return document.current_location().get(rest) == simdjson::OUT_OF_BOUNDS ||
         impl_->fail(simdjson::TRAILING_CONTENT);
}

std::string_view JsonReader::error() const { return simdjson::error_message(impl_->error); }

JsonReader& JsonReader::local() {
  thread_local JsonReader reader;
  return reader;
}

}  // namespace sluice
