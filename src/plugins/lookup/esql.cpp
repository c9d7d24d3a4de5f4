#include "plugins/lookup/esql.hpp"

#include <algorithm>
#include <cctype>

#include "event/json_write.hpp"
#include "match/iso8601.hpp"
#include "plugins/elastic/response.hpp"
#include "plugins/filters/field_name.hpp"

namespace sluice::lookup {
namespace {

using elastic::member;
using plugins::set_status;

bool word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

bool legal_name(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front()))) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return word(c) && !std::isupper(static_cast<unsigned char>(c)); });
}

struct Column {
  std::string_view name;
  bool date = false;
  bool below_another = false;  // as "user.age" is below "user": it cannot stand in the same event
};

std::vector<Column> columns_of(const Value& answer) {
  std::vector<Column> columns;
  const Value* written = member(answer, "columns");
  if (!written || !written->is_array()) return columns;
  for (const auto& one : written->as_array()->all()) {
    const Value *name = member(one, "name"), *type = member(one, "type");
    Column column;
    if (name && name->is_string()) column.name = name->as_text();
    column.date = type && type->is_string() && type->as_text() == "date";
    columns.push_back(column);
  }
  std::vector<std::string_view> names;
  for (const auto& column : columns) names.push_back(column.name);
  std::sort(names.begin(), names.end());
  for (auto& column : columns)
    for (size_t dot = column.name.find('.'); dot != std::string_view::npos;
         dot = column.name.find('.', dot + 1))
      column.below_another |= std::binary_search(names.begin(), names.end(), column.name.substr(0, dot));
  return columns;
}

Value value_of(const Column& column, const Value& written) {
  if (!column.date || !written.is_string()) return written;
  const auto time = match::parse_event_timestamp(written.as_text());
  return time ? Value::timestamp(*time) : written;
}

// {"a.b": 1} as {"a": {"b": 1}}.
void set_nested(Object* object, std::string_view name, const Value& value, Arena& arena) {
  for (size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
    const Key key = Key::of(name.substr(0, dot), arena);
    Value* inner = object->find(key);
    if (!inner || !inner->is_object()) {
      object->set(arena, key, Value::object(Object::make(arena)));
      inner = object->find(key);
    }
    object = inner->as_object();
    name.remove_prefix(dot + 1);
  }
  object->set(arena, Key::of(name, arena), value);
}

bool shown(const Column& column, const Value& value) {
  const bool no = value.is_null() || (value.kind() == Value::Kind::boolean && !value.as_bool());
  return !no && !column.below_another;
}

Value row_object(const std::vector<Column>& columns, const Array& row, Arena& arena) {
  Object* made = nullptr;
  for (size_t i = 0; i < columns.size() && i < row.size; ++i) {
    if (!shown(columns[i], row.items[i])) continue;
    if (!made) made = Object::make(arena);
    set_nested(made, columns[i].name, value_of(columns[i], row.items[i]), arena);
  }
  return made ? Value::object(made) : Value();
}

std::string reference(std::string_view name) {
  std::string out = "[";
  for (const char c : name) out += c == '.' ? std::string("][") : std::string(1, c);
  return out + "]";
}

}  // namespace

Esql Esql::read(plugin::Setup& setup) {
  const auto& options = setup.options;
  Esql made;
  for (const auto* other : {"index", "query_template", "sort", "fields", "docinfo_fields",
                            "aggregation_fields", "enable_sort", "result_size"})
    if (options.given(other))
      setup.error(other, "E0307", "`" + std::string(other) + "` cannot be used with an ES|QL query",
                  "Say it in the query, and remove the option.");
  if (!options.given("query"))
    setup.error({}, "E0308", "An ES|QL query needs `query`", "Add query => \"FROM logs | LIMIT 1\".");
  made.query_ = options.string("query");
  made.target_ = setup.field("target");
  for (const auto& item : options.items("query_params")) made.read_parameter(setup, item);
  std::stable_partition(made.parameters_.begin(), made.parameters_.end(),
                        [](const Parameter& p) { return !p.field.empty(); });
  made.check_placeholders(setup);
  return made;
}

void Esql::read_parameter(plugin::Setup& setup, const lang::Value& written) {
  if (written.kind != lang::Value::Kind::hash || written.entries.size() != 1) {
    setup.error("query_params", "E0306", "`query_params` is a list of hashes with one entry each",
                "Write query_params => [{ \"name\" => \"[field]\" }, { \"other\" => 5 }].");
    return;
  }
  const auto& entry = written.entries.front();
  Parameter made;
  made.name = entry.key.text;
  if (!legal_name(made.name))
    setup.error("query_params", "E0306", "`" + made.name + "` is no name of a parameter",
                "A name has lower-case letters, digits and underscores, and does not begin with a digit.");
  const auto& text = entry.value.text;
  if (entry.value.scalar() && text.starts_with('[') && text.ends_with(']')) {
    auto field = FieldRef::parse(text);
    if (field.ok())
      made.field = std::move(field).value();
    else
      setup.error("query_params", "E0304", field.message(), "Write a field as [outer][inner].");
  } else {
    Buffer json;
    if (entry.value.kind == lang::Value::Kind::number)
      json.append(text);
    else
      write_json_string(text, false, json);
    made.json = json.view();
  }
  parameters_.push_back(std::move(made));
}

void Esql::check_placeholders(plugin::Setup& setup) const {
  for (size_t at = query_.find('?'); at != std::string::npos; at = query_.find('?', at + 1)) {
    size_t end = at + 1;
    while (end < query_.size() && word(query_[end])) ++end;
    const auto name = query_.substr(at + 1, end - at - 1);
    if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front()))) continue;
    if (std::none_of(parameters_.begin(), parameters_.end(),
                     [&](const Parameter& p) { return p.name == name; }))
      setup.error("query", "E0308", "`?" + name + "` stands in the query, but not in `query_params`",
                  "Add { \"" + name + "\" => \"[field]\" } to query_params.");
  }
}

std::string Esql::body(const Event& event) const {
  Buffer out;
  out.append("{\"query\":");
  write_json_string(query_, false, out);
  out.append(",\"params\":[");
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const auto& parameter = parameters_[i];
    out.append(i == 0 ? "{" : ",{");
    write_json_string(parameter.name, false, out);
    out.append(":");
    const Value* value = parameter.field.empty() ? nullptr : event.get(parameter.field);
    if (value)
      write_json(*value, out);
    else
      out.append(parameter.json.empty() ? std::string_view("null") : std::string_view(parameter.json));
    out.append("}");
  }
  out.append("]}");
  return std::string(out.view());
}

Status Esql::take(Event& event, const Value& answer) const {
  static const FieldRef kTotal = FieldRef::of("[@metadata][total_values]");
  Arena& arena = event.arena();
  const Value* rows = member(answer, "values");
  const auto columns = columns_of(answer);
  if (!rows || !rows->is_array() || rows->as_array()->size == 0 || columns.empty()) return {};
  const auto all = rows->as_array()->all();
  if (std::any_of(all.begin(), all.end(), [](const Value& row) { return !row.is_array(); }))
    return Status::error(Fault::filter, "the answer is none of ES|QL");
  if (auto s = set_status(event.set(kTotal, Value::integer(static_cast<int64_t>(all.size()))), kTotal);
      !s.ok())
    return s;
  if (!target_.empty()) {
    auto* list = Array::make(arena, static_cast<uint32_t>(all.size()));
    for (const auto& row : all) list->push(arena, row_object(columns, *row.as_array(), arena));
    return set_status(event.set(target_, Value::array(list)), target_);
  }
  const auto& first = *all.front().as_array();
  for (size_t i = 0; i < columns.size() && i < first.size; ++i) {
    if (!shown(columns[i], first.items[i])) continue;
    auto field = FieldRef::parse(reference(columns[i].name), arena);
    if (!field.ok()) return field.status();
    if (auto s = set_status(event.set(*field, value_of(columns[i], first.items[i])), *field); !s.ok())
      return s;
  }
  return {};
}

void Esql::flow(plugin::Flow& flow) const {
  for (const auto& parameter : parameters_)
    if (!parameter.field.empty()) flow.reads(parameter.field.text(), "query_params");
  if (target_.empty())
    flow.writes_anything();
  else
    flow.writes(target_.text());
}

}  // namespace sluice::lookup
