#include "index/api.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/time.hpp"

namespace sluice::index {

void Call::json(int status, std::string body) {
  response.status = status;
  response.body = std::move(body);
}

void Call::fail(const Error& error) {
  std::string out;
  JsonWriter w(out);
  w.begin_object().key("error").begin_object().key("root_cause").begin_array().begin_object();
  error.write_members(w);
  w.end_object().end_array();
  if (error.shard) {
    // What Elasticsearch says when every shard has failed.
    w.field("type", "search_phase_execution_exception")
        .field("reason", "all shards failed")
        .field("phase", "query")
        .field("grouped", true);
    w.key("failed_shards")
        .begin_array()
        .begin_object()
        .field("shard", 0)
        .field("index", error.index)
        .field("node", "sluice")
        .key("reason")
        .begin_object();
    error.write_members(w);
    w.end_object().end_object().end_array();
  } else {
    error.write_members(w);
  }
  w.end_object().field("status", error.status).end_object();
  json(error.status, std::move(out));
}

void Call::wrong_method(std::string_view allowed) {
  std::string out;
  JsonWriter w(out);
  w.begin_object().field(
      "error", fmt::format("Incorrect HTTP method for uri [{}] and method [{}], allowed: [{}]", request.path,
                           request.method, allowed));
  w.field("status", 405).end_object();
  response.headers.emplace_back("Allow", allowed);
  json(405, std::move(out));
}

bool Call::unknown_params(std::initializer_list<std::string_view> known) {
  return unknown_params(std::vector<std::string_view>(known));
}

bool Call::unknown_params(const std::vector<std::string_view>& known) {
  static constexpr std::string_view kGeneral[] = {"pretty", "human",          "error_trace", "filter_path",
                                                  "format", "master_timeout", "timeout",     "flat_settings"};
  for (const auto& [name, value] : params.all()) {
    if (std::find(std::begin(kGeneral), std::end(kGeneral), name) != std::end(kGeneral)) continue;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    fail(Error::illegal(
        fmt::format("request [{}] contains unrecognized parameter: [{}]", request.path, name)));
    return true;
  }
  return false;
}

bool Call::json_content(bool bulk) {
  if (request.body.empty() || request.content_type.empty()) return true;
  const auto type = request.content_type.substr(0, request.content_type.find(';'));
  if (type == "application/json" || type == "application/vnd.elasticsearch+json") return true;
  if (bulk && (type == "application/x-ndjson" || type == "application/vnd.elasticsearch+x-ndjson"))
    return true;
  std::string out;
  JsonWriter w(out);
  w.begin_object()
      .field("error", fmt::format("Content-Type header [{}] is not supported", request.content_type))
      .field("status", 406)
      .end_object();
  json(406, std::move(out));
  return false;
}

bool Call::body_json(Json& out) {
  out = Json::object();
  if (!json_content(false)) return false;
  std::string_view body = request.body;
  while (!body.empty() && std::string_view(" \r\n\t").find(body.back()) != std::string_view::npos)
    body.remove_suffix(1);
  if (body.empty()) return true;
  auto parsed = parse_json(body);
  if (!parsed.ok() || !parsed->is_object()) {
    fail(Error::bad("x_content_parse_exception", parsed.ok() ? "Expected [START_OBJECT]" : parsed.message()));
    return false;
  }
  out = std::move(*parsed);
  return true;
}

Catalogue::Resolve resolve_options(const Params& params) {
  Catalogue::Resolve out;
  out.ignore_unavailable = params.flag("ignore_unavailable", false);
  out.allow_no_indices = params.flag("allow_no_indices", true);
  out.wildcards = params.get("expand_wildcards", "open") != "none";
  return out;
}

std::string human_bytes(int64_t bytes) {
  static constexpr const char* kUnits[] = {"b", "kb", "mb", "gb", "tb"};
  double n = static_cast<double>(bytes);
  size_t unit = 0;
  while (n >= 1024 && unit < 4) {
    n /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{}b", bytes);
  std::string text = fmt::format("{:.1f}", n);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text + kUnits[unit];
}

Status Api::open() {
  return catalogue_.open(
      {options_.directory, std::max<size_t>(2, options_.max_open_indices), options_.sync_every_commit});
}

const std::string& Api::cluster_uuid() {
  std::call_once(uuid_known_, [this] {
    if (const auto known = catalogue_.state().get("cluster", "uuid")) {
      uuid_ = known->text;
      return;
    }
    uuid_ = new_document_id();
    if (const auto status = catalogue_.state().put("cluster", "uuid", Json::string(uuid_)); !status.ok())
      log::warn("sluice.index", "The name of the cluster is not kept over a restart",
                {{"reason", status.message()}});
  });
  return uuid_;
}

Response Api::handle(const Request& request) {
  Call call{request, {}, Params(request.query), {}, std::string(request.method)};
  call.head = request.method == "HEAD";
  if (call.head) call.method_name = "GET";
  for (std::string_view rest = request.path; !rest.empty();) {
    if (rest.front() == '/') rest.remove_prefix(1);
    const auto slash = rest.find('/');
    const auto part = rest.substr(0, slash);
    if (!part.empty()) call.parts.push_back(url_decode(part, false));
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
  }
  try {
    route(call);
  } catch (const std::exception& e) {  // bad_alloc, and whatever a library throws past its own guard
    log::error("sluice.index", "A request to the embedded index failed",
               {{"path", request.path}, {"reason", e.what()}});
    call.fail({500, "exception", e.what(), {}, {}, {}, false});
  }
  finish(call);
  return std::move(call.response);
}

void Api::finish(Call& call) const {
  Response& r = call.response;
  if (r.content_type.empty()) {
    const bool typed = call.request.accept.find("application/vnd.elasticsearch+") != std::string_view::npos;
    r.content_type = typed ? "application/vnd.elasticsearch+json;compatible-with=8" : "application/json";
    const auto* filter = call.params.find("filter_path");
    if (filter != nullptr && !filter->empty() && r.status < 400) r.body = apply_filter_path(r.body, *filter);
    if (call.params.flag("pretty")) r.body = pretty_json(r.body);
  }
  r.headers.emplace_back("X-Elastic-Product", "Elasticsearch");
}

void Api::route(Call& call) {
  if (call.parts.empty()) return root(call);
  const std::string& method = call.method_name;
  if (method != "GET" && method != "POST" && method != "PUT" && method != "DELETE")
    return call.wrong_method("GET,HEAD,POST,PUT,DELETE");
  if (call.parts[0].front() == '_' && call.parts[0] != "_all") return route_underscore(call);
  route_index(call);
}

void Api::route_underscore(Call& call) {
  const std::string& what = call.parts[0];
  const std::string& method = call.method_name;
  const size_t n = call.parts.size();
  const bool reads = method == "GET" || method == "POST", writes = method == "PUT" || method == "POST";
  if (what == "_bulk" && n == 1) return writes ? bulk(call, "") : call.wrong_method("PUT,POST");
  if (what == "_search" && n == 1) return reads ? search(call, "") : call.wrong_method("GET,POST");
  if (what == "_msearch" && n == 1) return reads ? multi_search(call, "") : call.wrong_method("GET,POST");
  if (what == "_count" && n == 1) return reads ? count(call, "") : call.wrong_method("GET,POST");
  if ((what == "_refresh" || what == "_flush") && n == 1)
    return reads ? refresh(call, "") : call.wrong_method("GET,POST");
  if (what == "_cat") return method == "GET" ? cat(call) : call.wrong_method("GET");
  if (what == "_cluster") return cluster(call);
  if (what == "_nodes") return method == "GET" ? nodes(call) : call.wrong_method("GET");
  if (what == "_license") return method == "GET" ? license(call) : call.wrong_method("GET");
  if (what == "_xpack") return method == "GET" ? xpack(call) : call.wrong_method("GET");
  if (what == "_mapping" || what == "_mappings") return mapping(call, "");
  if (what == "_settings") return settings(call, "");
  if (what == "_aliases" && n == 1 && method == "POST") return alias_actions(call);
  if (what == "_alias" || what == "_aliases") return aliases(call);
  if (what == "_index_template") return templates(call, "index_template");
  if (what == "_component_template") return templates(call, "component_template");
  if (what == "_template") return templates(call, "template");
  if (what == "_ilm" && n >= 2 && call.parts[1] == "policy") return templates(call, "ilm_policy");
  if (what == "_ilm" || what == "_ingest" || what == "_security" || what == "_snapshot" || what == "_tasks" ||
      what == "_sql" || what == "_data_stream" || what == "_scripts" || what == "_reindex" ||
      what == "_update_by_query" || what == "_delete_by_query" || what == "_pit" || what == "_mget" ||
      what == "_field_caps" || what == "_analyze" || what == "_stats" || what == "_async_search" ||
      what == "_query" || what == "_render" || what == "_resolve" || what == "_transform" || what == "_ml" ||
      what == "_watcher")
    return call.fail(Error::unsupported(fmt::format("{} [{}]", call.request.method, call.request.path)));
  if (auto error = check_index_name(what)) {
    if (n == 1) return call.fail(error);
    error.reason =
        fmt::format("no handler found for uri [{}] and method [{}]", call.request.path, call.request.method);
    error.type = "illegal_argument_exception";
    return call.fail(error);
  }
}

void Api::route_index(Call& call) {
  const std::string name = call.parts[0];
  const std::string& method = call.method_name;
  const size_t n = call.parts.size();
  const bool reads = method == "GET" || method == "POST", writes = method == "PUT" || method == "POST";
  if (n == 1) {
    if (method == "PUT") return create_index(call, name);
    if (method == "DELETE") return delete_index(call, name);
    return method == "GET" ? get_index(call, name) : call.wrong_method("DELETE,GET,HEAD,PUT");
  }
  const std::string what = call.parts[1];
  const std::string id = n > 2 ? call.parts[2] : "";
  if (what == "_doc" && n <= 3) {
    if (n == 2)
      return method == "POST" ? put_document(call, name, "", WriteOp::Kind::index)
                              : call.wrong_method("POST");
    if (writes) return put_document(call, name, id, WriteOp::Kind::index);
    return method == "DELETE" ? delete_document(call, name, id) : get_document(call, name, id, false);
  }
  if (what == "_create" && n == 3)
    return writes ? put_document(call, name, id, WriteOp::Kind::create) : call.wrong_method("PUT,POST");
  if (what == "_update" && n == 3)
    return method == "POST" ? put_document(call, name, id, WriteOp::Kind::update) : call.wrong_method("POST");
  if (what == "_source" && n == 3)
    return method == "GET" ? get_document(call, name, id, true) : call.wrong_method("GET,HEAD");
  if (what == "_alias" || what == "_aliases") return index_alias(call, name, id);
  if (what == "_settings") return settings(call, name);
  if (n == 2) {
    if (what == "_bulk") return writes ? bulk(call, name) : call.wrong_method("PUT,POST");
    if (what == "_search") return reads ? search(call, name) : call.wrong_method("GET,POST");
    if (what == "_msearch") return reads ? multi_search(call, name) : call.wrong_method("GET,POST");
    if (what == "_count") return reads ? count(call, name) : call.wrong_method("GET,POST");
    if (what == "_refresh" || what == "_flush" || what == "_forcemerge")
      return reads ? refresh(call, name) : call.wrong_method("GET,POST");
    if (what == "_mapping" || what == "_mappings") return mapping(call, name);
  }
  if (what.front() == '_')
    return call.fail(Error::unsupported(fmt::format("{} [{}]", call.request.method, call.request.path)));
  Error error = Error::illegal(
      fmt::format("no handler found for uri [{}] and method [{}]", call.request.path, call.request.method));
  call.fail(error);
}

struct Index::Impl {
  explicit Impl(const Options& options) : api(options) {}
  Api api;
};

Index::Index(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Index::~Index() = default;

Result<std::unique_ptr<Index>> Index::open(const Options& options) {
  auto impl = std::make_unique<Impl>(options);
  if (auto status = impl->api.open(); !status.ok()) return status;
  return std::unique_ptr<Index>(new Index(std::move(impl)));
}

Response Index::handle(const Request& request) { return impl_->api.handle(request); }
std::vector<Swept> Index::sweep(int64_t now_ms) { return impl_->api.sweep(now_ms); }
size_t Index::open_indices() const { return impl_->api.open_indices(); }

}  // namespace sluice::index
