// Writing and reading single documents, and _bulk.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/log.hpp"
#include "base/time.hpp"
#include "index/api.hpp"
#include "index/search.hpp"

namespace sluice::index {
namespace {

constexpr std::string_view kOps[] = {"index", "create", "update", "delete"};

bool integer_of(simdjson::dom::element value, std::optional<int64_t>& out) {
  int64_t n = 0;
  if (value.get_int64().get(n) == simdjson::SUCCESS) {
    out = n;
    return true;
  }
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return false;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  out = n;
  return error == std::errc{} && end == text.data() + text.size();
}

bool version_type(std::string_view text, WriteOp& op) {
  if (text == "internal")
    op.version_type = WriteOp::VersionType::internal;
  else if (text == "external")
    op.version_type = WriteOp::VersionType::external;
  else if (text == "external_gte")
    op.version_type = WriteOp::VersionType::external_gte;
  else
    return false;
  return true;
}

/// A line of a _bulk body with what follows it.
struct BulkItem {
  WriteOp op;
  std::string id;  // owns op.id
  std::string index;
  Error error;  // of the action line's own
};

/// Reads a _bulk body. Text stays where it is.
class BulkReader {
 public:
  BulkReader(std::string_view body, bool padded, std::string_view default_index)
      : body_(body), padded_(padded), default_index_(default_index) {}

  Error read(std::vector<BulkItem>& out) {
    if (body_.empty()) return Error::bad("parse_exception", "request body is required");
    if (body_.back() != '\n') return Error::illegal("The bulk request must be terminated by a newline [\\n]");
    std::string_view line;
    while (next(line)) {
      if (blank(line)) continue;
      if (auto error = action(line, out)) return error;
      BulkItem& item = out.back();
      if (item.op.kind == WriteOp::Kind::remove) continue;
      if (!next(line)) return Error::illegal("The bulk request must be terminated by a newline [\\n]");
      item.op.source = line;
      item.op.padded =
          padded_ || static_cast<size_t>(body_.data() + body_.size() - (line.data() + line.size())) >=
                         simdjson::SIMDJSON_PADDING;
    }
    if (out.empty())
      return Error::bad("action_request_validation_exception", "Validation Failed: 1: no requests added;");
    return {};
  }

 private:
  bool next(std::string_view& line) {
    if (at_ >= body_.size()) return false;
    ++number_;
    const auto end = body_.find('\n', at_);
    line = body_.substr(at_, end - at_);
    at_ = end + 1;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return true;
  }
  static bool blank(std::string_view line) { return line.find_first_not_of(" \t") == std::string_view::npos; }

  Error action(std::string_view line, std::vector<BulkItem>& out) {
    if (!out.empty() && line == last_line_) {  // most bulks say the same thing again and again
      BulkItem copy;
      copy.op = out[last_item_].op;
      copy.op.source = {};
      copy.op.id = {};
      copy.index = out[last_item_].index;
      copy.error = out[last_item_].error;
      copy.id = out[last_item_].id;
      out.push_back(std::move(copy));
      return {};
    }
    simdjson::dom::element root;
    const auto malformed = [&](const std::string& why) {
      return Error::illegal(fmt::format("Malformed action/metadata line [{}], {}", number_, why));
    };
    if (auto error = parser_.parse(line.data(), line.size()).get(root))
      return malformed(simdjson::error_message(error));
    simdjson::dom::object object;
    if (root.get_object().get(object)) return malformed("expected START_OBJECT");
    if (object.size() != 1) return malformed("expected one action");
    const auto [name, meta] = *object.begin();
    const auto kind = std::find(std::begin(kOps), std::end(kOps), name);
    if (kind == std::end(kOps))
      return malformed(fmt::format("expected field [create], [delete], [index] or [update] but found [{}]",
                                   std::string_view(name)));
    simdjson::dom::object fields;
    if (meta.get_object().get(fields)) return malformed("expected START_OBJECT or END_OBJECT");
    BulkItem item;
    item.op.kind = static_cast<WriteOp::Kind>(kind - std::begin(kOps));
    item.index = default_index_;
    for (auto [key, value] : fields)
      if (auto error = parameter(key, value, item)) return error;
    if (item.index.empty())
      return Error::bad("action_request_validation_exception", "Validation Failed: 1: index is missing;");
    if (item.id.empty() && (item.op.kind == WriteOp::Kind::update || item.op.kind == WriteOp::Kind::remove))
      return Error::bad("action_request_validation_exception", "Validation Failed: 1: id is missing;");
    last_line_ = line;
    last_item_ = out.size();
    out.push_back(std::move(item));
    return {};
  }

  Error parameter(std::string_view key, simdjson::dom::element value, BulkItem& item) {
    std::string_view text;
    const bool is_text = value.get_string().get(text) == simdjson::SUCCESS;
    if (key == "_index") {
      item.index = text;
    } else if (key == "_id") {
      std::string scratch;
      if (!is_text && !value.is_null()) append_element(scratch, value);
      item.id = is_text ? std::string(text) : scratch;
      if (is_text && text.empty()) item.error = Error::illegal("if _id is specified it must not be empty");
    } else if (key == "version" || key == "_version") {
      if (!integer_of(value, item.op.version)) return Error::illegal("[version] must be a number");
    } else if (key == "version_type" || key == "_version_type") {
      if (!version_type(text, item.op))
        return Error::illegal(fmt::format("No version type match [{}]", text));
    } else if (key == "if_seq_no") {
      if (!integer_of(value, item.op.if_seq_no)) return Error::illegal("[if_seq_no] must be a number");
    } else if (key == "if_primary_term") {
      if (!integer_of(value, item.op.if_primary_term))
        return Error::illegal("[if_primary_term] must be a number");
    } else if (key == "pipeline") {
      if (!text.empty() && text != "_none")
        item.error = Error::illegal(fmt::format("pipeline with id [{}] does not exist", text));
    } else if (key == "require_alias") {
      bool wanted = false;
      if (value.get_bool().get(wanted) == simdjson::SUCCESS && wanted)
        item.error = Error::unsupported("[require_alias] of a bulk action");
    } else if (key != "routing" && key != "_routing" && key != "retry_on_conflict" &&
               key != "dynamic_templates" && key != "list_executed_pipelines") {
      return Error::illegal(
          fmt::format("Action/metadata line [{}] contains an unknown parameter [{}]", number_, key));
    }
    return {};
  }

  std::string_view body_;
  bool padded_;
  std::string_view default_index_;
  size_t at_ = 0, number_ = 0, last_item_ = 0;
  std::string_view last_line_;
  simdjson::dom::parser parser_;
};

void write_result(JsonWriter& w, const std::string& index, const WriteResult& result) {
  w.field("_index", index)
      .field("_id", result.id)
      .field("_version", result.version)
      .field("result", result.result);
  w.key("_shards")
      .begin_object()
      .field("total", 1)
      .field("successful", result.result == std::string_view("noop") ? 0 : 1)
      .field("failed", 0)
      .end_object();
  w.field("_seq_no", result.seq).field("_primary_term", 1);
}

}  // namespace

std::shared_ptr<Store> Api::for_writing(const std::string& name, Error& error) {
  if (auto store = catalogue_.acquire(name, error)) return store;
  if (error.status != 404) return nullptr;
  error = {};
  if (const auto targets = catalogue_.state().get("alias", name)) {
    std::string target;
    for (const auto& [index, how] : targets->members) {
      const Json* write = how.find("is_write_index");
      if (targets->members.size() == 1 || (write != nullptr && write->boolean)) target = index;
    }
    if (target.empty()) {
      error = Error::illegal(
          fmt::format("no write index is defined for alias [{}]. The write index may be explicitly disabled "
                      "using is_write_index=false or the alias "
                      "points to multiple indices without one being designated as a write index",
                      name));
      return nullptr;
    }
    return catalogue_.acquire(target, error);
  }
  error = check_index_name(name);
  if (error) {
    error.index = name;
    return nullptr;
  }
  const Json shape = template_for(name);
  bool created = false;
  auto store = catalogue_.create(name, *shape.find("settings"), *shape.find("mappings"), created, error);
  if (store && created) {
    for (const auto& [alias, how] : shape.find("aliases")->members) {
      Json targets = catalogue_.state().get("alias", alias).value_or(Json::object());
      targets.set(name, how);
      if (auto status = catalogue_.state().put("alias", alias, targets); !status.ok())
        log::warn("sluice.index", status.message());
    }
  }
  return store;
}

Status Api::write_group(Store& store, std::vector<WriteOp>& ops, const std::vector<size_t>& order,
                        std::vector<WriteResult>& results) {
  auto writing = store.lock_for_writing();
  Status status = store.begin();
  if (status.ok()) {
    Writer writer(store);
    for (size_t i : order) {
      status = writer.apply(ops[i], results[i]);
      if (!status.ok()) break;
    }
    if (status.ok())
      status = store.commit();
    else
      store.rollback();
  }
  if (status.ok()) return status;
  log::error("sluice.index", "Writing to the embedded index failed",
             {{"index", store.name()}, {"reason", status.message()}});
  for (size_t i : order) {
    results[i] = {};
    results[i].id = std::string(ops[i].id);
    results[i].status = 503;
    results[i].error = {503, "unavailable_shards_exception", status.message(), {}, {}, store.name(), false};
  }
  return status;
}

void Api::bulk(Call& call, const std::string& default_index) {
  if (!call.json_content(true)) return;
  if (call.unknown_params({"refresh", "routing", "pipeline", "_source", "_source_includes",
                           "_source_excludes", "wait_for_active_shards", "require_alias",
                           "require_data_stream", "list_executed_pipelines", "type"}))
    return;
  if (const auto pipeline = call.params.get("pipeline"); !pipeline.empty() && pipeline != "_none")
    return call.fail(Error::illegal("pipeline with id [" + pipeline + "] does not exist"));
  const int64_t started = steady_nanos();
  std::vector<BulkItem> items;
  BulkReader reader(call.request.body, call.request.body_padded, default_index);
  if (auto error = reader.read(items)) return call.fail(error);
  std::vector<WriteOp> ops;
  std::vector<WriteResult> results(items.size());
  ops.reserve(items.size());
  // One transaction an index, its writes in their order.
  std::vector<std::pair<std::string_view, std::vector<size_t>>> groups;
  for (size_t i = 0; i < items.size(); ++i) {
    items[i].op.id = items[i].id;
    ops.push_back(items[i].op);
    if (items[i].error) {
      results[i].error = items[i].error;
      results[i].status = items[i].error.status;
      results[i].id = items[i].id;
      continue;
    }
    auto group = std::find_if(groups.rbegin(), groups.rend(),
                              [&](const auto& g) { return g.first == items[i].index; });
    if (group == groups.rend()) {
      groups.emplace_back(items[i].index, std::vector<size_t>{});
      group = groups.rbegin();
    }
    group->second.push_back(i);
  }
  for (auto& [index, order] : groups) {
    Error error;
    std::shared_ptr<Store> store;
    const bool only_deletes = std::all_of(order.begin(), order.end(),
                                          [&](size_t i) { return ops[i].kind == WriteOp::Kind::remove; });
    if (only_deletes && !catalogue_.exists(index) && catalogue_.alias_targets(std::string(index)).empty())
      error = {404,
               "index_not_found_exception",
               fmt::format("no such index [{}]", index),
               {},
               {},
               std::string(index),
               false};
    else
      store = for_writing(std::string(index), error);
    if (!store) {
      for (size_t i : order) {
        results[i].error = error;
        results[i].status = error.status;
        results[i].id = std::string(ops[i].id);
      }
      continue;
    }
    const auto status = write_group(*store, ops, order, results);
    if (!status.ok() && !status.retriable()) {
      const std::string name = store->name();
      store.reset();
      catalogue_.set_aside(name, status.message());
    } else if (store->name() != index) {
      for (size_t i : order) items[i].index = store->name();
    }
  }
  std::string out;
  out.reserve(items.size() * 200 + 64);
  bool errors = false;
  for (const auto& result : results) errors = errors || result.error;
  JsonWriter w(out);
  w.begin_object()
      .field("took", (steady_nanos() - started) / 1000000)
      .field("errors", errors)
      .key("items")
      .begin_array();
  for (size_t i = 0; i < items.size(); ++i) {
    w.begin_object().key(kOps[static_cast<size_t>(ops[i].kind)]).begin_object();
    const WriteResult& result = results[i];
    if (result.error) {
      w.field("_index", items[i].index);
      result.id.empty() ? w.key("_id").null() : w.field("_id", result.id);
      w.field("status", result.status).key("error").begin_object();
      result.error.write_members(w);
      w.end_object();
    } else {
      write_result(w, items[i].index, result);
      w.field("status", result.status);
    }
    w.end_object().end_object();
  }
  w.end_array().end_object();
  call.json(200, std::move(out));
}

void Api::write_one(Call& call, const std::string& index, WriteOp& op) {
  for (auto [name, to] : {std::pair{"version", &op.version}, std::pair{"if_seq_no", &op.if_seq_no},
                          std::pair{"if_primary_term", &op.if_primary_term}}) {
    const auto* text = call.params.find(name);
    if (text == nullptr) continue;
    int64_t n = 0;
    auto [end, e] = std::from_chars(text->data(), text->data() + text->size(), n);
    if (e != std::errc{} || end != text->data() + text->size())
      return call.fail(
          Error::illegal(fmt::format("Failed to parse long parameter [{}] with value [{}]", name, *text)));
    *to = n;
  }
  if (!version_type(call.params.get("version_type", "internal"), op))
    return call.fail(Error::illegal("No version type match [" + call.params.get("version_type") + "]"));
  Error error;
  std::shared_ptr<Store> store;
  if (op.kind == WriteOp::Kind::remove && !catalogue_.exists(index) &&
      catalogue_.alias_targets(index).empty())
    error = {404, "index_not_found_exception", "no such index [" + index + "]", {}, {}, index, false};
  else
    store = for_writing(index, error);
  if (!store) return call.fail(error);
  std::vector<WriteOp> ops{op};
  std::vector<WriteResult> results(1);
  const auto status = write_group(*store, ops, {0}, results);
  const std::string name = store->name();
  if (!status.ok() && !status.retriable()) {
    store.reset();
    catalogue_.set_aside(name, status.message());
  }
  if (results[0].error) {
    results[0].error.index = name;
    return call.fail(results[0].error);
  }
  std::string out;
  JsonWriter w(out);
  w.begin_object();
  write_result(w, name, results[0]);
  w.end_object();
  if (results[0].status == 201)
    call.response.headers.emplace_back("Location", "/" + name + "/_doc/" + results[0].id);
  call.json(results[0].status, std::move(out));
}

void Api::put_document(Call& call, const std::string& index, const std::string& id, WriteOp::Kind kind) {
  if (!call.json_content(false)) return;
  if (call.unknown_params({"refresh", "routing", "pipeline", "op_type", "version", "version_type",
                           "if_seq_no", "if_primary_term", "wait_for_active_shards", "retry_on_conflict",
                           "doc_as_upsert", "require_alias"}))
    return;
  if (call.request.body.empty()) return call.fail(Error::bad("parse_exception", "request body is required"));
  if (const auto pipeline = call.params.get("pipeline"); !pipeline.empty() && pipeline != "_none")
    return call.fail(Error::illegal("pipeline with id [" + pipeline + "] does not exist"));
  WriteOp op;
  op.kind = kind;
  op.id = id;
  op.source = call.request.body;
  op.padded = call.request.body_padded;
  op.doc_as_upsert = call.params.flag("doc_as_upsert");
  while (!op.source.empty() && std::string_view(" \r\n\t").find(op.source.back()) != std::string_view::npos)
    op.source.remove_suffix(1);
  if (const auto type = call.params.get("op_type"); type == "create" && kind == WriteOp::Kind::index)
    op.kind = WriteOp::Kind::create;
  else if (!type.empty() && type != "index")
    return call.fail(Error::illegal("opType must be 'create' or 'index', found: [" + type + "]"));
  write_one(call, index, op);
}

void Api::delete_document(Call& call, const std::string& index, const std::string& id) {
  if (call.unknown_params({"refresh", "routing", "version", "version_type", "if_seq_no", "if_primary_term",
                           "wait_for_active_shards"}))
    return;
  WriteOp op;
  op.kind = WriteOp::Kind::remove;
  op.id = id;
  write_one(call, index, op);
}

void Api::get_document(Call& call, const std::string& index, const std::string& id, bool source_only) {
  if (call.unknown_params({"_source", "_source_includes", "_source_excludes", "realtime", "refresh",
                           "routing", "preference"}))
    return;
  SearchRequest shape;
  if (auto error = SearchRequest::parse(Json::object(), call.params, shape)) return call.fail(error);
  const auto targets = catalogue_.exists(index) ? std::vector{index} : catalogue_.alias_targets(index);
  if (targets.size() > 1)
    return call.fail(Error::illegal(
        "alias [" + index + "] has more than one index associated with it, can't execute a single index op"));
  Error error;
  auto store = catalogue_.acquire(targets.empty() ? index : targets[0], error);
  if (!store) return call.fail(error);
  std::string out;
  bool found = false;
  JsonWriter w(out);
  const auto status = store->get(id, [&](const Row& row) {
    found = true;
    std::string source;
    shape.source.write(source, row.source);
    if (source_only) {
      out = std::move(source);
      return;
    }
    w.begin_object()
        .field("_index", store->name())
        .field("_id", row.id)
        .field("_version", row.version)
        .field("_seq_no", row.seq)
        .field("_primary_term", 1);
    w.field("found", true);
    if (shape.source.enabled) w.key("_source").raw(source);
    w.end_object();
  });
  if (!status.ok()) return call.fail({500, "exception", status.message(), {}, {}, {}, false});
  if (found) return call.json(200, std::move(out));
  if (source_only)
    return call.fail({404,
                      "resource_not_found_exception",
                      fmt::format("Document not found [{}]/[{}]", index, id),
                      {},
                      {},
                      {},
                      false});
  w.begin_object().field("_index", store->name()).field("_id", id).field("found", false).end_object();
  call.json(404, std::move(out));
}

}  // namespace sluice::index
