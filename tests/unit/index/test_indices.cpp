#include "fixture.hpp"

using namespace sluice::index;

TEST_CASE("index names are Elasticsearch's") {
  Fixture f;
  for (const char* name : {"Upper", "_under", "-dash", "a%23b", "a%3Ab", ".."}) {
    CAPTURE(name);
    CHECK(f.call("PUT", std::string("/") + name).status == 400);
  }
  CHECK(f.call("PUT", "/Upper").str("error.type") == "invalid_index_name_exception");
  CHECK(f.call("PUT", "/fine-1.2_3").status == 200);
  CHECK(f.call("PUT", "/fine-1.2_3").str("error.type") == "resource_already_exists_exception");
  CHECK(f.call("HEAD", "/fine-1.2_3").status == 200);
  CHECK(f.call("HEAD", "/other").status == 404);
  const std::string longest(255, 'x');
  CHECK(f.call("PUT", "/" + longest).status == 200);
  CHECK(f.call("PUT", "/" + longest + "x").status == 400);
  f.reopen();
  CHECK(f.call("HEAD", "/" + longest).status == 200);
}

TEST_CASE("creating, describing and deleting an index") {
  Fixture f;
  auto a = f.call(
      "PUT", "/t",
      R"({"settings":{"index":{"number_of_replicas":2}},"mappings":{"properties":{"k":{"type":"keyword"}}},"aliases":{"al":{}}})");
  CHECK(a.text == R"({"acknowledged":true,"shards_acknowledged":true,"index":"t"})");
  a = f.call("GET", "/t");
  CHECK(a.str("t.settings.index.number_of_replicas") == "2");
  CHECK(a.str("t.settings.index.provided_name") == "t");
  CHECK(a.str("t.mappings.properties.k.type") == "keyword");
  CHECK(a.str("t.aliases") == R"({"al":{}})");
  CHECK(f.call("PUT", "/al/_doc/1", R"({"k":"v"})").str("_index") == "t");
  CHECK(f.call("GET", "/al/_search").str("hits.total.value") == "1");
  CHECK(f.call("DELETE", "/al").status == 400);
  CHECK(f.call("DELETE", "/t*").str("error.reason") == "Wildcard expressions or all indices are not allowed");
  CHECK(f.call("DELETE", "/t").status == 200);
  CHECK(f.call("DELETE", "/t").status == 404);
  CHECK(f.call("GET", "/_alias").text == "{}");
  CHECK(f.call("PUT", "/broken", R"({"mappings":{"properties":{"k":{"type":"keywrd"}}}})")
            .str("error.reason") == "No handler for type [keywrd] declared on field [k]");
  CHECK(f.call("HEAD", "/broken").status == 404);
}

TEST_CASE("wildcard deletion, where it is allowed") {
  Fixture f;
  f.options.allow_wildcard_delete = true;
  f.reopen();
  f.load("a-1", {"{}"});
  f.load("a-2", {"{}"});
  f.load("b-1", {"{}"});
  CHECK(f.call("DELETE", "/a-*").status == 200);
  CHECK(f.call("GET", "/_cat/indices?h=index").text == "b-1\n");
}

TEST_CASE("_cat/indices and health") {
  Fixture f;
  f.load("b", {"{}", "{}"});
  f.load("a", {"{}"});
  CHECK(f.call("GET", "/_cat/indices?h=index,docs.count&s=docs.count:desc").text == "b 2\na 1\n");
  CHECK(f.call("GET", "/_cat/indices?v&h=health,index").text == "health index\ngreen  a    \ngreen  b    \n");
  const auto a = f.call("GET", "/_cat/indices/a?format=json");
  CHECK(a.str("0.index") == "a");
  CHECK(a.str("0.docs.count") == "");
  CHECK(a.json.items[0].find("docs.count")->text == "1");
  CHECK(f.call("GET", "/_cluster/health").str("status") == "green");
  CHECK(f.call("GET", "/_cat/health?h=status").text == "green\n");
  CHECK(f.call("GET", "/_cat/frogs").status == 400);
  CHECK(f.call("POST", "/_refresh").str("_shards.failed") == "0");
}

TEST_CASE("what is not supported is named") {
  Fixture f;
  f.load("t", {R"({"a":"x"})"});
  const auto reason = [&](const std::string& target, const std::string& body) {
    return f.call("POST", target, body).str("error.reason");
  };
  CHECK(reason("/t/_search", R"({"query":{"geo_distance":{}}})").find("[geo_distance]") != std::string::npos);
  CHECK(reason("/t/_search", R"({"aggs":{"x":{"percentiles":{"field":"a"}}}})").find("[percentiles]") !=
        std::string::npos);
  CHECK(reason("/t/_search", R"({"highlight":{"fields":{"a":{}}}})").find("[highlight]") !=
        std::string::npos);
  CHECK(reason("/t/_search", R"({"query":{"match":{"a":{"query":"x","fuzziness":"AUTO"}}}})")
            .find("[fuzziness]") != std::string::npos);
  CHECK(reason("/none-*/_search", R"({"query":{"frob":{}}})") == "unknown query [frob]");
  CHECK(reason("/_reindex", "{}").find("_reindex") != std::string::npos);
  CHECK(f.call("GET", "/t/_termvectors/1").status == 400);
  CHECK(f.call("PATCH", "/t").status == 405);
}

TEST_CASE("retention deletes the oldest first, by age and by size") {
  Fixture f;
  f.load("logs-1", {R"({"@timestamp":"2024-01-01T00:00:00Z"})"});
  f.load("logs-2", {R"({"@timestamp":"2024-02-01T00:00:00Z"})"});
  f.load("logs-3", {R"({"@timestamp":"2024-03-01T00:00:00Z"})"});
  f.load("other", {R"({"@timestamp":"2020-01-01T00:00:00Z"})"});
  const int64_t march2 = 1709337600000;
  f.options.retention = {{"logs-*", int64_t{40} * 86400000, 0}};
  f.reopen();
  auto swept = f.index->sweep(march2);
  REQUIRE(swept.size() == 1);
  CHECK(swept[0].index == "logs-1");
  f.options.retention = {{"logs-*", 0, 1}};
  f.reopen();
  swept = f.index->sweep(march2);
  REQUIRE(swept.size() == 2);
  CHECK(swept[0].index == "logs-2");
  CHECK(f.call("GET", "/_cat/indices?h=index").text == "other\n");
}
