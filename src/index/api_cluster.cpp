// What clients ask of a cluster before and beside their documents: who are you, licence, nodes, health,
// templates.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "index/api.hpp"
#include "index/text.hpp"

namespace sluice::index {

void Api::root(Call& call) {
  if (call.method_name != "GET") return call.wrong_method("GET,HEAD");
  std::string out;
  JsonWriter w(out);
  w.begin_object()
      .field("name", "sluice")
      .field("cluster_name", options_.cluster_name)
      .field("cluster_uuid", cluster_uuid());
  w.key("version")
      .begin_object()
      .field("number", "8.11.4")
      .field("build_flavor", "sluice")
      .field("build_type", "embedded");
  w.field("build_hash", "unknown")
      .field("build_date", "2024-01-01T00:00:00.000Z")
      .field("build_snapshot", false);
  w.field("lucene_version", "9.8.0")
      .field("minimum_wire_compatibility_version", "7.17.0")
      .field("minimum_index_compatibility_version", "7.0.0");
  w.end_object().field("tagline", "You Know, for Search").end_object();
  call.json(200, std::move(out));
}

void Api::license(Call& call) {
  std::string out;
  JsonWriter w(out);
  w.begin_object()
      .key("license")
      .begin_object()
      .field("status", "active")
      .field("uid", cluster_uuid())
      .field("type", "basic")
      .field("mode", "basic");
  w.field("issue_date", "2024-01-01T00:00:00.000Z")
      .field("issue_date_in_millis", int64_t{1704067200000})
      .field("max_nodes", 1)
      .field("max_resource_units", 0);
  w.field("issued_to", options_.cluster_name)
      .field("issuer", "sluice")
      .field("start_date_in_millis", -1)
      .end_object()
      .end_object();
  call.json(200, std::move(out));
}

void Api::xpack(Call& call) {
  std::string out;
  JsonWriter w(out);
  w.begin_object()
      .key("license")
      .begin_object()
      .field("uid", cluster_uuid())
      .field("type", "basic")
      .field("mode", "basic")
      .field("status", "active")
      .end_object();
  w.key("features").begin_object();
  for (const char* feature : {"ilm", "monitoring", "ml", "security", "watcher", "rollup", "sql", "graph"})
    w.key(feature).begin_object().field("available", false).field("enabled", false).end_object();
  w.end_object().field("tagline", "You know, for X").end_object();
  call.json(200, std::move(out));
}

void Api::nodes(Call& call) {
  const std::string what = call.parts.size() > 1 ? call.parts.back() : "http";
  if (what != "http" && what != "_all" && what != "_local" && what != "info")
    return call.fail(Error::unsupported(fmt::format("GET [{}]", call.request.path)));
  std::string out;
  JsonWriter w(out);
  w.begin_object()
      .key("_nodes")
      .begin_object()
      .field("total", 1)
      .field("successful", 1)
      .field("failed", 0)
      .end_object();
  w.field("cluster_name", options_.cluster_name).key("nodes").begin_object().key(cluster_uuid()).begin_object();
  w.field("name", "sluice")
      .field("transport_address", "127.0.0.1:9300")
      .field("host", "127.0.0.1")
      .field("ip", "127.0.0.1")
      .field("version", "8.11.4");
  w.field("build_flavor", "sluice")
      .key("roles")
      .begin_array()
      .string("data")
      .string("ingest")
      .string("master")
      .end_array();
  w.key("http")
      .begin_object()
      .key("bound_address")
      .begin_array()
      .string("127.0.0.1:9200")
      .end_array()
      .field("publish_address", "127.0.0.1:9200");
  w.field("max_content_length_in_bytes", int64_t{104857600})
      .end_object()
      .end_object()
      .end_object()
      .end_object();
  call.json(200, std::move(out));
}

void Api::cluster(Call& call) {
  const std::string what = call.parts.size() > 1 ? call.parts[1] : "";
  std::string out;
  JsonWriter w(out);
  if (what == "health") {
    if (call.method_name != "GET") return call.wrong_method("GET");
    if (call.unknown_params({"wait_for_status", "wait_for_nodes", "wait_for_no_relocating_shards",
                             "wait_for_active_shards", "wait_for_events", "level", "local",
                             "wait_for_no_initializing_shards", "expand_wildcards"}))
      return;
    const auto n = static_cast<int64_t>(catalogue_.names().size());
    const bool damaged = !catalogue_.damaged().empty();
    w.begin_object()
        .field("cluster_name", options_.cluster_name)
        .field("status", damaged ? "yellow" : "green")
        .field("timed_out", false);
    w.field("number_of_nodes", 1)
        .field("number_of_data_nodes", 1)
        .field("active_primary_shards", n)
        .field("active_shards", n)
        .field("relocating_shards", 0);
    w.field("initializing_shards", 0)
        .field("unassigned_shards", 0)
        .field("delayed_unassigned_shards", 0)
        .field("number_of_pending_tasks", 0);
    w.field("number_of_in_flight_fetch", 0)
        .field("task_max_waiting_in_queue_millis", 0)
        .key("active_shards_percent_as_number")
        .real(100)
        .end_object();
    return call.json(200, std::move(out));
  }
  if (what == "settings") {
    if (call.method_name != "GET") return call.fail(Error::unsupported("changing [_cluster/settings]"));
    w.begin_object()
        .key("persistent")
        .begin_object()
        .end_object()
        .key("transient")
        .begin_object()
        .end_object()
        .end_object();
    return call.json(200, std::move(out));
  }
  call.fail(Error::unsupported(fmt::format("{} [{}]", call.request.method, call.request.path)));
}

namespace {

/// A table that _cat prints: columns with their aliases, rows as text.
struct Table {
  struct Column {
    std::string name, alias;
    bool right;
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;

  [[nodiscard]] size_t column(std::string_view name) const {
    for (size_t i = 0; i < columns.size(); ++i)
      if (columns[i].name == name || columns[i].alias == name) return i;
    return columns.size();
  }
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (comma != 0) out.emplace_back(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return out;
}

/// Sorts, selects and prints a table as the parameters v, h, s and format say.
void print(Call& call, Table& table) {
  for (const auto& key : split(call.params.get("s"))) {
    const auto colon = key.find(':');
    const size_t at = table.column(std::string_view(key).substr(0, colon));
    if (at == table.columns.size())
      return call.fail(Error::unsupported(fmt::format("Unable to sort by unknown sort key `{}`", key)));
    const bool down = colon != std::string::npos && key.substr(colon + 1) == "desc";
    std::stable_sort(table.rows.begin(), table.rows.end(), [&](const auto& a, const auto& b) {
      const auto& x = down ? b[at] : a[at];
      const auto& y = down ? a[at] : b[at];
      if (table.columns[at].right && x.size() != y.size() && x.find('.') == std::string::npos)
        return x.size() < y.size();
      return x < y;
    });
  }
  std::vector<size_t> shown;
  for (const auto& name : split(call.params.get("h"))) {
    for (size_t i = 0; i < table.columns.size(); ++i)
      if (table.columns[i].alias == name || wildcard_match(name, table.columns[i].name)) shown.push_back(i);
  }
  if (call.params.find("h") == nullptr)
    for (size_t i = 0; i < table.columns.size(); ++i) shown.push_back(i);
  std::string out;
  if (call.params.get("format") == "json") {
    JsonWriter w(out);
    w.begin_array();
    for (const auto& row : table.rows) {
      w.begin_object();
      for (size_t i : shown) w.field(table.columns[i].name, row[i]);
      w.end_object();
    }
    w.end_array();
    return call.json(200, std::move(out));
  }
  if (const auto format = call.params.get("format", "text"); format != "text" && format != "txt")
    return call.fail(Error::unsupported("[format=" + format + "]"));
  const bool heading = call.params.flag("v");
  std::vector<size_t> widths;
  for (size_t i : shown) {
    size_t width = heading ? table.columns[i].name.size() : 0;
    for (const auto& row : table.rows) width = std::max(width, row[i].size());
    widths.push_back(width);
  }
  const auto line = [&](const auto& cell) {
    for (size_t k = 0; k < shown.size(); ++k) {
      if (k > 0) out += ' ';
      const std::string text = cell(shown[k]);
      out += table.columns[shown[k]].right ? fmt::format("{:>{}}", text, widths[k])
                                           : fmt::format("{:<{}}", text, widths[k]);
    }
    out += '\n';
  };
  if (heading) line([&](size_t i) { return table.columns[i].name; });
  for (const auto& row : table.rows) line([&](size_t i) { return row[i]; });
  call.response.content_type = "text/plain; charset=UTF-8";
  call.json(200, std::move(out));
}

}  // namespace

void Api::cat_indices(Call& call) {
  if (call.unknown_params({"v", "h", "s", "bytes", "health", "pri", "expand_wildcards",
                           "include_unloaded_segments", "local", "time"}))
    return;
  Error error;
  const auto stores =
      stores_for(call.parts.size() > 2 ? call.parts[2] : "", resolve_options(call.params), error);
  if (error) return call.fail(error);
  Table table;
  table.columns = {{"health", "h", false},         {"status", "s", false},       {"index", "i", false},
                   {"uuid", "id", false},          {"pri", "p", true},           {"rep", "r", true},
                   {"docs.count", "dc", true},     {"docs.deleted", "dd", true}, {"store.size", "ss", true},
                   {"pri.store.size", "pss", true}};
  const auto unit = call.params.get("bytes");
  for (const auto& store : stores) {
    const int64_t bytes = store->bytes_on_disk();
    const std::string size = unit.empty() ? human_bytes(bytes)
                                          : std::to_string(unit == "kb"   ? bytes >> 10
                                                           : unit == "mb" ? bytes >> 20
                                                           : unit == "gb" ? bytes >> 30
                                                                          : bytes);
    table.rows.push_back({"green", "open", store->name(), store->uuid(), "1", "0",
                          std::to_string(store->documents()), "0", size, size});
  }
  print(call, table);
}

void Api::cat(Call& call) {
  const std::string what = call.parts.size() > 1 ? call.parts[1] : "";
  if (what == "indices") return cat_indices(call);
  if (what == "health") {
    if (call.unknown_params({"v", "h", "s", "ts", "time"})) return;
    const auto n = std::to_string(catalogue_.names().size());
    Table table;
    table.columns = {{"cluster", "cl", false},
                     {"status", "st", false},
                     {"node.total", "nt", true},
                     {"node.data", "nd", true},
                     {"shards", "sh", true},
                     {"pri", "p", true},
                     {"relo", "r", true},
                     {"init", "i", true},
                     {"unassign", "u", true},
                     {"pending_tasks", "pt", true},
                     {"max_task_wait_time", "mtwt", true},
                     {"active_shards_percent", "asp", true}};
    table.rows.push_back({options_.cluster_name, catalogue_.damaged().empty() ? "green" : "yellow", "1", "1",
                          n, n, "0", "0", "0", "0", "-", "100.0%"});
    return print(call, table);
  }
  if (what == "count") {
    if (call.unknown_params({"v", "h", "s"})) return;
    Error error;
    int64_t documents = 0;
    for (const auto& store : stores_for(call.parts.size() > 2 ? call.parts[2] : "", {}, error))
      documents += store->documents();
    if (error) return call.fail(error);
    Table table;
    table.columns = {{"count", "dc", true}};
    table.rows.push_back({std::to_string(documents)});
    return print(call, table);
  }
  call.fail(Error::unsupported(fmt::format("GET [{}]", call.request.path)));
}

namespace {

std::vector<std::string> patterns_of(const Json& body) {
  std::vector<std::string> out;
  if (const Json* patterns = body.find("index_patterns")) {
    if (patterns->is_string()) out.push_back(patterns->text);
    for (const auto& item : patterns->items) out.push_back(item.scalar_text());
  }
  return out;
}

bool fits(const Json& body, std::string_view name) {
  const auto patterns = patterns_of(body);
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& p) { return wildcard_match(p, name); });
}

int64_t rank(const Json& body, std::string_view key) {
  const Json* value = body.find(key);
  return value != nullptr && value->is(Json::Kind::integer) ? value->integer : 0;
}

void add_part(Json& shape, const Json* from) {
  if (from == nullptr) return;
  for (const char* part : {"settings", "mappings", "aliases"})
    if (const Json* own = from->find(part)) shape.find(part)->merge(*own);
}

/// What of a template is kept without an effect here.
std::vector<std::string> check_template(const std::string& kind, const Json& body, Error& error) {
  std::vector<std::string> warnings;
  const Json* inner = kind == "template" ? &body : body.find("template");
  if ((kind == "index_template" || kind == "template") && patterns_of(body).empty()) {
    error = Error::bad("action_request_validation_exception",
                       "Validation Failed: 1: index patterns are missing;");
    return warnings;
  }
  if (body.find("data_stream") != nullptr)
    warnings.emplace_back(
        "[data_stream] is kept but not applied by the embedded index: the name becomes an ordinary index");
  if (kind == "ilm_policy")
    warnings.emplace_back(
        "lifecycle policies are kept but not applied by the embedded index: set its retention instead");
  if (inner == nullptr) return warnings;
  if (const Json* mappings = inner->find("mappings")) {
    Mapping trial;
    if (const Json* settings = inner->find("settings")) trial.settings(*settings);
    error = trial.put(*mappings, warnings);
  }
  if (const Json* settings = inner->find("settings");
      settings != nullptr && settings->dump().find("\"analysis") != std::string::npos)
    warnings.emplace_back("[analysis] settings are kept but not applied by the embedded index");
  return warnings;
}

}  // namespace

Json Api::template_for(const std::string& name) const {
  Json shape = Json::object();
  for (const char* part : {"settings", "mappings", "aliases"}) shape.set(part, Json::object());
  const auto& state = catalogue_.state();
  std::optional<Json> best;
  for (const auto& [key, body] : state.all("index_template"))
    if (fits(body, name) && (!best || rank(body, "priority") > rank(*best, "priority"))) best = body;
  if (best) {
    if (const Json* parts = best->find("composed_of"))
      for (const auto& part : parts->items)
        if (const auto component = state.get("component_template", part.text))
          add_part(shape, component->find("template"));
    add_part(shape, best->find("template"));
    return shape;
  }
  std::vector<std::pair<int64_t, Json>> old;
  for (const auto& [key, body] : state.all("template"))
    if (fits(body, name)) old.emplace_back(rank(body, "order"), body);
  std::stable_sort(old.begin(), old.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [order, body] : old) add_part(shape, &body);
  return shape;
}

void Api::templates(Call& call, const std::string& kind) {
  if (call.unknown_params({"create", "order", "cause", "local", "include_defaults", "include_type_name"}))
    return;
  const size_t at = kind == "ilm_policy" ? 2 : 1;
  const std::string name = call.parts.size() > at ? call.parts[at] : "";
  if (call.parts.size() > at + 1 || (!name.empty() && name.front() == '_' && kind != "ilm_policy"))
    return call.fail(Error::unsupported(fmt::format("{} [{}]", call.request.method, call.request.path)));
  auto& state = catalogue_.state();
  if (call.method_name == "GET") {
    std::map<std::string, Json> found;
    for (auto& [key, body] : state.all(kind))
      if (name.empty() || wildcard_match(name, key)) found.emplace(key, body);
    const bool wild = name.empty() || name.find('*') != std::string::npos;
    if (found.empty() && !wild) {
      if (kind == "template") return call.json(404, "{}");
      return call.fail({404,
                        "resource_not_found_exception",
                        fmt::format("{} matching [{}] not found",
                                    kind == "ilm_policy"           ? "Lifecycle policy"
                                    : kind == "component_template" ? "component template"
                                                                   : "index template",
                                    name),
                        {},
                        {},
                        {},
                        false});
    }
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    const bool list = kind == "index_template" || kind == "component_template";
    if (list) w.key(kind + "s").begin_array();
    for (const auto& [key, body] : found) {
      if (list)
        w.begin_object().field("name", key).key(kind).json(body).end_object();
      else if (kind == "ilm_policy")
        w.key(key)
            .begin_object()
            .field("version", 1)
            .key("policy")
            .json(body.find("policy") != nullptr ? *body.find("policy") : body)
            .end_object();
      else
        w.key(key).json(body);
    }
    if (list) w.end_array();
    w.end_object();
    return call.json(200, std::move(out));
  }
  if (name.empty()) return call.wrong_method("GET");
  if (call.method_name == "DELETE") {
    if (!state.remove(kind, name))
      return call.fail(
          {404,
           kind == "template" ? "index_template_missing_exception" : "resource_not_found_exception",
           fmt::format("[{}] missing", name),
           {},
           {},
           {},
           false});
    return call.json(200, "{\"acknowledged\":true}");
  }
  Json body;
  if (!call.body_json(body)) return;
  Error error;
  const auto warnings = check_template(kind, body, error);
  if (error) return call.fail(error);
  if (call.params.flag("create") && state.get(kind, name))
    return call.fail(Error::illegal(fmt::format("{} [{}] already exists", kind, name)));
  if (const auto* order = call.params.find("order"); order != nullptr && kind == "template")
    body.set("order", Json::number(std::atol(order->c_str())));
  if (auto status = state.put(kind, name, body); !status.ok())
    return call.fail({500, "exception", status.message(), {}, {}, {}, false});
  for (size_t i = 0; i < warnings.size() && i < 10; ++i) {
    std::string text = warnings[i];
    std::replace(text.begin(), text.end(), '"', '\'');
    call.response.headers.emplace_back("Warning",
                                       fmt::format("299 Elasticsearch-8.11.4-sluice \"{}\"", text));
  }
  if (!warnings.empty())
    log::info("sluice.index", "A template is kept, and not all of it applies to the embedded index",
              {{"name", name}, {"first", warnings.front()}, {"notes", warnings.size()}});
  call.json(200, "{\"acknowledged\":true}");
}

}  // namespace sluice::index
