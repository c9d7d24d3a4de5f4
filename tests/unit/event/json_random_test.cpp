// Random documents, whole and damaged, against simdjson's own tree builder, which shares none of the walk.
#include <doctest/doctest.h>
#include <simdjson.h>

#include <cstdio>
#include <map>
#include <string>

#include "base/utf8.hpp"
#include "event/json_documents.hpp"
#include "event/json_read.hpp"
#include "event/json_write.hpp"

using namespace sluice;
namespace dom = simdjson::dom;

namespace {

bool same(const Value& value, dom::element expected);

// Of duplicate names the last counts and stands where the first stood.
bool same_object(const Object& object, dom::object expected) {
  std::vector<std::string_view> order;
  std::map<std::string_view, dom::element> last;
  for (const auto field : expected)
    if (last.insert_or_assign(field.key, field.value).second) order.push_back(field.key);
  if (object.size != order.size()) return false;
  for (uint32_t i = 0; i < object.size; ++i)
    if (object.members[i].key.text() != order[i] || !same(object.members[i].value, last[order[i]]))
      return false;
  return true;
}

bool same_array(const Array& list, dom::array expected) {
  if (list.size != expected.size()) return false;
  uint32_t i = 0;
  for (const auto item : expected)
    if (!same(list.items[i++], item)) return false;
  return true;
}

bool same(const Value& value, dom::element expected) {
  switch (expected.type()) {
    case dom::element_type::OBJECT:
      return value.is_object() && same_object(*value.as_object(), expected.get_object());
    case dom::element_type::ARRAY:
      return value.is_array() && same_array(*value.as_array(), expected.get_array());
    case dom::element_type::STRING:
      return value.is_string() && value.as_text() == expected.get_string().value();
    case dom::element_type::INT64:
      return value.kind() == Value::Kind::integer && value.as_integer() == expected.get_int64().value();
    case dom::element_type::UINT64:
      return value.kind() == Value::Kind::decimal &&
             value.as_text() == std::to_string(expected.get_uint64().value());
    case dom::element_type::DOUBLE:
      return value.kind() == Value::Kind::real && value.as_real() == expected.get_double().value();
    case dom::element_type::BOOL:
      return value.kind() == Value::Kind::boolean && value.as_bool() == expected.get_bool().value();
    case dom::element_type::NULL_VALUE:
      return value.is_null();
  }
  return false;
}

// A text in quotes, byte by byte.
std::string quoted_slowly(std::string_view text) {
  std::string out = "\"";
  const std::string clean = utf8_valid(text) ? std::string(text) : utf8_scrub(text);
  for (const char c : clean) {
    const auto known = std::string_view("\"\\\b\f\n\r\t").find(c);
    char escape[8];
    if (known != std::string_view::npos)
      (out += '\\') += "\"\\bfnrt"[known];
    else if (static_cast<unsigned char>(c) < 0x20)
      out.append(escape, static_cast<size_t>(std::snprintf(escape, sizeof escape, "\\u%04x", c)));
    else
      out += c;
  }
  return out + '"';
}

// What we read and simdjson's tree does not: lone surrogates and numbers of any size.
bool ours_alone(simdjson::error_code error) {
  return error == simdjson::STRING_ERROR || error == simdjson::NUMBER_ERROR;
}

}  // namespace

TEST_CASE("random documents read as simdjson's tree builder reads them, damaged ones are refused with it") {
  JsonDocuments documents(20240401);
  dom::parser parser;
  size_t whole = 0;
  for (int round = 0; round < 40'000; ++round) {
    const std::string text = round % 2 ? documents.damaged(documents.object()) : documents.object();
    CAPTURE(text);
    Arena arena;
    Value value;
    const bool read = JsonReader::local().read(text, arena, value);
    dom::element expected;
    const auto error = parser.parse(text).get(expected);
    if (error) {
      if (!ours_alone(error)) REQUIRE_FALSE(read);
      continue;
    }
    if (!expected.is_object() && !expected.is_array()) continue;
    REQUIRE(read);
    REQUIRE(same(value, expected));
    ++whole;
  }
  CHECK(whole > 20'000);
}

TEST_CASE("random texts are written as JSON that is escaped byte by byte") {
  JsonDocuments documents(20240402);
  for (int round = 0; round < 40'000; ++round) {
    const std::string text = documents.text();
    CAPTURE(text);
    Buffer out;
    out.append(std::string(documents.below(600), 'x'));  // at every distance from the end of the memory
    const size_t before = out.size();
    write_json_string(text, false, out);
    REQUIRE(out.view().substr(before) == quoted_slowly(text));
    if (json_plain(text)) {
      Buffer plain;
      write_json_string(text, true, plain);
      REQUIRE(plain.view() == quoted_slowly(text));
    }
  }
}

TEST_CASE("what was written reads as the same value and is then written as the same text") {
  JsonDocuments documents(20240403);
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = documents.object();
    CAPTURE(text);
    Arena arena;
    Value first, second;
    REQUIRE(JsonReader::local().read(text, arena, first));
    Buffer once, twice;
    once.append(std::string(documents.below(600), 'x'));
    const size_t before = once.size();
    write_json(first, once);
    const std::string_view written = once.view().substr(before);
    REQUIRE(JsonReader::local().read(written, arena, second));
    REQUIRE(equal(first, second));
    write_json(second, twice);
    REQUIRE(twice.view() == written);
  }
}
