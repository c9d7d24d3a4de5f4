// An index in a directory of its own, asked as a client would ask it.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "index/index.hpp"
#include "index/json.hpp"

namespace sluice::index {

struct Answer {
  int status = 0;
  std::string text;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;
  Json json;

  /// The value at a path such as "hits.total.value" or "items.0.index.status"; null when it is not there.
  [[nodiscard]] const Json& at(std::string_view path) const {
    static const Json kNone;
    const Json* here = &json;
    while (!path.empty()) {
      const auto dot = path.find('.');
      const std::string part(path.substr(0, dot));
      path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
      if (here->is_array()) {
        const size_t i = std::stoul(part);
        if (i >= here->items.size()) return kNone;
        here = &here->items[i];
      } else {
        here = here->find(part);
        if (here == nullptr) return kNone;
      }
    }
    return *here;
  }
  [[nodiscard]] std::string str(std::string_view path) const {
    return at(path).is_object() || at(path).is_array() ? at(path).dump() : at(path).scalar_text();
  }
};

class Fixture {
 public:
  Fixture() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-index-XXXXXX").string();
    directory = mkdtemp(name.data());
    options.directory = directory;
    reopen();
  }
  ~Fixture() {
    index.reset();
    std::filesystem::remove_all(directory);
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  void reopen() {
    index.reset();
    auto opened = Index::open(options);
    REQUIRE_MESSAGE(opened.ok(), opened.message());
    index = std::move(opened.value());
  }

  Answer call(std::string_view method, std::string_view target, std::string_view body = {},
              std::string_view type = "application/json") const {
    Request request;
    request.method = method;
    const auto mark = target.find('?');
    request.path = target.substr(0, mark);
    request.query = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
    request.body = body;
    request.content_type = body.empty() ? std::string_view{} : type;
    Response response = index->handle(request);
    Answer answer{response.status, response.body, response.content_type, response.headers, {}};
    auto json = parse_json(response.body);
    if (json.ok()) answer.json = std::move(*json);
    return answer;
  }
  Answer bulk(std::string_view body, std::string_view target = "/_bulk") const {
    return call("POST", target, body, "application/x-ndjson");
  }

  /// Stores documents with ids 1, 2, 3 ... in `name`.
  void load(const std::string& name, const std::vector<std::string>& documents) const {
    std::string body;
    for (size_t i = 0; i < documents.size(); ++i)
      body += R"({"index":{"_index":")" + name + R"(","_id":")" + std::to_string(i + 1) + "\"}}\n" +
              documents[i] + "\n";
    const auto answer = bulk(body);
    REQUIRE_MESSAGE(answer.str("errors") == "false", answer.text);
  }
  /// The ids that a query finds in `t`, in order of their numbers: "1,3".
  std::string found(const std::string& query, const std::string& where = "t") const {
    const auto answer =
        call("POST", "/" + where + "/_search", R"({"size":100,"sort":["_doc"],"query":)" + query + "}");
    if (answer.status != 200)
      return "status " + std::to_string(answer.status) + ": " + answer.str("error.reason");
    return ids(answer);
  }
  static std::string ids(const Answer& answer) {
    std::string out;
    for (const auto& hit : answer.at("hits.hits").items)
      out += (out.empty() ? "" : ",") + hit.find("_id")->text;
    return out;
  }

  std::string directory;
  Options options;
  std::unique_ptr<Index> index;
};

}  // namespace sluice::index
