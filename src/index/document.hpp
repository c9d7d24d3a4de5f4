// From a document's JSON to what is indexed of it, and from a field's name to its values in a document.
#pragma once

#include <simdjson.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "index/error.hpp"
#include "index/mapping.hpp"

namespace sluice::index {

/// One value of a field, of the field's type: integer (also dates in ms and booleans), real, or text (also IP
/// addresses as 16 bytes).
struct Scalar {
  enum class Kind : uint8_t { integer, real, text };
  Kind kind = Kind::text;
  int64_t integer = 0;
  double real = 0;
  std::string_view text;

  [[nodiscard]] long double number() const {
    return kind == Kind::integer ? static_cast<long double>(integer) : real;
  }
  [[nodiscard]] double as_double() const {
    return kind == Kind::integer ? static_cast<double>(integer) : real;
  }
};

/// Memory for one converted value.
struct Scratch {
  std::array<char, 16> address;
  std::string text;
};

/// A JSON scalar as the field's type has it. False when it has no value there (null, out of range, not a
/// number).
bool convert(const Field& field, simdjson::dom::element value, Scratch& scratch, Scalar& out);

/// The 16 bytes of an IPv4 (mapped) or IPv6 address; false when `text` is none.
bool parse_ip(std::string_view text, std::array<char, 16>& out);
std::string format_ip(std::string_view bytes);

/// Calls `f(element)` for each scalar that `path` leads to below `at` (arrays are walked, dotted keys
/// understood).
template <class F>
void each_element(simdjson::dom::element at, std::string_view path, F&& f) {
  using simdjson::dom::element_type;
  if (at.type() == element_type::ARRAY) {
    for (auto item : simdjson::dom::array(at.get_array().value_unsafe())) each_element(item, path, f);
    return;
  }
  if (path.empty()) {
    if (at.type() != element_type::OBJECT && at.type() != element_type::NULL_VALUE) f(at);
    return;
  }
  if (at.type() != element_type::OBJECT) return;
  for (auto [key, value] : simdjson::dom::object(at.get_object().value_unsafe())) {
    if (key.size() > path.size() || path.substr(0, key.size()) != key) continue;
    if (key.size() == path.size())
      each_element(value, {}, f);
    else if (path[key.size()] == '.')
      each_element(value, path.substr(key.size() + 1), f);
  }
}

/// Calls `f(const Scalar&)` for each value of the field in the document.
template <class F>
void each_value(simdjson::dom::element root, const Field& field, F&& f) {
  Scratch scratch;
  each_element(root, field.path, [&](simdjson::dom::element element) {
    Scalar value;
    if (convert(field, element, scratch, value)) f(value);
  });
}

/// What is stored of a document beside its bytes.
struct Analysed {
  std::string words;      // for the full-text index, words separated by spaces
  int64_t timestamp = 0;  // @timestamp in ms
  bool has_timestamp = false;
  bool irregular = false;  // @timestamp has several values
  struct Length {
    uint32_t field;
    uint32_t words;
  };
  std::vector<Length> lengths;  // of text fields, for relevance
};

/// Checks documents against a mapping, growing it. One writer at a time.
class Analyser {
 public:
  explicit Analyser(Mapping& mapping) : mapping_(mapping) {}
  /// Fills `out`. On an error the mapping is as it was before.
  Error analyse(simdjson::dom::element root, std::string_view id, Analysed& out);
  /// True once a document has added fields.
  [[nodiscard]] bool changed() const { return changed_; }

 private:
  using Element = simdjson::dom::element;
  Error object(Element element, Field& at, Field::Dynamic dynamic);
  Error member(std::string_view key, Element value, Field& at, Field::Dynamic dynamic, uint64_t instance);
  Error value(Element element, Field& field, Field::Dynamic dynamic);
  Error scalar(Element element, Field& field);
  Error bad_value(const Field& field, Element element, std::string type, std::string reason) const;
  Field* dynamic_child(std::string_view key, Element value, Field& at, Field::Dynamic dynamic, Error& error);
  void text(const Field& field, std::string_view text);
  void before_change();

  Mapping& mapping_;
  Mapping saved_;
  bool saved_valid_ = false;
  bool changed_ = false;
  std::string_view id_;
  Analysed* out_ = nullptr;
  std::vector<uint64_t> seen_;  // by field id: the object instance that had it last, to find double keys
  uint64_t instances_ = 0;
};

}  // namespace sluice::index
