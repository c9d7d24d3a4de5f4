#include <doctest/doctest.h>

#include <chrono>
#include <set>

#include "filter_fixture.hpp"

using sluice::plugins::fixture::TestFilter;

TEST_CASE("drop: all, none, or a share") {
  CHECK(TestFilter("drop {}").run({"{}", "{}"}).empty());
  CHECK(TestFilter("drop { percentage => 0 }").run({"{}", "{}"}).size() == 2);
  const std::vector<std::string> many(10000, "{}");
  const auto left = TestFilter("drop { percentage => 40 }").run(many).size();
  CHECK(left > 5500);
  CHECK(left < 6500);
}

TEST_CASE("json: members become fields, by reference where the name is one") {
  CHECK(TestFilter("json { source => m }")
            .one(R"({"m":"{\"a\":{\"b\":1},\"[x][y]\":2,\"@metadata\":{\"z\":3}}"})") ==
        R"({"m":"{\"a\":{\"b\":1},\"[x][y]\":2,\"@metadata\":{\"z\":3}}","a":{"b":1},"x":{"y":2}})");
  TestFilter f("json { source => m remove_field => m }");
  CHECK(f.one(R"({"m":"{\"@metadata\":{\"z\":3}}"})") == "{}");
  CHECK(f.metadata() == R"({"z":3})");
}

TEST_CASE("json: the time of the document is the event's when it is one") {
  TestFilter f("json { source => m remove_field => [m, '@version'] }");
  CHECK(f.one(R"({"m":"{\"@timestamp\":\"2015-12-02T17:40:00.666Z\"}"})", true) ==
        R"({"@timestamp":"2015-12-02T17:40:00.666Z"})");
  CHECK(f.one(R"({"m":"{\"@timestamp\":\"yesterday\"}"})") ==
        R"({"tags":["_timestampparsefailure"],"_@timestamp":"yesterday"})");
  CHECK(f.one(R"({"m":"{\"@timestamp\":null}","@timestamp":"2015-12-02T17:40:00Z"})", true) ==
        R"({"@timestamp":"2015-12-02T17:40:00.000Z"})");
}

TEST_CASE("json: target takes any document, and failures are tagged unless skipped") {
  TestFilter f("json { source => m target => t remove_field => m }");
  CHECK(f.one(R"({"m":"[1,2]"})") == R"({"t":[1,2]})");
  CHECK(f.one(R"({"m":" 12 "})") == R"({"t":12})");
  CHECK(f.one(R"({"m":"\"x\""})") == R"({"t":"x"})");
  CHECK(f.one(R"({"m":"1,2"})") == R"({"m":"1,2","tags":["_jsonparsefailure"]})");
  CHECK(f.one(R"({"m":""})") == R"({"m":"","tags":["_jsonparsefailure"]})");
  CHECK(f.one(R"({"m":5})") == R"({"m":5,"tags":["_jsonparsefailure"]})");
  CHECK(f.one(R"({"x":5})") == R"({"x":5})");
  CHECK(TestFilter("json { source => m skip_on_invalid_json => true }").one(R"({"m":"{"})") ==
        R"({"m":"{"})");
  CHECK(TestFilter("json { source => m }").one(R"({"m":"{\"tags\":5}"})") ==
        R"({"m":"{\"tags\":5}","tags":["_jsonparsefailure"]})");
  CHECK(TestFilter("json { target => '[a' source => m }").code() == "E0304");
}

TEST_CASE("json and kv: very many names are stored in time that grows with their number") {
  std::string document = "{", pairs;
  for (int i = 0; i < 200'000; ++i) {
    const std::string number = std::to_string(i);
    document += (i ? ",\\\"k" : "\\\"k") + number + "\\\":1";
    pairs += "k" + number + "=1 ";
  }
  const auto started = std::chrono::steady_clock::now();
  const auto with_json =
      TestFilter("json { source => m remove_field => m }").one(R"({"m":")" + document + R"(}"})");
  const auto with_kv = TestFilter("kv { source => m remove_field => m }").one(R"({"m":")" + pairs + R"("})");
  CHECK(with_json.ends_with(R"("k199999":1})"));
  CHECK(with_kv.ends_with(R"("k199999":"1"})"));
  // Looking through all fields for each name would take a minute.
  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(10));
}

TEST_CASE("date: match, target, failure and metrics") {
  TestFilter f("date { match => [d, 'dd/MMM/yyyy:HH:mm:ss Z', ISO8601, UNIX] locale => en timezone => UTC }");
  CHECK(f.one(R"({"d":"10/Oct/2000:13:55:36 -0700"})", true) ==
        R"({"d":"10/Oct/2000:13:55:36 -0700","@timestamp":"2000-10-10T20:55:36.000Z"})");
  CHECK(f.one(R"({"d":1000000000})", true) == R"({"d":1000000000,"@timestamp":"2001-09-09T01:46:40.000Z"})");
  CHECK(f.one(R"({"d":"soon"})") == R"({"d":"soon","tags":["_dateparsefailure"]})");
  CHECK(f.one(R"({"d":null})") == R"({"d":null})");
  CHECK(f.one(R"({"d":true})") == R"({"d":true,"tags":["_dateparsefailure"]})");
  CHECK(f.count("matches") == 2);
  CHECK(f.count("failures") == 2);
  CHECK(TestFilter("date { match => [d, ISO8601] target => '[a][t]' remove_field => d timezone => UTC }")
            .one(R"({"d":"2015-01-02T03:04:05Z"})") == R"({"a":{"t":"2015-01-02T03:04:05.000Z"}})");
}

TEST_CASE("date: the zone may come with the event") {
  TestFilter f(
      "date { match => [d, 'yyyy-MM-dd HH:mm', UNIX] timezone => '%{tz}' target => t remove_field => [d, tz] "
      "}");
  CHECK(f.one(R"({"d":"2015-07-01 12:00","tz":"Europe/Paris"})") == R"({"t":"2015-07-01T10:00:00.000Z"})");
  CHECK(f.one(R"({"d":"2015-07-01 12:00","tz":"+05:30"})") == R"({"t":"2015-07-01T06:30:00.000Z"})");
  CHECK(f.one(R"({"d":"2015-07-01 12:00","tz":"Nowhere"})") ==
        R"({"d":"2015-07-01 12:00","tz":"Nowhere","tags":["_dateparsefailure"]})");
  CHECK(f.one(R"({"d":"1"})") == R"({"t":"1970-01-01T00:00:01.000Z"})");
}

TEST_CASE("date: what cannot work is refused, what looks odd is warned of") {
  CHECK(TestFilter("date { match => [d] }").code() == "E0306");
  CHECK(TestFilter("date { }").code() == "E0306");
  CHECK(TestFilter("date { match => [d, 'yyyy-QQ'] }").code() == "E0303");
  TestFilter word("date { match => [d, 'ISO8061'] }");
  CHECK(word.code() == "E0303");
  CHECK(word.diagnostics.items()[0].help == "Did you mean \"ISO8601\"?");
  CHECK(TestFilter("date { match => [d, ISO8601] timezone => 'Europe/Berlim' }").code() == "E0306");
  for (const auto* odd :
       {"yyyy-mm-dd", "yyyy-MM-dd HH:MM:ss", "yyyy-MM-DD", "yyyy-MM-dd hh:mm:ss", "HH:mm:SS"}) {
    TestFilter f("date { match => [d, '" + std::string(odd) + "'] }");
    CHECK_MESSAGE(f.code() == "W0303", odd);
    CHECK(f.built.plugin != nullptr);
  }
  for (const auto* fine : {"yyyy-MM-dd HH:mm:ss", "MMM  d HH:mm:ss", "hh:mm:ss a", "yyyy-DDD", "mm:ss.SSS",
                           "yyyy-MM-dd'T'HH:mm:ss.SSSZ", "xxxx-'W'ww-e", "dd/MMM/yyyy:HH:mm:ss Z"}) {
    CHECK_MESSAGE(TestFilter("date { match => [d, \"" + std::string(fine) + "\"] }").code() == "", fine);
  }
}

TEST_CASE("grok: captures, types, lists and overwrite") {
  CHECK(TestFilter("grok { match => { m => '%{WORD:w} %{NUMBER:n:int} %{NUMBER:[f][g]:float}' } }")
            .one(R"({"m":"a 5 2.50"})") == R"({"m":"a 5 2.50","w":"a","n":5,"f":{"g":2.5}})");
  CHECK(TestFilter("grok { match => { m => '%{WORD:w} %{WORD:w}' } }").one(R"({"m":"a b","w":"z"})") ==
        R"({"m":"a b","w":["z","a","b"]})");
  CHECK(TestFilter("grok { match => { m => '%{WORD:w}' } overwrite => w }").one(R"({"m":"a","w":"z"})") ==
        R"({"m":"a","w":"a"})");
  CHECK(TestFilter("grok { match => { m => '%{WORD:w}' } }").one(R"({"m":"a","w":7})") ==
        R"({"m":"a","w":7})");
  CHECK(TestFilter("grok { match => { m => '%{WORD:w}' } target => ' t ' }").one(R"({"m":"a"})") ==
        R"({"m":"a","t":{"w":"a"}})");
}

TEST_CASE("grok: several expressions, fields and list elements") {
  TestFilter first("grok { match => { m => ['%{INT:i}', '%{WORD:w}'] } }");
  CHECK(first.one(R"({"m":"a1"})") == R"({"m":"a1","i":"1"})");
  CHECK(TestFilter("grok { break_on_match => false match => { m => ['%{INT:i}', '%{WORD:w}'] } }")
            .one(R"({"m":"a1"})") == R"({"m":"a1","i":"1","w":"a1"})");
  // Where all are tried the last one says whether the event matched.
  CHECK(TestFilter("grok { break_on_match => false match => { m => ['%{WORD:w}', '%{INT:i}'] } }")
            .one(R"({"m":"a"})") == R"({"m":"a","w":"a","tags":["_grokparsefailure"]})");
  CHECK(first.one(R"({"m":["x","y"]})") == R"({"m":["x","y"],"w":["x","y"]})");
  CHECK(first.one(R"({"m":42})") == R"({"m":42,"i":"42"})");
  CHECK(first.one(R"({"x":1})") == R"({"x":1,"tags":["_grokparsefailure"]})");
  CHECK(first.count("matches") == 3);
  CHECK(first.count("failures") == 1);
}

TEST_CASE("grok: empty captures") {
  const std::string pattern = "match => { m => 'a=%{DATA:d};(%{INT:i})?' }";
  CHECK(TestFilter("grok { " + pattern + " }").one(R"({"m":"a=;"})") == R"({"m":"a=;"})");
  CHECK(TestFilter("grok { keep_empty_captures => true " + pattern + " }").one(R"({"m":"a=;"})") ==
        R"({"m":"a=;","d":"","i":null})");
}

TEST_CASE("grok: a search without end ends, and is told by a tag") {
  TestFilter f("grok { match => { m => '^(?:%{INT}|[0-9]+)*$' } timeout_millis => 50 }");
  CHECK(f.one(R"({"m":")" + std::string(64, '1') + "!\"}").ends_with(R"("tags":["_groktimeout"]})"));
  CHECK(f.count("timeouts") == 1);
  TestFilter whole(
      "grok { match => { m => ['^(?:%{INT}|[0-9]+)*$', '^(?:%{INT}|[0-9]+)*x'] } timeout_millis => 50 "
      "timeout_scope => event }");
  CHECK(whole.one(R"({"m":")" + std::string(64, '1') + "!\"}").ends_with(R"("tags":["_groktimeout"]})"));
}

TEST_CASE("grok: what cannot work is refused where it stands") {
  TestFilter unknown("grok { match => { m => ['%{WORD:a}', '%{WROD:b}'] } }");
  CHECK(unknown.code() == "E0302");
  CHECK(unknown.diagnostics.items()[0].message.find("WORD") != std::string::npos);
  CHECK(unknown.diagnostics.items()[0].span.column == 50);
  CHECK(TestFilter("grok { match => { m => '(%{WORD:a}' } }").code() == "E0301");
  CHECK(TestFilter("grok { match => { m => '%{WORD:a}' } patterns_dir => './no/such/folder' }").code() ==
        "W0306");
}

TEST_CASE("events that are made of one can be told apart, the same way each time") {
  const auto parts = [] {
    TestFilter filter("clone { clones => [\"a\", \"b\"] }");
    filter.run({R"({"n":1})"});
    auto& event = *filter.batch->events()[0];
    event.digest = 5;
    event.position = 9;
    std::vector<uint64_t> all;
    // A second filter that makes events of the same one counts on.
    for (int i = 0; i < 2; ++i) {
      std::vector<sluice::Event*> selection{&event};
      sluice::plugin::FilterRun run(selection, *filter.batch, filter.built.decoration, filter.metrics);
      filter.worker->filter(run);
      for (const auto& made : run.emitted()) {
        CHECK(made.event->digest == 5);
        CHECK(made.event->position == 9);
        all.push_back(made.event->part);
      }
    }
    CHECK(event.part == 0);
    return all;
  };
  const auto first = parts();
  CHECK(std::set<uint64_t>(first.begin(), first.end()).size() == 4);
  CHECK(first == parts());
}
