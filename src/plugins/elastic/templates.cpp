#include "plugins/elastic/templates.hpp"

#include "event/json_read.hpp"
#include "event/json_write.hpp"

namespace sluice::elastic {
namespace {

// Every text is searchable as a whole word list and sortable as a whole; places found by geoip can be put on
// a map.
constexpr std::string_view kPlainMappings = R"({
  "dynamic_templates": [
    {"message_text": {"match": "message", "match_mapping_type": "string", "mapping": {"type": "text", "norms": false}}},
    {"texts": {"match": "*", "match_mapping_type": "string", "mapping": {
      "type": "text", "norms": false, "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}}}
  ],
  "properties": {
    "@timestamp": {"type": "date"},
    "@version": {"type": "keyword"},
    "geoip": {"dynamic": true, "properties": {
      "ip": {"type": "ip"}, "location": {"type": "geo_point"},
      "latitude": {"type": "half_float"}, "longitude": {"type": "half_float"}}}
  }
})";

// ECS: keywords, but for the free texts; addresses and places where the schema has them.
constexpr std::string_view kEcsHead = R"({
  "date_detection": false,
  "dynamic_templates": [
    {"addresses": {"match": "ip", "match_mapping_type": "string", "mapping": {"type": "ip", "ignore_malformed": true}}},
    {"messages": {"match": "message", "match_mapping_type": "string", "mapping": {"type": "text", "norms": false}}},
    {"originals": {"path_match": "*.original", "match_mapping_type": "string", "mapping": {"type": "keyword", "ignore_above": 1024,
      "fields": {"text": {"type": "text", "norms": false}}}}},
    {"keywords": {"match_mapping_type": "string", "mapping": {"type": "keyword", "ignore_above": 1024}}}
  ],
  "properties": {
    "@timestamp": {"type": "date"},
    "@version": {"type": "keyword"},
    "tags": {"type": "keyword", "ignore_above": 1024},
    "message": {"type": "text", "norms": false},
    "event": {"properties": {"original": {"type": "keyword", "index": false, "doc_values": false},
      "created": {"type": "date"}, "ingested": {"type": "date"}, "start": {"type": "date"}, "end": {"type": "date"}}})";
constexpr std::string_view kEcsPlaces[] = {"client", "destination", "host", "observer", "server", "source"};

std::string mappings(const TemplateWish& wish) {
  if (!wish.ecs) return std::string(kPlainMappings);
  std::string out(kEcsHead);
  for (const auto place : kEcsPlaces) {
    out += ",\"";
    out += place;
    out += R"(":{"properties":{"geo":{"properties":{"location":{"type":"geo_point"}}}}})";
  }
  return out + "}}";
}

std::string own_template(const TemplateWish& wish) {
  const std::string pattern = wish.ecs ? "ecs-logstash-*" : "logstash-*";
  std::string fields = mappings(wish);
  if (!wish.mapping_type.empty()) fields = "{\"" + wish.mapping_type + "\":" + fields + "}";
  const std::string inside =
      R"("settings":{"index":{"refresh_interval":"5s","mapping":{"total_fields":{"limit":10000}}}},"mappings":)" +
      fields;
  std::string out = R"({"index_patterns":[")" + pattern + R"("],"version":80001,)";
  out += wish.composable ? R"("priority":200,"template":{)" + inside + "}}" : inside + "}";
  return out;
}

Object* object_at(Object* parent, std::string_view name, Arena& arena) {
  const Key key = Key::intern(name);
  Value* found = parent->find(key);
  if (!found || !found->is_object()) {
    parent->set(arena, key, Value::object(Object::make(arena)));
    found = parent->find(key);
  }
  return found->as_object();
}

}  // namespace

Result<std::string> template_body(const TemplateWish& wish) {
  const std::string text = wish.text.empty() ? own_template(wish) : wish.text;
  Arena arena;
  Value root;
  if (!JsonReader::local().read(text, arena, root) || !root.is_object())
    return Status::config(
        "the template is not a JSON object" +
        (JsonReader::local().error().empty() ? "" : ": " + std::string(JsonReader::local().error())));
  if (!wish.ilm_alias.empty()) {
    Object* top = root.as_object();
    const std::string pattern = wish.ilm_alias + "-*";
    auto* patterns = Array::make(arena, 1);
    patterns->push(arena, Value::string(arena.copy(pattern)));
    top->set(arena, Key::intern("index_patterns"), Value::array(patterns));
    Object* settings =
        object_at(wish.composable ? object_at(top, "template", arena) : top, "settings", arena);
    settings->set(arena, Key::intern("index.lifecycle.name"), Value::string(wish.ilm_policy));
    settings->set(arena, Key::intern("index.lifecycle.rollover_alias"), Value::string(wish.ilm_alias));
  }
  Buffer out;
  write_json(root, out);
  return std::string(out.view());
}

}  // namespace sluice::elastic
