#include "index/mapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "index/text.hpp"

namespace sluice::index {
namespace {

struct TypeRow {
  std::string_view name;
  Type type;
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
};

constexpr TypeRow kTypes[] = {
    {"object", Type::object},
    {"text", Type::text},
    {"match_only_text", Type::text},
    {"keyword", Type::keyword},
    {"constant_keyword", Type::keyword},
    {"wildcard", Type::keyword},
    {"long", Type::integer},
    {"integer", Type::integer, INT32_MIN, INT32_MAX},
    {"short", Type::integer, INT16_MIN, INT16_MAX},
    {"byte", Type::integer, INT8_MIN, INT8_MAX},
    {"double", Type::real},
    {"float", Type::real},
    {"half_float", Type::real},
    {"scaled_float", Type::real},
    {"boolean", Type::boolean},
    {"date", Type::date},
    {"date_nanos", Type::date},
    {"ip", Type::ip},
    {"alias", Type::alias},
};

// Types that Elasticsearch has and that are kept here without being searchable.
constexpr std::string_view kOpaque[] = {"nested",        "flattened",
                                        "geo_point",     "geo_shape",
                                        "point",         "shape",
                                        "binary",        "unsigned_long",
                                        "version",       "histogram",
                                        "completion",    "search_as_you_type",
                                        "token_count",   "dense_vector",
                                        "sparse_vector", "rank_feature",
                                        "rank_features", "join",
                                        "percolator",    "integer_range",
                                        "long_range",    "float_range",
                                        "double_range",  "date_range",
                                        "ip_range",      "aggregate_metric_double",
                                        "semantic_text"};

// Options without an effect on answers here (or on sizes only).
constexpr std::string_view kNoEffect[] = {"type",
                                          "ignore_above",
                                          "format",
                                          "scaling_factor",
                                          "path",
                                          "dynamic",
                                          "enabled",
                                          "index",
                                          "norms",
                                          "doc_values",
                                          "store",
                                          "coerce",
                                          "ignore_malformed",
                                          "index_options",
                                          "meta",
                                          "eager_global_ordinals",
                                          "fielddata",
                                          "analyzer",
                                          "search_analyzer",
                                          "search_quote_analyzer",
                                          "boost",
                                          "time_series_dimension",
                                          "time_series_metric",
                                          "position_increment_gap",
                                          "split_queries_on_whitespace",
                                          "index_prefixes",
                                          "index_phrases",
                                          "similarity",
                                          "term_vector",
                                          "locale",
                                          "value",
                                          "subobjects"};

}  // namespace

Mapping::Mapping() { root_.dynamic = Field::Dynamic::yes; }

void Mapping::settings(const Json& settings) {
  // Settings come nested or with dots, with or without the leading "index".
  std::function<void(const Json&, const std::string&)> walk = [&](const Json& at, const std::string& name) {
    if (at.is_object()) {
      for (const auto& [key, value] : at.members) walk(value, name.empty() ? key : name + "." + key);
      return;
    }
    if (name == "index.mapping.total_fields.limit" || name == "mapping.total_fields.limit")
      field_limit_ = static_cast<size_t>(std::max(1L, std::atol(at.scalar_text().c_str())));
  };
  walk(settings, "");
}

Error Mapping::put_dynamic(Field& field, const Json& value) {
  const auto text = value.scalar_text();
  if (text == "true" || text == "runtime")
    field.dynamic = Field::Dynamic::yes;
  else if (text == "false")
    field.dynamic = Field::Dynamic::no;
  else if (text == "strict")
    field.dynamic = Field::Dynamic::strict;
  else
    return Error::bad("mapper_parsing_exception", "Could not convert [dynamic] value [" + text + "]");
  return {};
}

Error Mapping::put(const Json& mappings, std::vector<std::string>& warnings) {
  for (const auto& [key, value] : mappings.members) {
    if (key == "properties") {
      if (auto error = put_properties(root_, value, warnings)) return error;
    } else if (key == "dynamic") {
      if (auto error = put_dynamic(root_, value)) return error;
    } else if (key == "dynamic_templates") {
      if (!value.is_array())
        return Error::bad("mapper_parsing_exception",
                          "Dynamic template syntax error. An array of named objects is expected.");
      dynamic_templates_ = value;
    } else if (key == "date_detection") {
      date_detection_ = value.scalar_text() == "true";
      extra_.set(key, value);
    } else if (key == "_meta" || key == "_source" || key == "_routing" || key == "_data_stream_timestamp" ||
               key == "numeric_detection" || key == "dynamic_date_formats" || key == "_size" ||
               key == "runtime") {
      extra_.set(key, value);
      if (key != "_meta" && key != "_data_stream_timestamp" && value.is_object() == !value.members.empty())
        warnings.push_back("mapping [" + key + "] is kept but not applied by the embedded index");
    } else {
      return Error::bad("mapper_parsing_exception", "Root mapping definition has unsupported parameters:  [" +
                                                        key + " : " + value.dump() + "]");
    }
  }
  return {};
}

Error Mapping::put_properties(Field& parent, const Json& properties, std::vector<std::string>& warnings) {
  if (!properties.is_object())
    return Error::bad("mapper_parsing_exception", "Expected map for property [properties]");
  for (const auto& [full, definition] : properties.members) {
    if (!definition.is_object())
      return Error::bad("mapper_parsing_exception",
                        "Expected map for property [fields] on field [" + full + "]");
    // A name with dots is a path of objects.
    Field* at = &parent;
    std::string_view rest = full;
    for (auto dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
      auto [it, fresh] = at->properties.try_emplace(std::string(rest.substr(0, dot)));
      if (fresh) {
        it->second.name = at->name.empty() ? it->first : at->name + "." + it->first;
        it->second.path = it->second.name;
        it->second.id = next_id_++;
        ++field_count_;
      }
      at = &it->second;
      rest.remove_prefix(dot + 1);
    }
    if (rest.empty()) return Error::bad("mapper_parsing_exception", "field name cannot be an empty string");
    auto [it, fresh] = at->properties.try_emplace(std::string(rest));
    Field& field = it->second;
    const Json* type = definition.find("type");
    const std::string type_name = type != nullptr ? type->scalar_text() : "object";
    if (!fresh) {
      if (field.type_name != type_name && !(field.type == Type::object && type == nullptr))
        return Error::illegal(fmt::format("mapper [{}] cannot be changed from type [{}] to [{}]", field.name,
                                          field.type_name, type_name));
    } else {
      field.name = at->name.empty() ? it->first : at->name + "." + it->first;
      field.path = field.name;
      field.id = next_id_++;
      ++field_count_;
    }
    if (!fresh && field.type == Type::object) {  // an object grows; what was said of it stays
      if (const Json* dynamic = definition.find("dynamic")) {
        field.definition.set("dynamic", *dynamic);
        if (auto error = put_dynamic(field, *dynamic)) return error;
      }
      if (const Json* more = definition.find("properties"))
        if (auto error = put_properties(field, *more, warnings)) return error;
      continue;
    }
    if (auto error = define(field, definition, warnings)) {
      if (fresh) at->properties.erase(it);
      return error;
    }
  }
  return {};
}

Error Mapping::define(Field& field, const Json& definition, std::vector<std::string>& warnings) {
  const Json* type = definition.find("type");
  field.type_name = type != nullptr ? type->scalar_text() : "object";
  const auto row = std::find_if(std::begin(kTypes), std::end(kTypes),
                                [&](const TypeRow& r) { return r.name == field.type_name; });
  if (row != std::end(kTypes)) {
    field.type = row->type;
    field.min = row->min;
    field.max = row->max;
    field.single = row->name == "float" || row->name == "half_float";
  } else if (std::find(std::begin(kOpaque), std::end(kOpaque), field.type_name) != std::end(kOpaque)) {
    field.type = Type::opaque;
    field.why_opaque = "field type [" + field.type_name + "]";
    warnings.push_back("field [" + field.name + "] of type [" + field.type_name +
                       "] is stored but not searchable in the embedded index");
  } else {
    return Error::bad("mapper_parsing_exception",
                      "No handler for type [" + field.type_name + "] declared on field [" + field.name + "]");
  }
  field.definition = Json::object();
  for (const auto& [key, value] : definition.members)
    if (key != "properties" && key != "fields") field.definition.set(key, value);
  if (auto error = define_options(field, warnings)) return error;
  if (const Json* properties = definition.find("properties"))
    if (auto error = put_properties(field, *properties, warnings)) return error;
  if (const Json* fields = definition.find("fields")) {
    for (const auto& [name, sub] : fields->members) {
      auto [it, fresh] = field.fields.try_emplace(name);
      if (fresh) {
        it->second.name = field.name + "." + name;
        it->second.path = field.path;
        it->second.id = next_id_++;
        ++field_count_;
      }
      if (auto error = define(it->second, sub, warnings)) return error;
    }
  }
  return {};
}

Error Mapping::define_options(Field& field, std::vector<std::string>& warnings) {
  const auto opaque = [&](const std::string& why) {
    field.type = Type::opaque;
    field.why_opaque = why;
    warnings.push_back("field [" + field.name + "]: " + why +
                       " is not supported by the embedded index; the field is stored but not searchable");
  };
  for (const auto& [key, value] : field.definition.members) {
    const auto text = value.scalar_text();
    if (key == "ignore_above") field.ignore_above = static_cast<size_t>(std::max<int64_t>(0, value.integer));
    if (key == "index" && text == "false") field.indexed = false;
    if (key == "ignore_malformed") field.ignore_malformed = text == "true";
    if (key == "scaling_factor") field.scaling = value.as_double();
    if (key == "path") field.target = text;
    if (key == "dynamic")
      if (auto error = put_dynamic(field, value)) return error;
    if (key == "enabled" && text == "false") opaque("[enabled: false]");
    if ((key == "analyzer" || key == "search_analyzer") && text != "standard")
      opaque("analyzer [" + text + "]");
    if (key == "normalizer" || key == "null_value" || key == "script")
      opaque("mapping parameter [" + key + "]");
    if (key == "coerce" && text == "false") opaque("[coerce: false]");
    if (key == "copy_to")
      warnings.push_back("field [" + field.name +
                         "]: [copy_to] is kept but not applied by the embedded index");
    if (key == "format" && field.type == Type::date) {
      std::string unknown;
      auto formats = DateFormats::parse(text, unknown);
      if (formats)
        field.formats = *formats;
      else
        opaque("date format [" + unknown + "]");
      field.format = text;
    }
    if (field.type != Type::opaque && key != "copy_to" &&
        std::find(std::begin(kNoEffect), std::end(kNoEffect), key) == std::end(kNoEffect))
      return Error::bad("mapper_parsing_exception",
                        fmt::format("unknown parameter [{}] on mapper [{}] of type [{}]", key, field.name,
                                    field.type_name));
  }
  if (field.type_name == "scaled_float" && field.scaling <= 0)
    return Error::bad("mapper_parsing_exception", "Field [scaling_factor] is required");
  return {};
}

const Field* Mapping::find(std::string_view name) const {
  for (int hops = 0; hops < 2; ++hops) {
    const Field* at = &root_;
    std::string_view rest = name;
    while (at != nullptr && !rest.empty()) {
      const auto dot = rest.find('.');
      const auto part = rest.substr(0, dot);
      const auto& children = at->type == Type::object ? at->properties : at->fields;
      const auto it = children.find(part);
      if (it == children.end()) {
        // Whatever lies inside an opaque object shares its fate.
        return at->type == Type::opaque ? at : nullptr;
      }
      at = &it->second;
      rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
    }
    if (at == nullptr || at->type != Type::alias) return at == &root_ ? nullptr : at;
    name = at->target;
  }
  return nullptr;
}

void Mapping::each_leaf(const std::function<void(const Field&)>& f) const {
  std::function<void(const Field&)> walk = [&](const Field& field) {
    for (const auto& [name, child] : field.properties) {
      if (child.type != Type::object) f(child);
      walk(child);
    }
    for (const auto& [name, child] : field.fields) f(child);
  };
  walk(root_);
}

const Json* Mapping::dynamic_template(const std::string& path, std::string_view name,
                                      std::string_view kind) const {
  for (const auto& entry : dynamic_templates_.items) {
    if (entry.members.empty()) continue;
    const Json& rule = entry.members.front().second;
    const auto fits = [&](std::string_view key, std::string_view text, bool wanted) {
      const Json* pattern = rule.find(key);
      if (pattern == nullptr) return true;
      const auto any = [&](const Json& one) { return wildcard_match(one.text, text); };
      const bool hit = pattern->is_array() ? std::any_of(pattern->items.begin(), pattern->items.end(), any)
                                           : any(*pattern);
      return hit == wanted;
    };
    if (const Json* wanted = rule.find("match_mapping_type")) {
      const auto any = [&](const Json& one) { return one.text == "*" || one.text == kind; };
      if (!(wanted->is_array() ? std::any_of(wanted->items.begin(), wanted->items.end(), any) : any(*wanted)))
        continue;
    }
    if (fits("match", name, true) && fits("unmatch", name, false) && fits("path_match", path, true) &&
        fits("path_unmatch", path, false))
      return rule.find("mapping");
  }
  return nullptr;
}

namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

/// {name} and {dynamic_type} of a dynamic template's mapping.
void fill_template(Json& json, std::string_view name, std::string_view type) {
  if (json.is_string()) {
    replace_all(json.text, "{name}", name);
    replace_all(json.text, "{dynamic_type}", type);
  }
  for (auto& item : json.items) fill_template(item, name, type);
  for (auto& [key, value] : json.members) fill_template(value, name, type);
}

Json built_in(std::string_view kind) {
  Json out = Json::object();
  if (kind == "string") {
    out.set("type", Json::string("text"));
    Json keyword = Json::object();
    keyword.set("type", Json::string("keyword"));
    keyword.set("ignore_above", Json::number(256));
    out.set("fields", Json::object()).set("keyword", std::move(keyword));
  } else {
    out.set("type", Json::string(kind == "double" ? "float" : kind));
  }
  return out;
}

}  // namespace

Field* Mapping::add_dynamic(Field& parent, std::string_view name, std::string_view kind, Error& error) {
  const std::string path = parent.name.empty() ? std::string(name) : parent.name + "." + std::string(name);
  if (field_count_ + 1 > field_limit_) {
    error = Error::illegal(fmt::format(
        "Limit of total fields [{}] has been exceeded while adding new fields [1]", field_limit_));
    return nullptr;
  }
  if (std::count(path.begin(), path.end(), '.') >= 20) {
    error = Error::illegal("Limit of mapping depth [20] has been exceeded due to object field [" +
                           parent.name + "]");
    return nullptr;
  }
  Json definition = built_in(kind);
  if (const Json* rule = dynamic_template(path, name, kind)) {
    const std::string dynamic_type = kind == "string"   ? "text"
                                     : kind == "double" ? "float"
                                                        : std::string(kind);
    definition = *rule;
    fill_template(definition, name, dynamic_type);
    if (definition.find("type") == nullptr) {
      if (kind == "string" && definition.members.empty()) {
        definition = built_in(kind);
      } else {
        definition.set("type", Json::string(dynamic_type));
      }
    }
  }
  const std::string type = definition.find("type")->scalar_text();
  Field field;
  field.name = path;
  field.path = path;
  field.id = next_id_++;
  std::vector<std::string> warnings;
  error = define(field, definition, warnings);
  if (error) return nullptr;
  ++field_count_;
  return &parent.properties.insert_or_assign(std::string(name), std::move(field)).first->second;
}

namespace {

Json field_json(const Field& field) {
  Json out =
      field.type == Type::object && field.definition.members.empty() ? Json::object() : field.definition;
  if (out.kind != Json::Kind::object) out = Json::object();
  if (field.type == Type::object && !field.properties.empty())
    std::erase_if(out.members, [](const auto& member) { return member.first == "type"; });
  if (!field.properties.empty()) {
    Json& properties = out.set("properties", Json::object());
    for (const auto& [name, child] : field.properties) properties.set(name, field_json(child));
  }
  if (!field.fields.empty()) {
    Json& fields = out.set("fields", Json::object());
    for (const auto& [name, child] : field.fields) fields.set(name, field_json(child));
  }
  return out;
}

}  // namespace

Json Mapping::to_json() const {
  Json out = extra_;
  if (root_.dynamic == Field::Dynamic::no) out.set("dynamic", Json::string("false"));
  if (root_.dynamic == Field::Dynamic::strict) out.set("dynamic", Json::string("strict"));
  if (!dynamic_templates_.items.empty()) out.set("dynamic_templates", dynamic_templates_);
  if (!root_.properties.empty()) {
    Json& properties = out.set("properties", Json::object());
    for (const auto& [name, child] : root_.properties) properties.set(name, field_json(child));
  }
  return out;
}

}  // namespace sluice::index
