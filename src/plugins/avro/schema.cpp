#include "plugins/avro/schema.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "event/json_read.hpp"

namespace sluice::plugins::avro {
namespace {

constexpr size_t kMaxFixed = 1 << 20;

struct Primitive {
  std::string_view name;
  Kind kind;
};
constexpr Primitive kPrimitives[] = {
    {"null", Kind::null},     {"boolean", Kind::boolean}, {"int", Kind::int32},   {"long", Kind::int64},
    {"float", Kind::float32}, {"double", Kind::float64},  {"bytes", Kind::bytes}, {"string", Kind::string},
};

std::optional<Kind> primitive(std::string_view name) {
  for (const auto& one : kPrimitives)
    if (one.name == name) return one.kind;
  return std::nullopt;
}

const Value* member(const Object& object, std::string_view name) {
  for (const auto& entry : object.all())
    if (entry.key.text() == name) return &entry.value;
  return nullptr;
}

std::string_view text_of(const Object& object, std::string_view name) {
  const Value* value = member(object, name);
  return value && value->is_string() ? value->as_text() : std::string_view{};
}

bool legal_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

Logical logical_of(Kind kind, std::string_view name) {
  if (kind == Kind::int32 && name == "date") return Logical::date;
  if (kind == Kind::int64 && name == "timestamp-millis") return Logical::timestamp_millis;
  if (kind == Kind::int64 && name == "timestamp-micros") return Logical::timestamp_micros;
  return Logical::none;
}

}  // namespace

/// Walks the JSON once. The first problem ends it: every step returns null then.
class SchemaParser {
 public:
  explicit SchemaParser(Schema& schema) : schema_(schema) {}

  // `depth` counts levels of JSON, so that a hostile schema cannot exhaust the stack.
  const Node* type(const Value& json, const std::string& space, int depth = 0) {
    if (depth > kMaxDepth) return fail("it is nested too deeply");
    if (json.is_string()) return named(json.as_text(), space);
    if (json.is_array()) return choice(*json.as_array(), space, depth);
    if (!json.is_object()) return fail("a type is a name, a list or an object");
    const Object& object = *json.as_object();
    const Value* kind = member(object, "type");
    if (!kind) return fail("an object has no `type`");
    if (!kind->is_string()) return type(*kind, space, depth + 1);
    const auto name = kind->as_text();
    if (name == "record" || name == "error") return record(object, space, depth);
    if (name == "enum") return enumeration(object, space);
    if (name == "fixed") return fixed(object, space);
    if (name == "array") return container(Kind::array, object, "items", space, depth);
    if (name == "map") return container(Kind::map, object, "values", space, depth);
    const auto known = primitive(name);
    if (!known) return named(name, space);
    Node& node = add(*known);
    node.logical = logical_of(*known, text_of(object, "logicalType"));
    return &node;
  }

  std::string problem;

 private:
  Node& add(Kind kind) {
    Node& node = schema_.nodes_.emplace_back();
    node.kind = kind;
    return node;
  }

  const Node* fail(std::string why) {
    if (problem.empty()) problem = std::move(why);
    return nullptr;
  }

  const Node* named(std::string_view name, const std::string& space) {
    if (const auto kind = primitive(name)) return &add(*kind);
    auto it = types_.find(name.find('.') == std::string_view::npos && !space.empty()
                              ? space + "." + std::string(name)
                              : std::string(name));
    if (it == types_.end()) it = types_.find(std::string(name));
    return it == types_.end() ? fail("the type " + std::string(name) + " is not known") : it->second;
  }

  // Enters a named type, so that what is below can refer to it. `space` becomes the name's.
  Node* define(Kind kind, const Object& object, std::string& space) {
    std::string name(text_of(object, "name"));
    if (const auto dot = name.rfind('.'); dot != std::string::npos) {
      space = name.substr(0, dot);
      name.erase(0, dot + 1);
    } else if (const Value* own = member(object, "namespace"); own && own->is_string()) {
      space = own->as_text();
    }
    if (!legal_name(name)) {
      fail("`" + name + "` is no name for a type");
      return nullptr;
    }
    Node& node = add(kind);
    node.name = space.empty() ? name : space + "." + name;
    if (primitive(node.name) || !types_.emplace(node.name, &node).second) {
      fail("the type " + node.name + " is defined twice");
      return nullptr;
    }
    return &node;
  }

  const Node* record(const Object& object, std::string space, int depth) {
    Node* node = define(Kind::record, object, space);
    const Value* fields = member(object, "fields");
    if (!node) return nullptr;
    if (!fields || !fields->is_array()) return fail("the record " + node->name + " has no list of fields");
    std::set<std::string_view> names;
    for (const auto& json : fields->as_array()->all()) {
      if (!json.is_object()) return fail("a field of " + node->name + " is no object");
      Field out;
      out.name = text_of(*json.as_object(), "name");
      if (!legal_name(out.name)) return fail("a field of " + node->name + " has no name");
      if (!names.insert(text_of(*json.as_object(), "name")).second)
        return fail("the record " + node->name + " has two fields " + out.name);
      const Value* kind = member(*json.as_object(), "type");
      if (!kind) return fail("the field " + out.name + " of " + node->name + " has no type");
      out.type = type(*kind, space, depth + 2);
      if (!out.type) return nullptr;
      out.key = Key::intern(out.name);
      if (const Value* fallback = member(*json.as_object(), "default")) {
        out.has_default = true;
        out.fallback = deep_copy(*fallback, schema_.arena_, true);
      }
      node->fields.push_back(std::move(out));
    }
    return node;
  }

  const Node* enumeration(const Object& object, std::string space) {
    Node* node = define(Kind::enumeration, object, space);
    const Value* symbols = member(object, "symbols");
    if (!node) return nullptr;
    if (!symbols || !symbols->is_array()) return fail("the enum " + node->name + " has no symbols");
    for (const auto& symbol : symbols->as_array()->all()) {
      if (!symbol.is_string()) return fail("a symbol of " + node->name + " is no text");
      node->symbols.emplace_back(symbol.as_text());
    }
    return node;
  }

  const Node* fixed(const Object& object, std::string space) {
    Node* node = define(Kind::fixed, object, space);
    const Value* size = member(object, "size");
    if (!node) return nullptr;
    if (!size || size->kind() != Value::Kind::integer || size->as_integer() < 0 ||
        static_cast<uint64_t>(size->as_integer()) > kMaxFixed)
      return fail("the fixed " + node->name + " has no size that can be used");
    node->size = static_cast<size_t>(size->as_integer());
    return node;
  }

  const Node* container(Kind kind, const Object& object, std::string_view below, const std::string& space,
                        int depth) {
    const Value* items = member(object, below);
    if (!items) return fail("an array or map has no `" + std::string(below) + "`");
    Node& node = add(kind);
    node.items = type(*items, space, depth + 1);
    return node.items ? &node : nullptr;
  }

  const Node* choice(const Array& branches, const std::string& space, int depth) {
    Node& node = add(Kind::choice);
    for (const auto& json : branches.all()) {
      const Node* branch = type(json, space, depth + 1);
      if (!branch) return nullptr;
      if (branch->kind == Kind::choice) return fail("a union stands directly in a union");
      node.branches.push_back(branch);
    }
    return node.branches.empty() ? fail("a union is empty") : &node;
  }

  Schema& schema_;
  std::map<std::string, const Node*, std::less<>> types_;
};

Result<std::shared_ptr<const Schema>> Schema::parse(std::string_view json) {
  Arena arena;
  Value list;
  JsonReader reader;
  // In a list, because a schema may be a text alone.
  if (!reader.read("[" + std::string(json) + "]", arena, list) || list.as_array()->size != 1)
    return Status::config("it is not JSON: " + std::string(reader.error()));
  auto schema = std::make_shared<Schema>();
  SchemaParser parser(*schema);
  schema->root_ = parser.type(list.as_array()->items[0], {});
  if (!schema->root_) return Status::config(parser.problem);
  return std::shared_ptr<const Schema>(std::move(schema));
}

}  // namespace sluice::plugins::avro
