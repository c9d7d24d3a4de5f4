// Avro schemas: what a run of bytes without any marks means. Source: the Avro specification, 1.11.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "base/status.hpp"
#include "event/value.hpp"

namespace sluice::plugins::avro {

enum class Kind : uint8_t {
  null,
  boolean,
  int32,
  int64,
  float32,
  float64,
  bytes,
  string,
  fixed,
  enumeration,
  array,
  map,
  record,
  choice  // a union
};

/// The logical types that events show as what they mean; the others are shown as the type below them.
enum class Logical : uint8_t { none, date, timestamp_millis, timestamp_micros };

struct Node;

struct Field {
  std::string name;
  Key key;
  const Node* type = nullptr;
  bool has_default = false;
  Value fallback;  // lives as long as the schema
};

/// One type of a schema. Named types may hold themselves.
struct Node {
  Kind kind = Kind::null;
  Logical logical = Logical::none;
  std::string name;                   // full name of record, enumeration and fixed
  size_t size = 0;                    // of fixed
  const Node* items = nullptr;        // of arrays, and the values of maps
  std::vector<const Node*> branches;  // of unions
  std::vector<std::string> symbols;   // of enumerations
  std::vector<Field> fields;          // of records
};

/// A schema out of its JSON text. Immutable.
class Schema {
 public:
  /// The error says what is wrong with the schema.
  static Result<std::shared_ptr<const Schema>> parse(std::string_view json);

  [[nodiscard]] const Node& root() const { return *root_; }

 private:
  friend class SchemaParser;
  std::deque<Node> nodes_;
  Arena arena_;  // of the defaults
  const Node* root_ = nullptr;
};

/// How deep values may be nested: types that hold themselves have no end of their own.
inline constexpr int kMaxDepth = 200;

}  // namespace sluice::plugins::avro
