#include "plugins/elastic/document.hpp"

#include <algorithm>

#include "event/batch.hpp"
#include "event/json_read.hpp"
#include "event/json_write.hpp"

namespace sluice::elastic {
namespace {

constexpr size_t kLongestId = 512;  // Elasticsearch refuses the whole request for a longer one

bool is_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.size() <= 19 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string constant_action(const DocumentSettings& settings, const Target& target) {
  if (target.data_stream) return "create";
  return settings.action.constant() ? settings.action.text() : std::string();
}

}  // namespace

DocumentWriter::DocumentWriter(const DocumentSettings& settings, const Target& target,
                               plugin::Counter* renamed)
    : settings_(settings),
      target_(target),
      names_(settings, target, constant_action(settings, target), renamed),
      action_(constant_action(settings, target)),
      ingest_document_(Key::intern("_ingest_document")),
      target_pipeline_(Key::intern("target_ingest_pipeline")),
      data_stream_(Key::intern("data_stream")),
      id_(Key::intern("id")),
      index_(Key::intern("index")),
      pipeline_(Key::intern("pipeline")),
      routing_(Key::intern("routing")),
      version_(Key::intern("version")),
      version_type_(Key::intern("version_type")),
      type_(Key::intern("type")),
      dataset_(Key::intern("dataset")),
      namespace_(Key::intern("namespace")) {
  plain_ = (action_ == "index" || action_ == "create") && !settings.id && !settings.auto_id &&
           !settings.routing && !settings.pipeline && !settings.version && settings.version_type.empty() &&
           !settings.parent && !target.types;
}

bool DocumentWriter::write(const Event& event, Buffer& out) {
  const size_t start = out.size();
  index_problem_ = false;
  Action action = Action::index;
  const Object& metadata = event.metadata();
  if (plain_ && !metadata.find(ingest_document_) && !metadata.find(target_pipeline_)) {
    const IndexName& name = names_.of(event);
    if (!name.problem.empty()) {
      index_problem_ = true;
      return fail(name.problem);
    }
    out.append(name.head);
    out.append("}}\n");
  } else if (!write_action(event, out, action)) {
    out.truncate(start);
    return false;
  }
  if (action == Action::remove) return true;
  if (action != Action::update) {
    write_source(event, out);
  } else if (!write_update(event, out)) {
    out.truncate(start);
    return false;
  }
  out.append('\n');
  return true;
}

bool DocumentWriter::find_action(const Event& event, std::string_view& name, Action& action) {
  thread_local std::string filled;
  name = action_;
  if (action_.empty()) {
    filled.clear();
    settings_.action.fill(event, filled);
    name = filled;
  }
  if (name == "index")
    action = Action::index;
  else if (name == "create")
    action = Action::create;
  else if (name == "update")
    action = Action::update;
  else if (name == "delete")
    action = Action::remove;
  else
    return fail("Elasticsearch doesn't support [" + std::string(name) + "] action");
  return true;
}

std::string_view DocumentWriter::fill(const Template& text, const Event& event) {
  scratch_.clear();
  text.fill(event, scratch_);
  return scratch_;
}

std::string_view DocumentWriter::text_of(const Object* object, Key key) {
  const Value* value = object ? object->find(key) : nullptr;
  if (!value || value->is_null()) return {};
  if (value->is_string()) return value->as_text();
  scratch_.clear();
  append_text(*value, scratch_);
  return scratch_;
}

void DocumentWriter::write_member(std::string_view name, std::string_view text, Buffer& out) {
  out.append(",\"");
  out.append(name);
  out.append("\":");
  write_json_string(text, false, out);
}

bool DocumentWriter::write_action(const Event& event, Buffer& out, Action& action) {
  // What Logstash's elastic_integration filter leaves for the output.
  const Object* ingest = nullptr;
  if (const Value* v = event.metadata().find(ingest_document_); v && v->is_object()) ingest = v->as_object();

  std::string_view name;
  if (!find_action(event, name, action)) return false;
  const auto own_index =
      settings_.default_index && !target_.data_stream ? text_of(ingest, index_) : std::string_view();
  const IndexName& index = own_index.empty() ? names_.of(event) : names_.of_text(own_index);
  if (!index.problem.empty()) {
    index_problem_ = true;
    return fail(index.problem);
  }
  out.append("{\"");
  out.append(name);
  out.append("\":{\"_index\":");
  out.append(index.quoted);
  if (!write_id(event, ingest, action, out)) return false;
  if (target_.types)
    write_member("_type",
                 settings_.document_type ? fill(*settings_.document_type, event) : std::string_view("doc"),
                 out);
  const auto routing = settings_.routing ? fill(*settings_.routing, event) : text_of(ingest, routing_);
  if (!routing.empty()) write_member("routing", routing, out);
  if (settings_.parent && routing.empty())
    write_member(settings_.join_field.empty() ? "parent" : "routing", fill(*settings_.parent, event), out);
  auto pipeline = settings_.pipeline ? fill(*settings_.pipeline, event) : text_of(ingest, pipeline_);
  if (pipeline.empty() && !settings_.pipeline) pipeline = text_of(&event.metadata(), target_pipeline_);
  if (!pipeline.empty() && action != Action::remove && action != Action::update)
    write_member("pipeline", pipeline, out);
  if (!write_version(event, ingest, out)) return false;
  if (action == Action::update) {
    out.append(target_.major >= 7 ? ",\"retry_on_conflict\":" : ",\"_retry_on_conflict\":");
    out.append(std::to_string(settings_.retry_on_conflict));
  }
  out.append("}}\n");
  return true;
}

bool DocumentWriter::write_id(const Event& event, const Object* ingest, Action action, Buffer& out) {
  if (settings_.auto_id && action != Action::update && action != Action::remove) {
    write_member("_id", ids_.of(event), out);
    return true;
  }
  if (target_.data_stream) return true;
  const auto id = settings_.id ? fill(*settings_.id, event) : text_of(ingest, id_);
  if (id.size() > kLongestId)
    return fail("The document id has " + std::to_string(id.size()) +
                " bytes; Elasticsearch takes at most 512");
  if (!id.empty())
    write_member("_id", id, out);
  else if (action == Action::update || action == Action::remove)
    return fail("An update or delete needs a document id, and `document_id` is empty for this event");
  return true;
}

bool DocumentWriter::write_version(const Event& event, const Object* ingest, Buffer& out) {
  if (target_.data_stream) return true;
  const auto version = settings_.version ? fill(*settings_.version, event) : text_of(ingest, version_);
  if (!version.empty()) {
    if (!is_integer(version))
      return fail("The document version [" + std::string(version) + "] is not an integer");
    out.append(",\"version\":");
    out.append(version);
  }
  const auto type = settings_.version_type.empty() ? text_of(ingest, version_type_)
                                                   : std::string_view(settings_.version_type);
  if (!type.empty()) write_member("version_type", type, out);
  return true;
}

void DocumentWriter::write_source(const Event& event, Buffer& out) {
  if (target_.data_stream && settings_.ds_sync_fields)
    write_data_stream(event, out);
  else if (settings_.parent && !settings_.join_field.empty())
    write_joined(event, out);
  else
    write_json(event, out);
}

// The join field of the document becomes {"name": what it holds, "parent": ...}; the event itself stays as it
// is for the other outputs.
void DocumentWriter::write_joined(const Event& event, Buffer& out) {
  arena_.reset();
  const Value* name = event.get(settings_.join_field);
  auto* join = Object::make(arena_, 2);
  join->append(arena_, Key::intern("name"), name ? *name : Value());
  join->append(arena_, Key::intern("parent"), Value::string(arena_.copy(fill(*settings_.parent, event))));
  Object* root = deep_copy(Value::object(&event.fields()), arena_).as_object();
  Object* at = root;
  const auto& steps = settings_.join_field.steps();
  for (size_t i = 0; i + 1 < steps.size(); ++i) {
    Value* next = at->find(steps[i].key);
    if (!next || !next->is_object()) {
      at->set(arena_, steps[i].key, Value::object(Object::make(arena_)));
      next = at->find(steps[i].key);
    }
    at = next->as_object();
  }
  if (!steps.empty()) at->set(arena_, steps.back().key, Value::object(join));
  write_json(Value::object(root), out);
}

// The document's data_stream fields say where it was written, whatever the event said.
void DocumentWriter::write_data_stream(const Event& event, Buffer& out) {
  arena_.reset();
  const Value* given = event.fields().find(data_stream_);
  Object* fields =
      given && given->is_object() ? deep_copy(*given, arena_).as_object() : Object::make(arena_, 3);
  const std::pair<Key, const std::string*> wanted[] = {
      {type_, &settings_.ds_type}, {dataset_, &settings_.ds_dataset}, {namespace_, &settings_.ds_namespace}};
  for (const auto& [key, text] : wanted) {
    const Value* value = fields->find(key);
    if (!value || value->is_null() || !settings_.ds_auto_routing)
      fields->set(arena_, key, Value::string(*text));
  }
  out.append('{');
  for (const auto& member : event.fields().all()) {
    if (member.key == data_stream_) continue;
    write_json_string(member.key.text(), member.key.json_plain(), out);
    out.append(':');
    write_json(member.value, out);
    out.append(',');
  }
  out.append("\"data_stream\":");
  write_json(Value::object(fields), out);
  out.append('}');
}

bool DocumentWriter::write_update(const Event& event, Buffer& out) {
  Value upsert;
  if (settings_.upsert && !settings_.doc_as_upsert && !settings_.scripted_upsert) {
    upsert_arena_.reset();
    if (!JsonReader::local().read(fill(*settings_.upsert, event), upsert_arena_, upsert) ||
        !upsert.is_object())
      return fail("The upsert document is not a JSON object once it is filled in");
  }
  if (settings_.script) {
    // A stored script has its language in the cluster; naming one here is refused.
    const bool stored = settings_.script_type == "indexed";
    out.append(stored                            ? "{\"script\":{\"id\":"
               : settings_.script_type == "file" ? "{\"script\":{\"file\":"
                                                 : "{\"script\":{\"source\":");
    write_json_string(fill(*settings_.script, event), false, out);
    if (!settings_.script_lang.empty() && !stored) write_member("lang", settings_.script_lang, out);
    out.append(",\"params\":{");
    write_json_string(settings_.script_var_name, false, out);
    out.append(':');
    write_source(event, out);
    out.append("}}");
    if (settings_.scripted_upsert)
      out.append(",\"scripted_upsert\":true,\"upsert\":{}");
    else if (settings_.doc_as_upsert) {
      out.append(",\"upsert\":");
      write_source(event, out);
    }
  } else {
    out.append("{\"doc\":");
    write_source(event, out);
    if (settings_.doc_as_upsert) out.append(",\"doc_as_upsert\":true");
  }
  if (upsert.is_object()) {
    out.append(",\"upsert\":");
    write_json(upsert, out);
  }
  out.append('}');
  return true;
}

}  // namespace sluice::elastic
