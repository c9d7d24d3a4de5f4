#include "random_events.hpp"

#include <cmath>
#include <iterator>

#include "base/utf8.hpp"
#include "event/json_read.hpp"
#include "event/json_write.hpp"

namespace sluice::test {
namespace {

using namespace std::string_view_literals;

constexpr int kDeepest = 4;

// What parsers are written for, and what they trip over.
constexpr std::string_view kTexts[] = {
    ""sv,
    " "sv,
    "\0"sv,
    "\n"sv,
    "a"sv,
    "null"sv,
    "true"sv,
    "0"sv,
    "-1"sv,
    "1e999"sv,
    "0x1F"sv,
    "9223372036854775808"sv,
    "99999999999999999999999999999999999999"sv,
    "3.14"sv,
    "NaN"sv,
    "ä€😀"sv,
    "\xff\xfe\xc3"sv,
    "\xed\xa0\x80"sv,
    "a\xe2\x82"sv,
    "\xf0\x9f\x98"sv,
    "e\xcc\x81\xe2\x80\xae"sv,
    "%{message}"sv,
    "%{[a][b"sv,
    "%{+YYYY.MM.dd}"sv,
    "[a][b]"sv,
    "[a"sv,
    "]"sv,
    "a.b..c."sv,
    "@timestamp"sv,
    "tags"sv,
    "{\"a\":{\"b\":[1,2,{\"c\":null}]},\"@timestamp\":5,\"tags\":{\"x\":1},\"message\":\"m\"}"sv,
    "[{\"a\":1},2,[3]]"sv,
    "{\"a\":"sv,
    "a=1 b=\"two words\" c='x' d=[e=f] g=<h i> j= =k l==m \"n\"=o"sv,
    "a,b,\"c \"\"quoted\"\"\",,\"open"sv,
    "a;b\tc|d\r\ne"sv,
    "<a x='1'><b>t</b><b/>&amp;&#0;<![CDATA[c]]></a>"sv,
    "<a><b></a>"sv,
    "<!DOCTYPE a [<!ENTITY b \"bb\">]><a>&b;</a>"sv,
    "2024-02-30T25:61:61Z"sv,
    "2024-05-17T10:11:12.123Z"sv,
    "<34>Oct 11 22:14:15 host su: 'su root' failed"sv,
    "<999999999999>"sv,
    "192.0.2.7"sv,
    "2001:db8::1/33"sv,
    "300.1.2.3/-1"sv,
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36"sv,
    "%C3%A9%zz%"sv,
    "CEF:0|a|b|c|d|e|5|src=1 msg=x\\=y cs1Label=l cs1=v"sv,
    "local.random.diceroll 4 1355248999\n"sv,
    "((((((((((("sv,
    "[[[[[[[[[[["sv,
    "\\\\\\\"\\n\\u0000"sv,
    "GET /index.html?q=1&q=2 HTTP/1.1"sv,
};

constexpr std::string_view kNames[] = {"message", "a",    "b",   "type", "host", "a.b",   "tags_", "0",
                                       "-1",      "item", "key", "ä",    " ",    "Nötig", "event", "x-y"};

constexpr std::string_view kNumbers[] = {"0",
                                         "-0",
                                         "-0.0",
                                         "1",
                                         "-1",
                                         "0.1",
                                         "1e5",
                                         "1E-7",
                                         "9007199254740993",
                                         "9223372036854775807",
                                         "-9223372036854775808",
                                         "9223372036854775808",
                                         "18446744073709551615",
                                         "18446744073709551616",
                                         "123456789012345678901234567890",
                                         "-123456789012345678901234567890",
                                         "5e-324",
                                         "2.2250738585072011e-308",
                                         "1.7976931348623157e308",
                                         "0.1000000000000000055511151231257827",
                                         "3.14159265358979323846264338327950288",
                                         "100000000000000000000.5"};

template <class T, size_t N>
const T& any(RandomEvents& random, const T (&all)[N]) {
  return all[random.pick(N)];
}

}  // namespace

std::string RandomEvents::noise(size_t longest) {
  std::string out(pick(longest + 1), '\0');
  for (auto& c : out) c = static_cast<char>(random_());
  return out;
}

std::string RandomEvents::text() {
  switch (pick(8)) {
    case 0:
      return noise(40);
    case 1:
      return std::string(pick(3000), static_cast<char>(any(*this, kTexts).size() + 32));
    case 2:
      return std::string(any(*this, kTexts)) + std::string(any(*this, kTexts));
    case 3:
      return mutated(any(*this, kTexts));
    default:
      return std::string(any(*this, kTexts));
  }
}

std::string RandomEvents::mutated(std::string_view bytes) {
  std::string out(bytes);
  for (size_t changes = 1 + pick(4); changes > 0; --changes) {
    if (out.empty()) return noise(8);
    const size_t at = pick(out.size()), length = 1 + pick(std::min<size_t>(out.size() - at, 16));
    switch (pick(6)) {
      case 0:
        out[at] = static_cast<char>(random_());
        break;
      case 1:
        out[at] = static_cast<char>(out[at] ^ (1 << pick(8)));
        break;
      case 2:
        out.erase(at, length);
        break;
      case 3:
        out.insert(at, out.substr(at, length));
        break;
      case 4:
        out.insert(at, noise(8));
        break;
      default:
        out.resize(at);
    }
  }
  return out;
}

std::string RandomEvents::json_number() {
  if (!chance(3)) return std::string(any(*this, kNumbers));
  std::string digits = chance(2) ? "-" : "";
  digits += static_cast<char>('1' + pick(9));
  for (size_t n = pick(40); n > 0; --n) digits += static_cast<char>('0' + pick(10));
  if (chance(2)) digits += "." + std::to_string(random_());
  if (chance(3)) digits += "e" + std::to_string(static_cast<int>(pick(500)) - 250);
  return digits;
}

std::string RandomEvents::json_value(int depth) {
  Buffer out;
  switch (pick(depth < kDeepest ? 6 : 4)) {
    case 0:
      return chance(3) ? "null" : chance(2) ? "true" : "false";
    case 1:
    case 2:
      return json_number();
    case 3:
      write_json_string(utf8_scrub(text()), false, out);
      return std::string(out.view());
    case 4: {
      std::string list = "[";
      for (size_t n = pick(5); n > 0; --n) list += json_value(depth + 1) + (n > 1 ? "," : "");
      return list + "]";
    }
    default: {
      std::string object = "{";
      for (size_t n = pick(5); n > 0; --n) {
        out.clear();
        write_json_string(std::string(any(*this, kNames)) + std::to_string(n), false, out);
        object += std::string(out.view()) + ":" + json_value(depth + 1) + (n > 1 ? "," : "");
      }
      return object + "}";
    }
  }
}

std::string RandomEvents::json_object() {
  std::string object = "{";
  for (size_t n = 0, count = 1 + pick(8); n < count; ++n)
    object += (n ? ",\"f" : "\"f") + std::to_string(n) + "\":" + json_value(0);
  return object + "}";
}

Value RandomEvents::value(Arena& arena, int depth) {
  switch (pick(depth < kDeepest ? 10 : 7)) {
    case 0:
      return Value{};
    case 1:
      return Value::boolean(chance(2));
    case 2:
      return Value::integer(chance(2) ? static_cast<int64_t>(random_()) : static_cast<int64_t>(pick(7)) - 3);
    case 3:
      return Value::real(
          chance(3) ? 1.5 : std::ldexp(static_cast<double>(random_()), static_cast<int>(pick(200)) - 100));
    case 4:
      return chance(2) ? Value::decimal("123456789012345678901234567890")
                       : Value::timestamp(static_cast<int64_t>(random_() >> 1));
    case 7: {
      auto* list = Array::make(arena, 2);
      for (size_t n = pick(4); n > 0; --n) list->push(arena, value(arena, depth + 1));
      return Value::array(list);
    }
    case 8: {
      auto* object = Object::make(arena, 2);
      for (size_t n = pick(4); n > 0; --n)
        object->set(arena, Key::of(chance(6) ? utf8_scrub(text()) : any(*this, kNames), arena),
                    value(arena, depth + 1));
      return Value::object(object);
    }
    default:
      return Value::string(arena.copy(text()));
  }
}

void RandomEvents::change(Value& at, Arena& arena) {
  if (at.is_string() && !chance(4)) {
    at = Value::string(arena.copy(mutated(at.as_text())));
  } else if (at.is_array() && at.as_array()->size && !chance(4)) {
    change(at.as_array()->items[pick(at.as_array()->size)], arena);
  } else if (at.is_object() && at.as_object()->size && !chance(4)) {
    change(at.as_object()->members[pick(at.as_object()->size)].value, arena);
  } else {
    at = value(arena);
  }
}

Value RandomEvents::tags(Arena& arena) {
  if (chance(4)) return Value::string(arena.copy(text()));
  auto* list = Array::make(arena, 2);
  for (size_t n = pick(4); n > 0; --n) list->push(arena, Value::string(arena.copy(text())));
  return Value::array(list);
}

Event& RandomEvents::event(Batch& batch, const std::vector<FieldRef>& fields) {
  auto& event = batch.make();
  auto& arena = batch.arena();
  for (size_t n = pick(6); n > 0; --n)
    event.set(Key::of(chance(6) ? utf8_scrub(text()) : any(*this, kNames), arena), value(arena));
  const auto& names = Names::get();
  for (const auto name : {names.timestamp, names.tags, names.metadata})
    if (chance(8)) event.set(name, value(arena));
  normalize(event);
  if (chance(3)) (void)event.set(FieldRef::of("tags"), tags(arena));
  if (chance(20)) event.remove(FieldRef::of("@timestamp"));
  if (chance(20)) event.remove(FieldRef::of("@version"));
  for (const auto& field : fields)
    if (!chance(5)) (void)event.set(field, chance(3) ? value(arena) : Value::string(arena.copy(text())));
  return event;
}

std::string EventCheck::walk(const Value& value, int depth) {
  if (depth > 3000) return "nested too deep";
  if (value.kind() > Value::Kind::object) return "a value of no kind";
  if (value.is_string() && value.plain() && !json_plain(value.as_text()))
    return "a text that is marked as plain and is not: " + std::string(value.as_text());
  if (!value.is_array() && !value.is_object()) return {};
  const void* at = value.is_array() ? static_cast<const void*>(value.as_array()) : value.as_object();
  if (!at) return "a container that is not there";
  if (!seen_.insert(at).second) return "a list or an object that stands in two places";
  if (value.is_array()) {
    if (value.as_array()->size > value.as_array()->capacity) return "a list larger than its memory";
    for (const auto& item : value.as_array()->all())
      if (auto wrong = walk(item, depth + 1); !wrong.empty()) return wrong;
    return {};
  }
  if (value.as_object()->size > value.as_object()->capacity) return "an object larger than its memory";
  std::unordered_set<std::string_view> names;
  for (const auto& member : value.as_object()->all()) {
    if (member.key.null()) return "a member without a name";
    if (!names.insert(member.key.text()).second) return "a name twice: " + std::string(member.key.text());
    if (member.key.json_plain() && !json_plain(member.key.text()))
      return "a name that is marked as plain and is not";
    if (auto wrong = walk(member.value, depth + 1); !wrong.empty()) return wrong;
  }
  return {};
}

std::string EventCheck::problem(const Event& event) {
  const Value fields = Value::object(&event.fields());
  if (auto wrong = walk(fields, 0); !wrong.empty()) return wrong;
  if (!event.metadata_value().is_object()) return "@metadata is no object";
  if (auto wrong = walk(event.metadata_value(), 0); !wrong.empty()) return "in @metadata " + wrong;
  if (event.get(Names::get().metadata)) return "@metadata among the fields";
  const Value* time = event.get(Names::get().timestamp);
  if (time && time->kind() != Value::Kind::timestamp) return "@timestamp is no time";
  if (const Value* tags = event.get(Names::get().tags)) {
    if (!tags->is_null() && !tags->is_string() && !tags->is_array()) return "tags are no list";
    if (tags->is_array())
      for (const auto& tag : tags->as_array()->all())
        if (!tag.is_string()) return "a tag is no text";
  }
  Buffer json;
  write_json(event, json);
  if (!utf8_valid(json.view())) return "its JSON is no UTF-8";
  Arena arena;
  Value parsed;
  if (!JsonReader::local().read(json.view(), arena, parsed))
    return "its JSON cannot be read (" + std::string(JsonReader::local().error()) +
           "): " + std::string(json.view());
  return json_equal(fields, parsed) ? std::string()
                                    : "its JSON gives another event: " + std::string(json.view());
}

namespace {

bool same_number(const Value& original, const Value& parsed) {
  using Kind = Value::Kind;
  if (original.kind() == Kind::real) {
    if (!std::isfinite(original.as_real())) return parsed.is_null();
    return parsed.kind() == Kind::real && parsed.as_real() == original.as_real();
  }
  if (original.kind() == Kind::integer)
    return parsed.kind() == Kind::integer && parsed.as_integer() == original.as_integer();
  // Decimals that were made of a smaller number are read as one.
  if (parsed.kind() == Kind::decimal) return parsed.as_text() == original.as_text();
  if (parsed.kind() == Kind::integer) return std::to_string(parsed.as_integer()) == original.as_text();
  return parsed.kind() == Kind::real;
}

}  // namespace

bool json_equal(const Value& original, const Value& parsed) {
  switch (original.kind()) {
    case Value::Kind::string:
      return parsed.is_string() && parsed.as_text() == utf8_scrub(original.as_text());
    case Value::Kind::timestamp:
      return parsed.is_string();
    case Value::Kind::integer:
    case Value::Kind::real:
    case Value::Kind::decimal:
      return same_number(original, parsed);
    case Value::Kind::array: {
      if (!parsed.is_array() || parsed.as_array()->size != original.as_array()->size) return false;
      for (uint32_t i = 0; i < original.as_array()->size; ++i)
        if (!json_equal(original.as_array()->items[i], parsed.as_array()->items[i])) return false;
      return true;
    }
    case Value::Kind::object: {
      if (!parsed.is_object()) return false;
      Arena arena;
      for (const auto& member : original.as_object()->all()) {
        const Value* there = parsed.as_object()->find(Key::of(utf8_scrub(member.key.text()), arena));
        if (!there) return false;
        // Names that are no UTF-8 may become the same one.
        if (utf8_valid(member.key.text()) && !json_equal(member.value, *there)) return false;
      }
      return parsed.as_object()->size <= original.as_object()->size;
    }
    default:
      return equal(original, parsed);
  }
}

}  // namespace sluice::test
