// The HTTP interface's inside: one function a kind of address. Not for users of the library.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "index/catalogue.hpp"
#include "index/index.hpp"
#include "index/params.hpp"
#include "index/writer.hpp"

namespace sluice::index {

/// One request on its way through.
struct Call {
  const Request& request;
  std::vector<std::string> parts;  // of the path, decoded
  Params params;
  Response response;

  [[nodiscard]] const std::string& method() const { return method_name; }
  std::string method_name;  // GET where HEAD was asked
  bool head = false;

  /// Answers with JSON text.
  void json(int status, std::string body);
  void fail(const Error& error);
  /// 405 as Elasticsearch has it.
  void wrong_method(std::string_view allowed);
  /// Refuses parameters that are neither general nor in `known`. True when one was refused.
  bool unknown_params(std::initializer_list<std::string_view> known);
  bool unknown_params(const std::vector<std::string_view>& known);
  /// The body as JSON (an empty object when there is none); false after failing.
  bool body_json(Json& out);
  /// False after answering 406.
  bool json_content(bool bulk);
};

class Api {
 public:
  explicit Api(const Options& options) : options_(options) {}
  Status open();
  Response handle(const Request& request);
  std::vector<Swept> sweep(int64_t now_ms);
  [[nodiscard]] size_t open_indices() const { return catalogue_.open_count(); }

 private:
  void route(Call& call);
  void route_underscore(Call& call);
  void route_index(Call& call);
  void finish(Call& call) const;

  // api_documents.cpp
  void bulk(Call& call, const std::string& default_index);
  void put_document(Call& call, const std::string& index, const std::string& id, WriteOp::Kind kind);
  void get_document(Call& call, const std::string& index, const std::string& id, bool source_only);
  void delete_document(Call& call, const std::string& index, const std::string& id);
  std::shared_ptr<Store> for_writing(const std::string& name, Error& error);
  Status write_group(Store& store, std::vector<WriteOp>& ops, const std::vector<size_t>& order,
                     std::vector<WriteResult>& results);
  void write_one(Call& call, const std::string& index, WriteOp& op);

  // api_search.cpp
  void search(Call& call, const std::string& expression);
  void multi_search(Call& call, const std::string& expression);
  void count(Call& call, const std::string& expression);
  std::vector<std::shared_ptr<Store>> stores_for(std::string_view expression, const Catalogue::Resolve& how,
                                                 Error& error);

  // api_indices.cpp
  void create_index(Call& call, const std::string& name);
  void delete_index(Call& call, const std::string& expression);
  void get_index(Call& call, const std::string& expression);
  void mapping(Call& call, const std::string& expression);
  void settings(Call& call, const std::string& expression);
  void refresh(Call& call, const std::string& expression);
  void index_alias(Call& call, const std::string& expression, const std::string& alias);
  void aliases(Call& call);
  void alias_actions(Call& call);
  Json alias_json(const std::string& index) const;

  // api_cluster.cpp
  void root(Call& call);
  void license(Call& call);
  void xpack(Call& call);
  void nodes(Call& call);
  void cluster(Call& call);
  void cat(Call& call);
  void cat_indices(Call& call);
  void templates(Call& call, const std::string& kind);
  /// What templates say of a new index: {"settings", "mappings", "aliases"}.
  Json template_for(const std::string& name) const;
  /// The same for as long as the directory lives; made when first asked for.
  const std::string& cluster_uuid();

  Options options_;
  Catalogue catalogue_;
  std::once_flag uuid_known_;
  std::string uuid_;
};

/// expand_wildcards, ignore_unavailable and allow_no_indices of a request.
Catalogue::Resolve resolve_options(const Params& params);
/// A duration or size that people read ("1.2mb").
std::string human_bytes(int64_t bytes);

}  // namespace sluice::index
