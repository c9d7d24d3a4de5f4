// JSON values of requests and answers. Documents themselves are never turned into these: they stay bytes and
// are looked at through simdjson.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.hpp"

namespace sluice::index {

/// An owned JSON value; objects keep their order. For requests, settings and templates.
struct Json {
  enum class Kind : uint8_t { null, boolean, integer, real, string, array, object };
  Kind kind = Kind::null;
  bool boolean = false;
  int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<Json> items;
  std::vector<std::pair<std::string, Json>> members;

  // Defined where the type is complete: clang looks into the vectors' members otherwise.
  Json();
  ~Json();
  Json(const Json&);
  Json& operator=(const Json&);
  Json(Json&&) noexcept;
  Json& operator=(Json&&) noexcept;

  static Json object() { return of(Kind::object); }
  static Json array() { return of(Kind::array); }
  static Json string(std::string_view s) {
    Json j = of(Kind::string);
    j.text = s;
    return j;
  }
  static Json number(int64_t n) {
    Json j = of(Kind::integer);
    j.integer = n;
    return j;
  }
  static Json flag(bool b) {
    Json j = of(Kind::boolean);
    j.boolean = b;
    return j;
  }

  [[nodiscard]] bool is(Kind k) const { return kind == k; }
  [[nodiscard]] bool is_null() const { return kind == Kind::null; }
  [[nodiscard]] bool is_object() const { return kind == Kind::object; }
  [[nodiscard]] bool is_array() const { return kind == Kind::array; }
  [[nodiscard]] bool is_string() const { return kind == Kind::string; }
  [[nodiscard]] bool is_number() const { return kind == Kind::integer || kind == Kind::real; }
  [[nodiscard]] double as_double() const {
    return kind == Kind::integer ? static_cast<double>(integer) : real;
  }

  /// The member `key`, or null.
  [[nodiscard]] const Json* find(std::string_view key) const;
  [[nodiscard]] Json* find(std::string_view key);
  /// Sets or replaces the member `key`.
  Json& set(std::string_view key, Json value);
  /// A scalar as text ("true", "12", "abc"); empty for null, arrays and objects.
  [[nodiscard]] std::string scalar_text() const;
  /// The value as compact JSON.
  void write(std::string& out) const;
  [[nodiscard]] std::string dump() const {
    std::string out;
    write(out);
    return out;
  }
  /// Members of `other` over this one's, objects merged in depth (how templates compose).
  void merge(const Json& other);

 private:
  static Json of(Kind k) {
    Json j;
    j.kind = k;
    return j;
  }
};

/// Parses one JSON text. The error says what is wrong in simdjson's words.
Result<Json> parse_json(std::string_view text);
/// An owned copy of a parsed element.
Json to_json(simdjson::dom::element element);

/// Appends `text` quoted and escaped; bytes that are not UTF-8 become U+FFFD.
void append_quoted(std::string& out, std::string_view text);
/// Appends a double as JSON, always with a fraction or exponent ("3.0"); infinities and NaN as strings.
void append_double(std::string& out, double value);
/// Appends a parsed element as compact JSON.
void append_element(std::string& out, simdjson::dom::element element);

/// Writes JSON text piece by piece; commas are its business.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name) {
    comma();
    append_quoted(out_, name);
    out_ += ':';
    need_comma_ = false;
    return *this;
  }
  JsonWriter& string(std::string_view text) {
    comma();
    append_quoted(out_, text);
    return done();
  }
  JsonWriter& integer(int64_t value);
  JsonWriter& real(double value) {
    comma();
    append_double(out_, value);
    return done();
  }
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }
  /// `json` is JSON text already.
  JsonWriter& raw(std::string_view json) {
    comma();
    out_ += json;
    return done();
  }
  JsonWriter& json(const Json& value) {
    comma();
    value.write(out_);
    return done();
  }
  JsonWriter& field(std::string_view name, std::string_view value) { return key(name).string(value); }
  JsonWriter& field(std::string_view name, const char* value) { return key(name).string(value); }
  JsonWriter& field(std::string_view name, int64_t value) { return key(name).integer(value); }
  JsonWriter& field(std::string_view name, int value) { return key(name).integer(value); }
  JsonWriter& field(std::string_view name, bool value) { return key(name).boolean(value); }

 private:
  void comma() {
    if (need_comma_) out_ += ',';
  }
  JsonWriter& done() {
    need_comma_ = true;
    return *this;
  }
  JsonWriter& open(char c) {
    comma();
    out_ += c;
    need_comma_ = false;
    return *this;
  }
  JsonWriter& close(char c) {
    out_ += c;
    return done();
  }
  std::string& out_;
  bool need_comma_ = false;
};

/// The answer `json` cut down as `filter_path` says (comma-separated paths with * and **, "-path" takes
/// away). Returns the text unchanged when it cannot be parsed.
std::string apply_filter_path(std::string_view json, std::string_view filter_path);

/// `json` with line breaks and two-space indents.
std::string pretty_json(std::string_view json);

}  // namespace sluice::index
