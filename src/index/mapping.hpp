// The fields of one index: what is known of each, how new ones come about, and how a name finds its field.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "index/dates.hpp"
#include "index/error.hpp"
#include "index/json.hpp"

namespace sluice::index {

/// Families of Elasticsearch's field types that behave alike here. `opaque` fields are kept and not
/// searchable.
enum class Type : uint8_t { object, text, keyword, integer, real, boolean, date, ip, opaque, alias };

/// One field, with its children (objects) and its sub-fields (`message.keyword`).
struct Field {
  enum class Dynamic : uint8_t { inherit, yes, no, strict };
  Type type = Type::object;
  std::string type_name = "object";  // Elasticsearch's word: long, keyword, match_only_text ...
  std::string name;                  // full name: "message.keyword"
  std::string path;                  // where documents hold it: "message"
  uint32_t id = 0;                   // dense number within the mapping
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
  bool single = false;  // float precision
  double scaling = 0;   // scaled_float
  size_t ignore_above = std::numeric_limits<size_t>::max();
  bool indexed = true;
  bool ignore_malformed = false;
  Dynamic dynamic = Dynamic::inherit;
  DateFormats formats;
  std::string format;  // of a date, as given; empty: the default
  std::string why_opaque;
  std::string target;  // of an alias
  Json definition;     // as given, without properties and fields
  std::map<std::string, Field, std::less<>> properties;
  std::map<std::string, Field, std::less<>> fields;
};

/// A field mapping tree with value semantics: a writer copies it, changes the copy and publishes it.
class Mapping {
 public:
  Mapping();

  /// Merges a `mappings` object in. What is kept but has no effect here is named in `warnings`.
  Error put(const Json& mappings, std::vector<std::string>& warnings);
  /// Applies the settings that concern mappings (index.mapping.total_fields.limit).
  void settings(const Json& settings);

  /// The searchable field of that name (aliases resolved), or null.
  [[nodiscard]] const Field* find(std::string_view name) const;
  /// All leaf fields, sub-fields included, in name order.
  void each_leaf(const std::function<void(const Field&)>& f) const;

  /// A new field below `parent` for a document's value, by dynamic templates and the built-in rules.
  /// `kind` is string, date, long, double, boolean or object. Null and `error` set when it is refused; null
  /// without an error when the mapping says to ignore it.
  Field* add_dynamic(Field& parent, std::string_view name, std::string_view kind, Error& error);

  Field& root() { return root_; }
  [[nodiscard]] const Field& root() const { return root_; }
  [[nodiscard]] uint32_t id_limit() const { return next_id_; }
  [[nodiscard]] bool date_detection() const { return date_detection_; }
  /// {"properties": ...} as GET _mapping shows it.
  [[nodiscard]] Json to_json() const;
  static Field::Dynamic effective(const Field& field, Field::Dynamic inherited) {
    return field.dynamic == Field::Dynamic::inherit ? inherited : field.dynamic;
  }

 private:
  Error put_properties(Field& parent, const Json& properties, std::vector<std::string>& warnings);
  Error define(Field& field, const Json& definition, std::vector<std::string>& warnings);
  Error define_options(Field& field, std::vector<std::string>& warnings);
  Error put_dynamic(Field& field, const Json& value);
  [[nodiscard]] const Json* dynamic_template(const std::string& path, std::string_view name,
                                             std::string_view kind) const;

  Field root_;
  Json dynamic_templates_ = Json::array();
  Json extra_ = Json::object();  // _meta, _routing and the like, kept for GET
  bool date_detection_ = true;
  size_t field_count_ = 0;
  size_t field_limit_ = 1000;
  uint32_t next_id_ = 1;
};

}  // namespace sluice::index
