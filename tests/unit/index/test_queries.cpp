#include "fixture.hpp"

using namespace sluice::index;

namespace {

void load(Fixture& f) {
  f.call("PUT", "/t", R"({"mappings":{"properties":{"ip":{"type":"ip"},"tag":{"type":"keyword"}}}})");
  f.load(
      "t",
      {
          R"({"@timestamp":"2024-01-01T10:00:00Z","message":"The quick brown fox","level":"INFO","code":200,"took":0.5,"ok":true,"ip":"10.1.2.3","tag":["a","b"],"user":{"name":"Anna"}})",
          R"({"@timestamp":"2024-01-01T11:00:00Z","message":"Quick-brown foxes, can't jump over web-01.example.com","level":"ERROR","code":500,"took":1.25,"ok":false,"ip":"10.9.9.9","tag":"b"})",
          R"({"@timestamp":"2024-01-02T00:00:00.5Z","message":"nothing to see","level":"error","code":404,"took":12,"ip":"192.168.0.1","user.name":"Bob"})",
          R"({"@timestamp":"2024-02-01T00:00:00Z","message":["first value fox","brown second"],"level":"WARN","code":200,"tag":"c d"})",
          R"({"other":"Größe naïve 日本語","code":"301"})",
      });
}

}  // namespace

TEST_CASE("match, match_phrase and friends") {
  Fixture f;
  load(f);
  CHECK(f.found(R"({"match":{"message":"FOX"}})") == "1,4");
  CHECK(f.found(R"({"match":{"message":"quick nothing"}})") == "1,2,3");
  CHECK(f.found(R"({"match":{"message":{"query":"quick brown","operator":"and"}}})") == "1,2");
  CHECK(f.found(R"({"match":{"message":{"query":"quick brown fox","minimum_should_match":2}}})") == "1,2,4");
  CHECK(f.found(R"({"match_phrase":{"message":"quick brown"}})") == "1,2");
  CHECK(f.found(R"({"match_phrase":{"message":"brown quick"}})") == "");
  CHECK(f.found(R"({"match_phrase":{"message":"fox brown"}})") == "");
  CHECK(f.found(R"({"match_phrase":{"message":{"query":"quick fox","slop":1}}})") == "1");
  CHECK(f.found(R"({"match_phrase_prefix":{"message":"brown fo"}})") == "1,2");
  CHECK(f.found(R"({"match":{"message":"can't"}})") == "2");
  CHECK(f.found(R"({"match":{"message":"example.com"}})") == "2");
  CHECK(f.found(R"({"match":{"message":"web-01"}})") == "2");
  CHECK(f.found(R"({"match":{"level":"error"}})") == "2,3");
  CHECK(f.found(R"({"match":{"level.keyword":"error"}})") == "3");
  CHECK(f.found(R"({"match":{"code":"404"}})") == "3");
  CHECK(f.found(R"({"match":{"nowhere":"x"}})") == "");
  CHECK(f.found(R"({"match":{"other":"GRÖSSE größe"}})") == "5");
  CHECK(f.found(R"({"match":{"other":"語"}})") == "5");
  CHECK(f.found(R"({"match_all":{}})") == "1,2,3,4,5");
  CHECK(f.found(R"({"match_none":{}})") == "");
  CHECK(f.found(R"({"multi_match":{"query":"anna","fields":["user.*","message"]}})") == "1");
  CHECK(f.call("POST", "/t/_search", R"({"query":{"match":{"code":"abc"}}})").str("error.type") ==
        "search_phase_execution_exception");
}

TEST_CASE("term, terms, ids, exists, prefix and wildcard") {
  Fixture f;
  load(f);
  CHECK(f.found(R"({"term":{"level.keyword":"ERROR"}})") == "2");
  CHECK(f.found(R"({"term":{"level.keyword":{"value":"Error","case_insensitive":true}}})") == "2,3");
  CHECK(f.found(R"({"term":{"level":"ERROR"}})") == "");
  CHECK(f.found(R"({"term":{"code":200}})") == "1,4");
  CHECK(f.found(R"({"term":{"code":301}})") == "5");
  CHECK(f.found(R"({"term":{"took":12}})") == "3");
  CHECK(f.found(R"({"term":{"ok":"false"}})") == "2");
  CHECK(f.found(R"({"term":{"tag":"c d"}})") == "4");
  CHECK(f.found(R"({"term":{"tag":"b"}})") == "1,2");
  CHECK(f.found(R"({"term":{"ip":"10.0.0.0/8"}})") == "1,2");
  CHECK(f.found(R"({"term":{"ip":"192.168.0.1"}})") == "3");
  CHECK(f.found(R"({"term":{"@timestamp":"2024-01-01"}})") == "1,2");
  CHECK(f.found(R"({"terms":{"code":[200,"404"]}})") == "1,3,4");
  CHECK(f.found(R"({"terms":{"level.keyword":["INFO","WARN","x"]}})") == "1,4");
  CHECK(f.found(R"({"ids":{"values":["2","5","9"]}})") == "2,5");
  CHECK(f.found(R"({"term":{"_id":"3"}})") == "3");
  CHECK(f.found(R"({"term":{"_index":"t"}})") == "1,2,3,4,5");
  CHECK(f.found(R"({"exists":{"field":"ok"}})") == "1,2");
  CHECK(f.found(R"({"exists":{"field":"user"}})") == "1,3");
  CHECK(f.found(R"({"exists":{"field":"user.name.keyword"}})") == "1,3");
  CHECK(f.found(R"({"prefix":{"level.keyword":"ERR"}})") == "2");
  CHECK(f.found(R"({"prefix":{"message":"fo"}})") == "1,2,4");
  CHECK(f.found(R"({"prefix":{"tag":"c "}})") == "4");
  CHECK(f.found(R"({"wildcard":{"message":"f?x*"}})") == "1,2,4");
  CHECK(f.found(R"({"wildcard":{"level.keyword":{"value":"*R*R","case_insensitive":true}}})") == "2,3");
  CHECK(f.found(R"({"term":{"user.name.keyword":"Bob"}})") == "3");
}

TEST_CASE("range, with date math and time zones") {
  Fixture f;
  load(f);
  CHECK(f.found(R"({"range":{"code":{"gte":404}}})") == "2,3");
  CHECK(f.found(R"({"range":{"code":{"gt":200,"lt":404.5}}})") == "3,5");
  CHECK(f.found(R"({"range":{"took":{"lte":1.25}}})") == "1,2");
  CHECK(f.found(R"({"range":{"@timestamp":{"gte":"2024-01-01T11:00:00Z","lt":"2024-02-01"}}})") == "2,3");
  CHECK(f.found(R"({"range":{"@timestamp":{"lte":"2024-01-01"}}})") == "1,2");
  CHECK(f.found(R"({"range":{"@timestamp":{"gt":"2024-01-01"}}})") == "3,4");
  CHECK(f.found(R"({"range":{"@timestamp":{"gte":"2024-01-02||-1d/d","lt":"2024-01-02||/d"}}})") == "1,2");
  CHECK(f.found(R"({"range":{"@timestamp":{"gte":1704106800000,"format":"epoch_millis"}}})") == "2,3,4");
  CHECK(
      f.found(
          R"({"range":{"@timestamp":{"gte":"2024-01-01T12:00:00","lt":"2024-01-01T13:00:00","time_zone":"+01:00"}}})") ==
      "2");
  CHECK(f.found(R"({"range":{"@timestamp":{"gte":"01/02/2024","format":"dd/MM/yyyy"}}})") == "4");
  CHECK(f.found(R"({"range":{"@timestamp":{"lt":"now-1d/d"}}})") == "1,2,3,4");
  CHECK(f.found(R"({"range":{"ip":{"gte":"10.5.0.0"}}})") == "2,3");
  CHECK(f.found(R"({"range":{"level.keyword":{"gte":"F","lt":"Z"}}})") == "1,4");
  CHECK(f.found(R"({"range":{"@timestamp":{"gte":"nonsense"}}})").find("status 400") == 0);
}

TEST_CASE("bool combines as Lucene does") {
  Fixture f;
  load(f);
  CHECK(
      f.found(
          R"({"bool":{"must":{"match":{"message":"fox"}},"must_not":[{"term":{"level.keyword":"WARN"}}]}})") ==
      "1");
  CHECK(f.found(R"({"bool":{"should":[{"term":{"code":200}},{"term":{"code":500}}]}})") == "1,2,4");
  CHECK(f.found(R"({"bool":{"filter":[{"term":{"code":200}}],"should":[{"term":{"tag":"zzz"}}]}})") == "1,4");
  CHECK(
      f.found(
          R"({"bool":{"filter":[{"term":{"code":200}}],"should":[{"term":{"tag":"a"}}],"minimum_should_match":1}})") ==
      "1");
  CHECK(f.found(R"({"bool":{"must_not":{"exists":{"field":"level"}}}})") == "5");
  CHECK(f.found(R"({"bool":{}})") == "1,2,3,4,5");
  CHECK(f.found(R"({"constant_score":{"filter":{"term":{"code":404}}}})") == "3");
}

TEST_CASE("query_string") {
  Fixture f;
  load(f);
  const auto q = [&](const std::string& text, const std::string& more = "") {
    std::string quoted;
    append_quoted(quoted, text);
    return f.found(R"({"query_string":{"query":)" + quoted + more + "}}");
  };
  CHECK(q("fox") == "1,4");
  CHECK(q("message:fox AND code:200") == "1,4");
  CHECK(q("message:fox AND NOT level:WARN") == "1");
  CHECK(q("code:[400 TO 500]") == "2,3");
  CHECK(q("code:[400 TO 500}") == "3");
  CHECK(q("code:>=404 AND code:<500") == "3");
  CHECK(q("level:(INFO OR WARN)") == "1,4");
  CHECK(q("\"quick brown\"") == "1,2");
  CHECK(q("messag?:x") == "");
  CHECK(q("level:ERR*") == "2,3");
  CHECK(q("level.keyword:ERR*") == "2");
  CHECK(q("_exists_:ok") == "1,2");
  CHECK(q("ok:*") == "1,2");
  CHECK(q("*") == "1,2,3,4,5");
  CHECK(q("*:*") == "1,2,3,4,5");
  CHECK(q("NOT code:200") == "2,3,5");
  CHECK(q("+level:error -code:404") == "2");
  CHECK(q("quick nothing", R"(,"default_operator":"AND")") == "");
  CHECK(q("quick fox", R"(,"default_field":"message","default_operator":"AND")") == "1");
  CHECK(q("tag:c\\ d") == "4");
  CHECK(q("@timestamp:[2024-01-01 TO 2024-01-01]") == "1,2");
  CHECK(q("(fox").find("status 400") == 0);
  CHECK(q("fox~").find("fuzzy") != std::string::npos);
  CHECK(q("/fo.*/").find("regular expression") != std::string::npos);
  CHECK(Fixture::ids(f.call("GET", "/t/_search?q=code:404")) == "3");
  CHECK(
      f.found(
          R"({"simple_query_string":{"query":"quick +fox -warn","fields":["message","level"],"default_operator":"and"}})") ==
      "1");
  CHECK(f.found(R"({"simple_query_string":{"query":"\"quick brown\" | nothing","fields":["message"]}})") ==
        "1,2,3");
  CHECK(f.found(R"({"simple_query_string":{"query":"fo* (((","fields":["message"]}})") == "1,2,4");
}
