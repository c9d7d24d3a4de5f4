// Whole indices: creating, deleting and describing them, mappings, settings, aliases.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "index/api.hpp"

namespace sluice::index {
namespace {

std::string acknowledged() { return "{\"acknowledged\":true}"; }

/// Settings in the nested form with "index" on top, whatever form they came in.
Json nested_settings(const Json& given) {
  Json out = Json::object();
  std::function<void(const Json&, std::string)> walk = [&](const Json& at, std::string name) {
    if (at.is_object()) {
      for (const auto& [key, value] : at.members) walk(value, name.empty() ? key : name + "." + key);
      return;
    }
    if (name.rfind("index.", 0) != 0) name = "index." + name;
    Json* to = &out;
    for (size_t start = 0;;) {
      const auto dot = name.find('.', start);
      const std::string part = name.substr(start, dot - start);
      if (dot == std::string::npos) {
        to->set(part, at.is_array() ? at : Json::string(at.scalar_text()));
        break;
      }
      Json* next = to->find(part);
      to = next != nullptr && next->is_object() ? next : &to->set(part, Json::object());
      start = dot + 1;
    }
  };
  walk(given, "");
  return out;
}

Json shown_settings(const Store& store) {
  Json settings = nested_settings(store.settings());
  Json* index = settings.find("index");
  if (index == nullptr) index = &settings.set("index", Json::object());
  if (index->find("number_of_shards") == nullptr) index->set("number_of_shards", Json::string("1"));
  if (index->find("number_of_replicas") == nullptr) index->set("number_of_replicas", Json::string("0"));
  index->set("provided_name", Json::string(store.name()));
  index->set("creation_date", Json::string(std::to_string(store.created_ms())));
  index->set("uuid", Json::string(store.uuid()));
  Json version = Json::object();
  version.set("created", Json::string("8110499"));
  index->set("version", std::move(version));
  return settings;
}

}  // namespace

Json Api::alias_json(const std::string& index) const {
  Json out = Json::object();
  for (const auto& [alias, targets] : catalogue_.state().all("alias"))
    if (const Json* how = targets.find(index)) out.set(alias, *how);
  return out;
}

void Api::create_index(Call& call, const std::string& name) {
  if (call.unknown_params({"wait_for_active_shards", "include_type_name"})) return;
  Json body;
  if (!call.body_json(body)) return;
  for (const auto& [key, value] : body.members)
    if (key != "settings" && key != "mappings" && key != "aliases")
      return call.fail(Error::parsing("unknown key [" + key + "] for create index"));
  if (catalogue_.exists(name))
    return call.fail({400,
                      "resource_already_exists_exception",
                      fmt::format("index [{}] already exists", name),
                      {},
                      {},
                      name,
                      false});
  if (auto error = check_index_name(name)) {
    error.index = name;
    return call.fail(error);
  }
  Json shape = template_for(name);
  for (const char* part : {"settings", "mappings", "aliases"})
    if (const Json* own = body.find(part))
      shape.find(part)->merge(part == std::string_view("settings") ? nested_settings(*own) : *own);
  bool created = false;
  Error error;
  auto store = catalogue_.create(name, *shape.find("settings"), *shape.find("mappings"), created, error);
  if (!store) return call.fail(error);
  for (const auto& [alias, how] : shape.find("aliases")->members) {
    Json targets = catalogue_.state().get("alias", alias).value_or(Json::object());
    targets.set(name, how);
    if (auto status = catalogue_.state().put("alias", alias, targets); !status.ok())
      return call.fail({500, "exception", status.message(), {}, {}, {}, false});
  }
  std::string out;
  JsonWriter w(out);
  w.begin_object()
      .field("acknowledged", true)
      .field("shards_acknowledged", true)
      .field("index", name)
      .end_object();
  call.json(200, std::move(out));
}

void Api::delete_index(Call& call, const std::string& expression) {
  if (call.unknown_params({"ignore_unavailable", "allow_no_indices", "expand_wildcards"})) return;
  const bool pattern = expression == "_all" || expression.find('*') != std::string::npos;
  if (pattern && !options_.allow_wildcard_delete)
    return call.fail(Error::illegal("Wildcard expressions or all indices are not allowed"));
  std::vector<std::string> names;
  if (auto error = catalogue_.resolve(expression, resolve_options(call.params), names))
    return call.fail(error);
  if (!pattern && !catalogue_.exists(expression) && expression.find(',') == std::string::npos &&
      !names.empty())
    return call.fail(Error::illegal(fmt::format(
        "The provided expression [{}] matches an alias, specify the corresponding concrete indices instead.",
        expression)));
  for (const auto& name : names) {
    if (auto error = catalogue_.remove(name)) return call.fail(error);
    log::info("sluice.index", "Index deleted on request", {{"index", name}});
  }
  call.json(200, acknowledged());
}

void Api::get_index(Call& call, const std::string& expression) {
  if (call.unknown_params({"ignore_unavailable", "allow_no_indices", "expand_wildcards", "include_defaults",
                           "local", "features"}))
    return;
  Error error;
  const auto stores = stores_for(expression, resolve_options(call.params), error);
  if (error) return call.fail(error);
  if (call.head && stores.empty()) return call.json(404, "{}");
  std::string out;
  JsonWriter w(out);
  w.begin_object();
  for (const auto& store : stores) {
    w.key(store->name()).begin_object().key("aliases").json(alias_json(store->name()));
    w.key("mappings")
        .json(store->mapping()->to_json())
        .key("settings")
        .json(shown_settings(*store))
        .end_object();
  }
  w.end_object();
  call.json(200, std::move(out));
}

void Api::mapping(Call& call, const std::string& expression) {
  if (call.unknown_params(
          {"ignore_unavailable", "allow_no_indices", "expand_wildcards", "local", "write_index_only"}))
    return;
  if (call.parts.size() > (expression.empty() ? 1U : 2U))
    return call.fail(Error::unsupported(fmt::format("{} [{}]", call.request.method, call.request.path)));
  Error error;
  const auto stores = stores_for(expression, resolve_options(call.params), error);
  if (error) return call.fail(error);
  if (call.method_name == "GET") {
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    for (const auto& store : stores)
      w.key(store->name()).begin_object().key("mappings").json(store->mapping()->to_json()).end_object();
    w.end_object();
    return call.json(200, std::move(out));
  }
  if (call.method_name == "DELETE") return call.wrong_method("GET,PUT,POST");
  Json body;
  if (!call.body_json(body)) return;
  std::vector<std::string> warnings;
  for (const auto& store : stores) {
    auto writing = store->lock_for_writing();
    Status status = store->begin();
    if (status.ok()) {
      store->mapping_changed();
      error = store->working_mapping().put(body, warnings);
      if (error) {
        store->rollback();
        return call.fail(error);
      }
      status = store->commit();
    }
    if (!status.ok()) return call.fail({503, "exception", status.message(), {}, {}, {}, false});
  }
  for (const auto& warning : warnings)
    call.response.headers.emplace_back("Warning",
                                       fmt::format("299 Elasticsearch-8.11.4-sluice \"{}\"", warning));
  call.json(200, acknowledged());
}

void Api::settings(Call& call, const std::string& expression) {
  if (call.unknown_params({"ignore_unavailable", "allow_no_indices", "expand_wildcards", "include_defaults",
                           "local", "preserve_existing"}))
    return;
  Error error;
  const auto stores = stores_for(expression, resolve_options(call.params), error);
  if (error) return call.fail(error);
  if (call.method_name == "PUT") {
    Json body;
    if (!call.body_json(body)) return;
    for (const auto& store : stores) {
      auto writing = store->lock_for_writing();
      Status status = store->begin();
      if (status.ok()) {
        Json merged = nested_settings(store->settings());
        merged.merge(nested_settings(body.find("settings") != nullptr ? *body.find("settings") : body));
        store->set_settings(merged);
        store->mapping_changed();
        store->working_mapping().settings(merged);
        status = store->commit();
      }
      if (!status.ok()) return call.fail({503, "exception", status.message(), {}, {}, {}, false});
    }
    return call.json(200, acknowledged());
  }
  if (call.method_name != "GET") return call.wrong_method("GET,PUT");
  std::string out;
  JsonWriter w(out);
  w.begin_object();
  for (const auto& store : stores)
    w.key(store->name()).begin_object().key("settings").json(shown_settings(*store)).end_object();
  w.end_object();
  call.json(200, std::move(out));
}

void Api::refresh(Call& call, const std::string& expression) {
  if (call.unknown_params({"ignore_unavailable", "allow_no_indices", "expand_wildcards", "force",
                           "wait_if_ongoing", "max_num_segments", "flush", "only_expunge_deletes"}))
    return;
  std::vector<std::string> names;  // writes are seen at once: there is nothing to refresh
  if (auto error = catalogue_.resolve(expression, resolve_options(call.params), names))
    return call.fail(error);
  const auto n = static_cast<int64_t>(names.size());
  std::string out;
  JsonWriter w(out);
  w.begin_object()
      .key("_shards")
      .begin_object()
      .field("total", n)
      .field("successful", n)
      .field("failed", 0)
      .end_object()
      .end_object();
  call.json(200, std::move(out));
}

void Api::index_alias(Call& call, const std::string& expression, const std::string& alias) {
  std::vector<std::string> names;
  if (auto error = catalogue_.resolve(expression, resolve_options(call.params), names))
    return call.fail(error);
  if (call.method_name == "GET") {
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    for (const auto& name : names)
      w.key(name).begin_object().key("aliases").json(alias_json(name)).end_object();
    w.end_object();
    return call.json(200, std::move(out));
  }
  if (alias.empty()) return call.fail(Error::illegal("alias name is missing"));
  Json targets = catalogue_.state().get("alias", alias).value_or(Json::object());
  if (call.method_name == "DELETE") {
    const size_t before = targets.members.size();
    std::erase_if(targets.members, [&](const auto& m) {
      return std::find(names.begin(), names.end(), m.first) != names.end();
    });
    if (before == targets.members.size())
      return call.fail(
          {404, "aliases_not_found_exception", "aliases [" + alias + "] missing", {}, {}, {}, false});
  } else {
    Json how;
    if (!call.body_json(how)) return;
    if (how.find("filter") != nullptr) return call.fail(Error::unsupported("[filter] of an alias"));
    if (catalogue_.exists(alias))
      return call.fail(
          {400,
           "invalid_alias_name_exception",
           fmt::format(
               "Invalid alias name [{}]: an index or data stream exists with the same name as the alias",
               alias),
           {},
           {},
           {},
           false});
    if (auto error = check_index_name(alias)) return call.fail(error);
    for (const auto& name : names) targets.set(name, how);
  }
  Status status;
  if (targets.members.empty())
    catalogue_.state().remove("alias", alias);
  else
    status = catalogue_.state().put("alias", alias, targets);
  if (!status.ok()) return call.fail({500, "exception", status.message(), {}, {}, {}, false});
  call.json(200, acknowledged());
}

void Api::aliases(Call& call) {
  if (call.method_name != "GET") return call.wrong_method("GET");
  const std::string wanted = call.parts.size() > 1 ? call.parts[1] : "";
  std::map<std::string, Json> shown;
  if (wanted.empty())
    for (const auto& name : catalogue_.names()) shown[name] = alias_json(name);
  for (const auto& [alias, targets] : catalogue_.state().all("alias"))
    if (!wanted.empty() && (wanted == alias || wanted == "*" || wanted == "_all"))
      for (const auto& [index, how] : targets.members) shown[index].set(alias, how);
  if (shown.empty() && !wanted.empty() && wanted != "*") {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("error", "alias [" + wanted + "] missing").field("status", 404).end_object();
    return call.json(404, std::move(out));
  }
  std::string out;
  JsonWriter w(out);
  w.begin_object();
  for (const auto& [name, list] : shown) w.key(name).begin_object().key("aliases").json(list).end_object();
  w.end_object();
  call.json(200, std::move(out));
}

void Api::alias_actions(Call& call) {
  Json body;
  if (!call.body_json(body)) return;
  const Json* actions = body.find("actions");
  if (actions == nullptr || !actions->is_array())
    return call.fail(Error::parsing("[aliases] requires [actions]"));
  for (const auto& action : actions->items) {
    if (action.members.size() != 1) return call.fail(Error::parsing("malformed alias action"));
    const auto& [kind, how] = action.members.front();
    if (kind != "add" && kind != "remove")
      return call.fail(Error::unsupported("alias action [" + kind + "]"));
    Json options = Json::object();
    std::string index, alias;
    for (const auto& [key, value] : how.members) {
      if (key == "index")
        index = value.text;
      else if (key == "alias")
        alias = value.text;
      else if (key == "is_write_index")
        options.set(key, value);
      else if (key != "must_exist")
        return call.fail(Error::unsupported("[" + key + "] of an alias action"));
    }
    std::vector<std::string> names;
    if (index.empty() || alias.empty())
      return call.fail(Error::illegal("an alias action needs [index] and [alias]"));
    if (auto error = catalogue_.resolve(index, {}, names)) return call.fail(error);
    Json targets = catalogue_.state().get("alias", alias).value_or(Json::object());
    for (const auto& name : names) {
      if (kind == "add")
        targets.set(name, options);
      else
        std::erase_if(targets.members, [&](const auto& m) { return m.first == name; });
    }
    if (targets.members.empty())
      catalogue_.state().remove("alias", alias);
    else if (auto status = catalogue_.state().put("alias", alias, targets); !status.ok())
      return call.fail({500, "exception", status.message(), {}, {}, {}, false});
  }
  call.json(200, acknowledged());
}

}  // namespace sluice::index
