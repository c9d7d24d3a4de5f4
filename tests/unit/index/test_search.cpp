#include "fixture.hpp"

using namespace sluice::index;

namespace {

void load(Fixture& f) {
  std::vector<std::string> documents;
  for (int i = 0; i < 10; ++i)
    documents.push_back(R"({"@timestamp":"2024-01-0)" + std::to_string(i % 5 + 1) + "T0" + std::to_string(i) +
                        R"(:30:00Z","n":)" + std::to_string(i) + R"(,"host":"h)" + std::to_string(i % 3) +
                        R"(","f":)" + std::to_string(i) + ".5" + (i % 2 == 0 ? R"(,"even":true)" : "") + "}");
  f.load("t", documents);
}

}  // namespace

TEST_CASE("the answer has Elasticsearch's shape") {
  Fixture f;
  load(f);
  const auto a = f.call("POST", "/t/_search", R"({"size":1})");
  CHECK(a.status == 200);
  CHECK(a.at("took").is_number());
  CHECK(a.str("timed_out") == "false");
  CHECK(a.str("_shards") == R"({"total":1,"successful":1,"skipped":0,"failed":0})");
  CHECK(a.str("hits.total") == R"({"value":10,"relation":"eq"})");
  CHECK(a.str("hits.max_score") == "1.0");
  CHECK(a.str("hits.hits.0._index") == "t");
  CHECK(a.str("hits.hits.0._score") == "1.0");
  CHECK(a.str("hits.hits.0._source.n") == "0");
  CHECK(f.call("POST", "/t/_search?rest_total_hits_as_int=true&size=0").str("hits.total") == "10");
  CHECK(f.call("POST", "/t/_search", R"({"track_total_hits":3,"size":0})").str("hits.total") ==
        R"({"value":3,"relation":"gte"})");
  CHECK(f.call("POST", "/t/_search", R"({"track_total_hits":false})").at("hits.total").is_null());
  CHECK(f.call("POST", "/t/_search", R"({"version":true,"seq_no_primary_term":true,"size":1})")
            .str("hits.hits.0._seq_no") == "0");
  CHECK(f.call("GET", "/t/_search?size=20000").status == 400);
  CHECK(f.call("GET", "/nothing/_search").status == 404);
  CHECK(f.call("GET", "/nothing/_search?ignore_unavailable=true").str("hits.total.value") == "0");
}

TEST_CASE("sort, paging and search_after") {
  Fixture f;
  load(f);
  const auto s = [&](const std::string& body) { return f.call("POST", "/t/_search", body); };
  CHECK(Fixture::ids(s(R"({"sort":[{"n":"desc"}],"size":3})")) == "10,9,8");
  CHECK(Fixture::ids(s(R"({"sort":[{"@timestamp":{"order":"desc"}}],"size":3})")) == "10,5,9");
  CHECK(s(R"({"sort":[{"@timestamp":"desc"}],"size":1})").str("hits.hits.0.sort.0") == "1704447000000");
  CHECK(s(R"({"sort":[{"@timestamp":"desc"}],"size":1})").at("hits.max_score").is_null());
  CHECK(Fixture::ids(s(R"({"sort":["host.keyword",{"n":"desc"}],"size":4})")) == "10,7,4,1");
  CHECK(Fixture::ids(s(R"({"sort":["host.keyword",{"n":"desc"}],"size":4,"from":2})")) == "4,1,8,5");
  CHECK(Fixture::ids(s(R"({"sort":["host.keyword",{"n":"desc"}],"size":2,"search_after":["h0",3]})")) ==
        "1,8");
  CHECK(Fixture::ids(s(R"({"sort":[{"even":{"order":"asc","missing":"_first"}},"n"],"size":2})")) == "2,4");
  CHECK(Fixture::ids(s(R"({"sort":[{"nope":{"order":"asc","unmapped_type":"long"}},"n"],"size":2})")) ==
        "1,2");
  CHECK(s(R"({"sort":["nope"]})").str("error.root_cause.0.reason") ==
        "No mapping found for [nope] in order to sort on");
  CHECK(s(R"({"sort":["host"]})").str("error.root_cause.0.reason").find("Fielddata is disabled on [host]") ==
        0);
  CHECK(Fixture::ids(f.call("GET", "/t/_search?sort=n:desc&size=2")) == "10,9");
  CHECK(Fixture::ids(s(R"({"sort":["_doc"],"size":2,"search_after":[4]})")) == "6,7");
  // Walking over everything by pages meets each document once.
  std::string seen, after;
  for (int page = 0; page < 6; ++page) {
    const auto a = s(R"({"sort":[{"@timestamp":"desc"},{"n":"asc"}],"size":2)" +
                     (after.empty() ? "" : ",\"search_after\":" + after) + "}");
    for (const auto& hit : a.at("hits.hits").items) {
      seen += hit.find("_id")->text + " ";
      after = hit.find("sort")->dump();
    }
  }
  CHECK(seen == "10 5 9 4 8 3 7 2 6 1 ");
}

TEST_CASE("_source filtering") {
  Fixture f;
  f.load("t", {R"({"a":{"b":1,"c":[{"x":1,"y":2}]},"d":"e"})"});
  const auto s = [&](const std::string& source) {
    return f.call("POST", "/t/_search", "{\"_source\":" + source + "}").str("hits.hits.0._source");
  };
  CHECK(s(R"(["a.b"])") == R"({"a":{"b":1}})");
  CHECK(s(R"("a.c.x")") == R"({"a":{"c":[{"x":1}]}})");
  CHECK(s(R"({"excludes":["a.*"]})") == R"({"a":{},"d":"e"})");
  CHECK(s(R"({"includes":["a"],"excludes":["a.c.y"]})") == R"({"a":{"b":1,"c":[{"x":1}]}})");
  CHECK(f.call("POST", "/t/_search", R"({"_source":false})").at("hits.hits.0._source").is_null());
  CHECK(f.call("GET", "/t/_doc/1?_source_includes=d").str("_source") == R"({"d":"e"})");
}

TEST_CASE("terms and metric aggregations") {
  Fixture f;
  load(f);
  const auto a = f.call("POST", "/t/_search", R"({"size":0,"aggs":{
    "hosts":{"terms":{"field":"host.keyword"},"aggs":{"top":{"max":{"field":"n"}}}},
    "by_avg":{"terms":{"field":"host.keyword","order":{"mean":"desc"},"size":1},"aggs":{"mean":{"avg":{"field":"n"}}}},
    "numbers":{"terms":{"field":"n","order":{"_key":"desc"},"size":2}},
    "evens":{"terms":{"field":"even"}},
    "s":{"stats":{"field":"f"}},"c":{"cardinality":{"field":"host.keyword"}},"v":{"value_count":{"field":"even"}},
    "first":{"min":{"field":"@timestamp"}},"none":{"avg":{"field":"unmapped"}},
    "f1":{"filter":{"range":{"n":{"gte":8}}},"aggs":{"total":{"sum":{"field":"n"}}}},
    "f2":{"filters":{"filters":{"low":{"range":{"n":{"lt":2}}},"h0":{"term":{"host.keyword":"h0"}}}}}}})");
  REQUIRE(a.status == 200);
  CHECK(
      a.str("aggregations.hosts.buckets") ==
      R"([{"key":"h0","doc_count":4,"top":{"value":9.0}},{"key":"h1","doc_count":3,"top":{"value":7.0}},{"key":"h2","doc_count":3,"top":{"value":8.0}}])");
  CHECK(a.str("aggregations.hosts.sum_other_doc_count") == "0");
  CHECK(a.str("aggregations.by_avg.buckets.0.key") == "h2");
  CHECK(a.str("aggregations.by_avg.sum_other_doc_count") == "7");
  CHECK(a.str("aggregations.numbers.buckets.0.key") == "9");
  CHECK(a.str("aggregations.evens.buckets.0") == R"({"key":1,"key_as_string":"true","doc_count":5})");
  CHECK(a.str("aggregations.s") == R"({"count":10,"min":0.5,"max":9.5,"avg":5.0,"sum":50.0})");
  CHECK(a.str("aggregations.c.value") == "3");
  CHECK(a.str("aggregations.v.value") == "5");
  CHECK(a.str("aggregations.first.value_as_string") == "2024-01-01T00:30:00.000Z");
  CHECK(a.at("aggregations.none.value").is_null());
  CHECK(a.str("aggregations.f1") == R"({"doc_count":2,"total":{"value":17.0}})");
  CHECK(a.str("aggregations.f2.buckets") == R"({"low":{"doc_count":2},"h0":{"doc_count":4}})");
  CHECK(f.call("POST", "/t/_search?typed_keys=true",
               R"({"size":0,"aggs":{"h":{"terms":{"field":"host.keyword"}}}})")
            .at("aggregations")
            .members[0]
            .first == "sterms#h");
  CHECK(f.call("POST", "/t/_search", R"({"aggs":{"h":{"terms":{"field":"host"}}}})").status == 400);
  CHECK(f.call("POST", "/t/_search", R"({"aggs":{"h":{"avg":{"field":"host.keyword"}}}})")
            .str("error.root_cause.0.reason") ==
        "Field [host.keyword] of type [keyword] is not supported for aggregation [avg]");
}

TEST_CASE("date_histogram, fixed and by the calendar, in a time zone") {
  Fixture f;
  load(f);
  const auto histogram = [&](const std::string& options) {
    const auto a =
        f.call("POST", "/t/_search",
               R"({"size":0,"aggs":{"h":{"date_histogram":{"field":"@timestamp",)" + options + "}}}}");
    std::string out;
    if (a.status != 200) return a.str("error.reason");
    for (const auto& b : a.at("aggregations.h.buckets").items)
      out += b.find("key_as_string")->text + "=" + b.find("doc_count")->scalar_text() + " ";
    return out;
  };
  CHECK(histogram(R"("calendar_interval":"day")") ==
        "2024-01-01T00:00:00.000Z=2 2024-01-02T00:00:00.000Z=2 2024-01-03T00:00:00.000Z=2 "
        "2024-01-04T00:00:00.000Z=2 2024-01-05T00:00:00.000Z=2 ");
  CHECK(histogram(R"("calendar_interval":"1M","format":"yyyy-MM")") == "2024-01=10 ");
  CHECK(histogram(R"("calendar_interval":"week","format":"yyyy-MM-dd")") == "2024-01-01=10 ");
  CHECK(histogram(R"("fixed_interval":"36h","format":"yyyy-MM-dd HH","min_doc_count":1)") ==
        "2023-12-31 00=2 2024-01-01 12=2 2024-01-03 00=4 2024-01-04 12=2 ");
  CHECK(histogram(R"("calendar_interval":"day","time_zone":"-01:00","min_doc_count":1)")
            .find("2023-12-31T00:00:00.000-01:00=1 ") == 0);
  CHECK(histogram(R"("calendar_interval":"day","time_zone":"Europe/Berlin","format":"yyyy-MM-dd")")
            .find("2024-01-01=2 ") == 0);
  CHECK(histogram(R"("interval":"day")").find("interval") != std::string::npos);
  const auto gaps = f.call(
      "POST", "/t/_search",
      R"({"size":0,"query":{"terms":{"n":[0,2]}},"aggs":{"h":{"date_histogram":{"field":"@timestamp","fixed_interval":"1d"}}}})");
  CHECK(gaps.at("aggregations.h.buckets").items.size() == 3);
}

TEST_CASE("several indices in one search, one of them without the field") {
  Fixture f;
  load(f);
  f.load("u", {R"({"n":100})"});
  auto a = f.call("POST", "/t,u/_search", R"({"sort":[{"n":"desc"}],"size":2})");
  CHECK(a.str("hits.hits.0._index") == "u");
  CHECK(a.str("_shards.total") == "2");
  a = f.call("POST", "/*,-u/_search", R"({"size":0})");
  CHECK(a.str("hits.total.value") == "10");
  a = f.call("POST", "/_search", R"({"sort":["@timestamp"]})");
  CHECK(a.status == 200);
  CHECK(a.str("_shards.failed") == "1");
  a = f.call("POST", "/_msearch", "{\"index\":\"t\"}\n{\"size\":0}\n{}\n{\"query\":{\"frob\":{}}}\n",
             "application/x-ndjson");
  CHECK(a.str("responses.0.hits.total.value") == "10");
  CHECK(a.str("responses.0.status") == "200");
  CHECK(a.str("responses.1.status") == "400");
}

TEST_CASE("scores: more, and rarer, words come first") {
  Fixture f;
  f.load("t", {R"({"m":"common rare"})", R"({"m":"common common common"})", R"({"m":"common"})",
               R"({"m":"other"})"});
  const auto a = f.call("POST", "/t/_search", R"({"query":{"match":{"m":"common rare"}}})");
  CHECK(Fixture::ids(a).substr(0, 2) == "1,");
  CHECK(a.str("hits.total.value") == "3");
  CHECK(a.at("hits.max_score").as_double() == doctest::Approx(a.at("hits.hits.0._score").as_double()));
}
