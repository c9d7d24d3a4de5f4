#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <fstream>

#include "fixture.hpp"

using namespace sluice::index;

TEST_CASE("the root says what clients check for, and what it truly is") {
  Fixture f;
  const auto a = f.call("GET", "/");
  CHECK(a.status == 200);
  CHECK(a.str("version.number") == "8.11.4");
  CHECK(a.str("version.build_flavor") == "sluice");
  CHECK(a.str("tagline") == "You Know, for Search");
  bool product = false;
  for (const auto& [name, value] : a.headers)
    product = product || (name == "X-Elastic-Product" && value == "Elasticsearch");
  CHECK(product);
  CHECK(f.call("HEAD", "/").status == 200);
  CHECK(f.call("GET", "/_license").str("license.status") == "active");
}

TEST_CASE("a document is stored, read, replaced and deleted with rising versions") {
  Fixture f;
  auto a = f.call("PUT", "/logs-a/_doc/1", R"({"message":"one"})");
  CHECK(a.status == 201);
  CHECK(a.str("result") == "created");
  CHECK(a.str("_seq_no") == "0");
  CHECK(a.str("_primary_term") == "1");
  a = f.call("PUT", "/logs-a/_doc/1", R"({"message":"two"})");
  CHECK(a.status == 200);
  CHECK(a.str("result") == "updated");
  CHECK(a.str("_version") == "2");
  a = f.call("GET", "/logs-a/_doc/1");
  CHECK(a.str("_source.message") == "two");
  CHECK(a.str("found") == "true");
  CHECK(f.call("GET", "/logs-a/_source/1").text == R"({"message":"two"})");
  CHECK(f.call("HEAD", "/logs-a/_doc/2").status == 404);
  CHECK(f.found(R"({"match":{"message":"one"}})", "logs-a") == "");
  a = f.call("DELETE", "/logs-a/_doc/1");
  CHECK(a.status == 200);
  CHECK(a.str("result") == "deleted");
  CHECK(f.call("DELETE", "/logs-a/_doc/1").status == 404);
  CHECK(f.call("GET", "/logs-a/_doc/1").str("found") == "false");
  CHECK(f.call("GET", "/nothing/_doc/1").str("error.type") == "index_not_found_exception");
  a = f.call("POST", "/logs-a/_doc", R"({"n":1})");
  CHECK(a.status == 201);
  CHECK(a.str("_id").size() == 20);
  CHECK(f.call("PUT", "/logs-a/_create/x", "{}").status == 201);
  CHECK(f.call("PUT", "/logs-a/_create/x", "{}").str("error.type") == "version_conflict_engine_exception");
}

TEST_CASE("bulk: each item has its own verdict") {
  Fixture f;
  auto a = f.bulk(R"({"index":{"_index":"t","_id":"1"}}
{"n":1}
{"create":{"_index":"t","_id":"1"}}
{"n":2}
{"create":{"_index":"t"}}
{"n":3}
{"update":{"_index":"t","_id":"1"}}
{"doc":{"m":{"x":true}}}
{"update":{"_index":"t","_id":"none"}}
{"doc":{"m":1}}
{"update":{"_index":"t","_id":"u"}}
{"doc":{"n":9},"doc_as_upsert":true}
{"update":{"_index":"t","_id":"1"}}
{"script":{"source":"ctx._source.n += 1"}}
{"delete":{"_index":"t","_id":"u"}}
{"delete":{"_index":"t","_id":"u"}}
{"index":{"_index":"t","_id":"bad"}}
{"n":"not a number"}
{"index":{"_index":"T-Upper"}}
{"n":1}
)");
  CHECK(a.status == 200);
  CHECK(a.str("errors") == "true");
  const char* kinds[] = {"index",  "create", "create", "update", "update", "update",
                         "update", "delete", "delete", "index",  "index"};
  const char* statuses[] = {"201", "409", "201", "200", "404", "201", "400", "200", "404", "400", "400"};
  for (size_t i = 0; i < 11; ++i) {
    CAPTURE(i);
    CHECK(a.str("items." + std::to_string(i) + "." + kinds[i] + ".status") == statuses[i]);
  }
  CHECK(a.str("items.1.create.error.type") == "version_conflict_engine_exception");
  CHECK(a.str("items.6.update.error.reason").find("script") != std::string::npos);
  CHECK(a.str("items.9.index.error.type") == "document_parsing_exception");
  CHECK(a.str("items.9.index.error.caused_by.reason") == "For input string: \"not a number\"");
  CHECK(a.str("items.10.index.error.reason") == "Invalid index name [T-Upper], must be lowercase");
  CHECK(f.call("GET", "/t/_source/1").text == R"({"n":1,"m":{"x":true}})");
  CHECK(f.call("GET", "/t/_count").str("count") == "2");
}

TEST_CASE("bulk: requests that are wrong as a whole") {
  Fixture f;
  CHECK(f.bulk("{\"index\":{\"_index\":\"t\"}}\n{\"n\":1}").str("error.reason") ==
        "The bulk request must be terminated by a newline [\\n]");
  CHECK(f.bulk("{\"index\":{\"_index\":\"t\",\"_type\":\"doc\"}}\n{\"n\":1}\n").str("error.reason") ==
        "Action/metadata line [1] contains an unknown parameter [_type]");
  CHECK(f.bulk("{\"frobnicate\":{}}\n").status == 400);
  CHECK(f.bulk("{\"index\":{}}\n{}\n").str("error.type") == "action_request_validation_exception");
  CHECK(f.call("POST", "/_bulk", "{\"index\":{\"_index\":\"t\"}}\n{}\n", "text/plain").status == 406);
  CHECK(f.call("GET", "/_bulk").status == 405);
  CHECK(f.call("POST", "/_bulk?nonsense=1", "{}\n").str("error.reason") ==
        "request [/_bulk] contains unrecognized parameter: [nonsense]");
  CHECK(f.call("GET", "/_cat/indices?format=json").text == "[]");
}

TEST_CASE("bulk: filter_path keeps only what is asked for") {
  Fixture f;
  const std::string body =
      "{\"index\":{\"_id\":\"1\"}}\n{\"n\":1}\n{\"index\":{\"_id\":\"2\"}}\n{\"n\":\"x\"}\n";
  auto a = f.bulk(body, "/t/_bulk?filter_path=errors,items.*.error.type,items.*.status");
  CHECK(
      a.text ==
      R"({"errors":true,"items":[{"index":{"status":201}},{"index":{"status":400,"error":{"type":"document_parsing_exception"}}}]})");
  a = f.bulk("{\"index\":{\"_id\":\"1\"}}\n{\"n\":1}\n", "/t/_bulk?filter_path=-took,-items");
  CHECK(a.text == R"({"errors":false})");
}

TEST_CASE("external versions and sequence numbers guard writes") {
  Fixture f;
  auto a = f.bulk(R"({"index":{"_index":"t","_id":"v","version":5,"version_type":"external"}}
{"n":1}
{"index":{"_index":"t","_id":"v","version":4,"version_type":"external"}}
{"n":1}
)");
  CHECK(a.str("items.0.index.status") == "201");
  CHECK(a.str("items.0.index._version") == "5");
  CHECK(a.str("items.1.index.error.reason") ==
        "[v]: version conflict, current version [5] is higher or equal to the one provided [4]");
  CHECK(f.call("PUT", "/t/_doc/v?if_seq_no=0&if_primary_term=1", R"({"n":2})").status == 200);
  CHECK(f.call("PUT", "/t/_doc/v?if_seq_no=0&if_primary_term=1", R"({"n":2})").status == 409);
}

TEST_CASE("dynamic mapping: what values become, and what is refused") {
  Fixture f;
  f.load(
      "t",
      {R"({"s":"text","n":1,"d":1.5,"b":true,"when":"2024-01-02T03:04:05Z","o":{"x":"y"},"dotted.name":1,"nothing":null,"list":[null,"a"]})"});
  auto a = f.call("GET", "/t/_mapping");
  const std::string p = "t.mappings.properties.";
  CHECK(a.str(p + "s.type") == "text");
  CHECK(a.str(p + "s.fields.keyword.type") == "keyword");
  CHECK(a.str(p + "s.fields.keyword.ignore_above") == "256");
  CHECK(a.str(p + "n.type") == "long");
  CHECK(a.str(p + "d.type") == "float");
  CHECK(a.str(p + "b.type") == "boolean");
  CHECK(a.str(p + "when.type") == "date");
  CHECK(a.str(p + "o.properties.x.type") == "text");
  CHECK(a.str(p + "dotted.properties.name.type") == "long");
  CHECK(a.at(p + "nothing").is_null());
  CHECK(a.str(p + "list.type") == "text");
  const auto reason = [&](const std::string& doc) {
    return f.call("PUT", "/t/_doc/x", doc).str("error.reason");
  };
  CHECK(reason(R"({"o":1})") ==
        "object mapping for [o] tried to parse field [o] as object, but found a concrete value");
  CHECK(reason(R"({"n":{"a":1}})").find("failed to parse field [n] of type [long]") == 0);
  CHECK(reason(R"({"when":"yesterday"})").find("failed to parse field [when] of type [date]") == 0);
  CHECK(reason(R"({"a":1,"a":2})") == "Duplicate field 'a'");
  CHECK(reason(R"({"_id":"x"})").find("metadata field") != std::string::npos);
  CHECK(reason(R"({"new":"x","n":"bad"})") != "");
  CHECK(f.call("GET", "/t/_mapping").at(p + "new").is_null());
  CHECK(f.call("PUT", "/t/_doc/y", R"({"n":"12","s":5,"d":"2.5"})").status == 201);
  CHECK(f.call("PUT", "/t/_doc/z", "[1]").status == 400);
  CHECK(f.call("PUT", "/t/_doc/z", "{broken").status == 400);
}

TEST_CASE("templates shape new indices") {
  Fixture f;
  CHECK(f.call("PUT", "/_component_template/base",
               R"({"template":{"mappings":{"properties":{"host":{"type":"keyword"}}}}})")
            .status == 200);
  auto a = f.call(
      "PUT", "/_index_template/logs",
      R"({"index_patterns":["logs-*"],"priority":500,"composed_of":["base"],"template":{"settings":{"number_of_shards":1},"mappings":{
      "dynamic_templates":[{"strings":{"match_mapping_type":"string","mapping":{"type":"keyword"}}}],"properties":{"n":{"type":"integer"},"place":{"type":"geo_point"}}}}})");
  CHECK(a.status == 200);
  bool warned = false;
  for (const auto& [name, value] : a.headers)
    warned = warned || (name == "Warning" && value.find("geo_point") != std::string::npos);
  CHECK(warned);
  CHECK(f.call("HEAD", "/_index_template/logs").status == 200);
  CHECK(f.call("HEAD", "/_index_template/other").status == 404);
  CHECK(f.call("GET", "/_index_template").str("index_templates.0.name") == "logs");
  f.load("logs-a", {R"({"host":"h","n":3,"other":"free text","place":"1,2"})"});
  a = f.call("GET", "/logs-a/_mapping");
  CHECK(a.str("logs-a.mappings.properties.host.type") == "keyword");
  CHECK(a.str("logs-a.mappings.properties.n.type") == "integer");
  CHECK(a.str("logs-a.mappings.properties.other.type") == "keyword");
  CHECK(f.found(R"({"term":{"other":"free text"}})", "logs-a") == "1");
  CHECK(f.found(R"({"exists":{"field":"place"}})", "logs-a").find("status 400") == 0);
  CHECK(f.call("PUT", "/_template/old",
               R"({"index_patterns":["old-*"],"mappings":{"properties":{"k":{"type":"keyword"}}}})")
            .status == 200);
  f.load("old-1", {R"({"k":"v"})"});
  CHECK(f.call("GET", "/old-1/_mapping").str("old-1.mappings.properties.k.type") == "keyword");
  CHECK(f.call("PUT", "/_ilm/policy/p", R"({"policy":{"phases":{}}})").status == 200);
  CHECK(f.call("GET", "/_ilm/policy/p").str("p.policy") == R"({"phases":{}})");
  f.reopen();
  CHECK(f.call("HEAD", "/_index_template/logs").status == 200);
}

TEST_CASE("everything acknowledged is there after a restart, and numbering goes on") {
  Fixture f;
  f.load("t", {R"({"a":"one","@timestamp":"2024-01-01"})", R"({"a":"two"})"});
  f.call("DELETE", "/t/_doc/2");
  f.reopen();
  CHECK(f.call("GET", "/t/_count").str("count") == "1");
  CHECK(f.found(R"({"match":{"a":"one"}})") == "1");
  CHECK(f.call("PUT", "/t/_doc/3", "{}").str("_seq_no") == "3");
}

TEST_CASE("a damaged file is set aside and the others go on") {
  Fixture f;
  f.load("good", {R"({"a":1})"});
  f.load("bad", {R"({"a":1})"});
  f.load("worse", {R"({"a":1})"});
  f.index.reset();
  std::ofstream(f.directory + "/bad.db", std::ios::binary | std::ios::trunc)
      << "this is no database, and long enough to be read as one";
  {
    std::fstream file(f.directory + "/worse.db", std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(100);
    file << std::string(8000, 'x');
  }
  f.reopen();
  CHECK(f.call("GET", "/good/_count").str("count") == "1");
  CHECK(f.call("GET", "/bad/_count").status == 404);
  CHECK(f.call("GET", "/worse/_count").status == 404);
  CHECK(std::filesystem::exists(f.directory + "/bad.db.damaged"));
  CHECK(std::filesystem::exists(f.directory + "/worse.db.damaged"));
  CHECK(f.call("GET", "/_cluster/health").str("status") == "yellow");
  CHECK(f.call("PUT", "/bad/_doc/1", "{}").status == 201);
}

TEST_CASE("more indices than files may be open") {
  Fixture f;
  f.options.max_open_indices = 4;
  f.reopen();
  for (int i = 0; i < 20; ++i) f.load("many-" + std::to_string(i), {R"({"n":1})"});
  CHECK(f.index->open_indices() <= 4);
  CHECK(f.call("GET", "/many-*/_count").str("count") == "20");
  CHECK(f.call("GET", "/many-*/_count").str("_shards.total") == "20");
  f.load("many-0", {R"({"n":2})"});
  CHECK(f.call("GET", "/many-0/_source/1").text == R"({"n":2})");
}
