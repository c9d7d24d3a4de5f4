// The parts of the elasticsearch output that need no server: addresses, names, options, action lines,
// answers, templates.
#include <doctest/doctest.h>

#include <set>

#include "base/utf8.hpp"
#include "output_fixture.hpp"
#include "plugins/elastic/document.hpp"
#include "plugins/elastic/pace.hpp"
#include "plugins/elastic/response.hpp"
#include "plugins/elastic/templates.hpp"

using namespace sluice;
using namespace sluice::elastic;
using test::OutputTest;

namespace {

// What a config's output writes for one event on a cluster of `target`'s kind.
struct Lines {
  explicit Lines(const std::string& options, Target target = {}) : target(std::move(target)) {
    plugins::register_all();
    sources.add("t", "output { elasticsearch { " + options + " } }");
    config = lang::parse(sources, {}, diagnostics);
    const auto& written = *std::get<0>(config.sections.at(0).body.at(0).node);
    const auto& spec = *plugin::Registry::get().find(plugin::Kind::output, "elasticsearch");
    const auto bound = plugin::bind(spec.options, plugin::common_options(plugin::Kind::output), "output",
                                    "elasticsearch", written, diagnostics);
    plugin::Environment env;
    plugin::Setup setup(spec, bound, env, "x", written.name_span, diagnostics);
    settings = read_settings(setup);
    REQUIRE_FALSE(diagnostics.has_errors());
  }
  std::string of(const std::string& json, const std::string& metadata = "{}") {
    DocumentWriter writer(settings.document, target, nullptr);
    return of(writer, json, metadata);
  }
  std::string of(DocumentWriter& writer, const std::string& json, const std::string& metadata = "{}") {
    batch = pool.take();
    auto& event = batch->make();
    const auto read = [&](const std::string& text, Object& into) {
      Value value;
      REQUIRE(JsonReader::local().read(text, batch->arena(), value));
      for (const auto& m : value.as_object()->all()) into.set(batch->arena(), m.key, m.value);
    };
    read(json, event.fields());
    read(metadata, event.metadata());
    normalize(event);
    event.remove(FieldRef::of("@version"));
    batch->add(event);
    Buffer out;
    if (!writer.write(event, out)) return "refused: " + writer.problem();
    return std::string(out.view());
  }

  Target target;
  lang::SourceSet sources;
  lang::Diagnostics diagnostics;
  lang::Config config;
  Settings settings;
  BatchPool pool;
  BatchRef batch;
};

const std::string kTime = R"("@timestamp":"2026-11-21T05:00:00.000Z")";
const std::string kDoc = "{" + kTime + R"(,"a":1})";

std::string refused(const std::string& options) {
  OutputTest t;
  if (t.build("elasticsearch { " + options + " }")) return "accepted";
  std::string all;
  for (const auto& d : t.diagnostics.items()) all += d.message + " ";
  return all;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("hosts are read as people write them") {
  const auto text = [](const char* written) {
    auto url = parse_url(written);
    if (!url.ok()) return "error: " + url.message();
    if (url->scheme.empty()) url->scheme = "http";
    if (url->port == 0) url->port = 9200;
    return url->user + "|" + url->password + "|" + url->text();
  };
  CHECK(text("es1") == "||http://es1:9200");
  CHECK(text("//127.0.0.1") == "||http://127.0.0.1:9200");
  CHECK(text("https://u%40x:p%3Aw@es1:9243/a/b/") == "u@x|p:w|https://es1:9243/a/b");
  CHECK(text("[::1]:9201") == "||http://[::1]:9201");
  CHECK(has(text("::1"), "brackets"));
  CHECK(has(text("ftp://x"), "scheme"));
  CHECK(has(text("x:0"), "port"));
  CHECK(has(text("x:99999"), "port"));
  CHECK(has(text("http://x/?a=b"), "parameters"));
}

TEST_CASE("a cloud id names its Elasticsearch") {
  const auto id = "my-cluster:" + base64_encode("europe.example.co:9243$abc$kib");
  const auto url = parse_cloud_id(id);
  REQUIRE(url.ok());
  CHECK(url->text() == "https://abc.europe.example.co:9243");
  CHECK(parse_cloud_id(base64_encode("host$es:444$"))->text() == "https://es.host:444");
  CHECK_FALSE(parse_cloud_id("label:!!").ok());
  CHECK_FALSE(parse_cloud_id("label:" + base64_encode("nothing")).ok());
  CHECK(base64_decode(base64_encode("id:key")) == "id:key");
}

TEST_CASE("index names are made legal") {
  const auto legal_index_name = [](std::string_view name) {
    std::string legal = "left over";
    make_legal_index_name(name, legal);
    return legal;
  };
  CHECK(legal_index_name("Logs-ACME-2026") == "logs-acme-2026");
  CHECK(legal_index_name("a/b c*d?\"e<f>g|h,i#j:k\\l") == "a_b_c_d__e_f_g_h_i_j_k_l");
  CHECK(legal_index_name("_-+x") == "x");
  CHECK(legal_index_name("..").empty());
  CHECK(legal_index_name("ÄÖ") == "äö");
  CHECK(legal_index_name("<Logs-{now/d}>") == "<Logs-{now/d}>");
  CHECK(legal_index_name(std::string(300, 'a')).size() == 255);
  CHECK(legal_index_name("a\xff") == "a\xEF\xBF\xBD");
}

TEST_CASE("an event becomes an action line and its JSON") {
  Lines lines("index => \"logs-%{[@metadata][tenant]}-%{+YYYY.MM}\"");
  CHECK(lines.of(kDoc, R"({"tenant":"acme"})") ==
        "{\"index\":{\"_index\":\"logs-acme-2026.11\"}}\n" + kDoc + "\n");
}

TEST_CASE("names kept for a tenant follow the month and the tenant") {
  Lines lines("index => \"logs-%{t}-%{+YYYY.MM}\"");
  DocumentWriter writer(lines.settings.document, lines.target, nullptr);
  const auto index = [&](const std::string& tenant, const std::string& time) {
    const auto text = lines.of(writer, R"({"@timestamp":")" + time + R"(","t":)" + tenant + "}");
    return text.substr(0, text.find('\n'));
  };
  for (int round = 0; round < 2; ++round) {
    CHECK(index("\"a\"", "2026-11-30T23:59:59Z") == R"({"index":{"_index":"logs-a-2026.11"}})");
    CHECK(index("\"a\"", "2026-12-01T00:00:00Z") == R"({"index":{"_index":"logs-a-2026.12"}})");
    CHECK(index("\"B\"", "2026-12-01T00:00:00Z") == R"({"index":{"_index":"logs-b-2026.12"}})");
    CHECK(index("7", "1969-12-31T23:00:00Z") == R"({"index":{"_index":"logs-7-1969.12"}})");
  }
}

TEST_CASE("names with an hour, and names of nothing but a date, follow the time") {
  const auto index = [](DocumentWriter& writer, Lines& lines, const std::string& time) {
    const auto text = lines.of(writer, R"({"@timestamp":")" + time + R"(","t":"a"})");
    return text.substr(20, text.find('"', 20) - 20);
  };
  Lines hours("index => \"x-%{t}-%{+YYYY.MM.dd.HH}\"");
  DocumentWriter hourly(hours.settings.document, hours.target, nullptr);
  Lines days("index => \"x-%{+YYYY.MM.dd}\"");
  DocumentWriter daily(days.settings.document, days.target, nullptr);
  Lines minutes("index => \"x-%{+YYYY.MM.dd.HH.mm}\"");
  DocumentWriter finer(minutes.settings.document, minutes.target, nullptr);
  for (int round = 0; round < 2; ++round) {
    CHECK(index(hourly, hours, "2026-11-30T22:59:59Z") == "x-a-2026.11.30.22");
    CHECK(index(hourly, hours, "2026-11-30T23:00:00Z") == "x-a-2026.11.30.23");
    CHECK(index(daily, days, "1969-12-31T23:59:59Z") == "x-1969.12.31");
    CHECK(index(daily, days, "1970-01-01T00:00:00Z") == "x-1970.01.01");
    CHECK(index(finer, minutes, "2026-11-30T22:58:59Z") == "x-2026.11.30.22.58");
    CHECK(index(finer, minutes, "2026-11-30T22:59:00Z") == "x-2026.11.30.22.59");
  }
}

TEST_CASE("an index that stays unresolved is refused with the name in the reason") {
  Lines lines("index => \"logs-%{tenant}\"");
  const auto text = lines.of(kDoc);
  CHECK(has(text, "refused"));
  CHECK(has(text, "[logs-%{tenant}]"));
}

TEST_CASE("invalid UTF-8 never makes invalid JSON") {
  Lines lines("index => \"x\" document_id => \"%{id}\"");
  DocumentWriter writer(lines.settings.document, lines.target, nullptr);
  lines.batch = lines.pool.take();
  auto& event = lines.batch->make();
  event.fields().set(lines.batch->arena(), Key::intern("id"), Value::string("a\xff"));
  event.fields().set(lines.batch->arena(), Key::intern("m"), Value::string("\xc3(\n"));
  Buffer out;
  REQUIRE(writer.write(event, out));
  CHECK(utf8_valid(out.view()));
  CHECK(out.view() ==
        "{\"index\":{\"_index\":\"x\",\"_id\":\"a\xEF\xBF\xBD\"}}\n{\"id\":\"a\xEF\xBF\xBD\",\"m\":"
        "\"\xEF\xBF\xBD(\\n\"}\n");
}

TEST_CASE("id, routing, pipeline and version stand in the action line when they are there") {
  Lines lines(
      "index => \"x\" document_id => \"%{a}\" routing => \"r%{a}\" pipeline => \"%{[@metadata][p]}\" version "
      "=> \"%{a}\" "
      "version_type => \"external\"");
  CHECK(
      lines.of(kDoc, R"({"p":"geo"})") ==
      R"({"index":{"_index":"x","_id":"1","routing":"r1","pipeline":"geo","version":1,"version_type":"external"}})"
      "\n" +
          kDoc + "\n");
  CHECK(has(lines.of("{" + kTime + R"(,"a":"x y"})"), "is not an integer"));
  CHECK(has(lines.of("{" + kTime + R"(,"a":")" + std::string(600, '1') + "\"}"), "at most 512"));
}

TEST_CASE("what an integration filter left in @metadata fills unset options") {
  Lines lines("ecs_compatibility => disabled");
  CHECK(
      lines.of(
          kDoc,
          R"({"_ingest_document":{"id":"7","index":"other","routing":"q","pipeline":"_none","version":3}})") ==
      R"({"index":{"_index":"other","_id":"7","routing":"q","pipeline":"_none","version":3}})"
      "\n" +
          kDoc + "\n");
  CHECK(lines.of(kDoc, R"({"target_ingest_pipeline":"tp"})") ==
        R"({"index":{"_index":"logstash-2026.11.21","pipeline":"tp"}})"
        "\n" +
            kDoc + "\n");
}

TEST_CASE("updates carry doc, upsert or script") {
  const std::string head = R"({"update":{"_index":"x","_id":"1","retry_on_conflict":1}})"
                           "\n";
  const std::string base = "index => \"x\" action => \"update\" document_id => \"%{a}\" ";
  CHECK(Lines(base).of(kDoc) == head + R"({"doc":)" + kDoc + "}\n");
  CHECK(Lines(base + "doc_as_upsert => true").of(kDoc) == head + R"({"doc":)" + kDoc +
                                                              R"(,"doc_as_upsert":true})"
                                                              "\n");
  CHECK(Lines(base + "upsert => '{\"n\": %{a},\n \"m\": 2}'").of(kDoc) == head + R"({"doc":)" + kDoc +
                                                                              R"(,"upsert":{"n":1,"m":2}})"
                                                                              "\n");
  CHECK(Lines(base + "script => \"ctx._source.n += 1\" upsert => '{\"n\": 1}'").of(kDoc) ==
        head + R"({"script":{"source":"ctx._source.n += 1","lang":"painless","params":{"event":)" + kDoc +
            R"(}},"upsert":{"n":1}})"
            "\n");
  CHECK(Lines(base + "script => \"stored\" script_type => \"indexed\" scripted_upsert => true").of(kDoc) ==
        head + R"({"script":{"id":"stored","params":{"event":)" + kDoc +
            R"(}},"scripted_upsert":true,"upsert":{}})"
            "\n");
}

TEST_CASE("delete has no source; the action may come from the event") {
  CHECK(Lines("index => \"x\" action => \"delete\" document_id => \"%{a}\"").of(kDoc) ==
        R"({"delete":{"_index":"x","_id":"1"}})"
        "\n");
  Lines lines("index => \"x\" action => \"%{[@metadata][do]}\"");
  CHECK(has(lines.of(kDoc, R"({"do":"create"})"), R"({"create":{"_index":"x"}})"));
  CHECK(has(lines.of(kDoc, R"({"do":"explode"})"), "doesn't support [explode] action"));
  CHECK(has(lines.of(kDoc, R"({"do":"delete"})"), "needs a document id"));
}

TEST_CASE("a child document names its parent") {
  CHECK(Lines("index => \"x\" parent => \"p%{a}\" join_field => \"kind\"")
            .of("{" + kTime + R"(,"a":1,"kind":"answer"})") ==
        R"({"index":{"_index":"x","routing":"p1"}})"
        "\n{" +
            kTime +
            R"(,"a":1,"kind":{"name":"answer","parent":"p1"}})"
            "\n");
}

TEST_CASE("types are sent where clusters still have them") {
  Target seven;
  seven.types = true;
  CHECK(has(Lines("index => \"x\" document_type => \"_doc\"", seven).of(kDoc), R"("_type":"_doc")"));
}

TEST_CASE("data streams are named by the event or the options, and the document says so") {
  Target target;
  target.data_stream = true;
  CHECK(Lines("data_stream => true", target).of(kDoc) ==
        R"({"create":{"_index":"logs-generic-default"}})"
        "\n{" +
            kTime +
            R"(,"a":1,"data_stream":{"type":"logs","dataset":"generic","namespace":"default"}})"
            "\n");
  CHECK(
      Lines("data_stream => true", target).of("{" + kTime + R"(,"data_stream":{"dataset":"nginx","x":1}})") ==
      R"({"create":{"_index":"logs-nginx-default"}})"
      "\n{" +
          kTime +
          R"(,"data_stream":{"dataset":"nginx","x":1,"type":"logs","namespace":"default"}})"
          "\n");
  CHECK(
      Lines("data_stream => true data_stream_auto_routing => false data_stream_sync_fields => false", target)
          .of("{" + kTime + R"(,"data_stream":{"dataset":"nginx"}})") ==
      R"({"create":{"_index":"logs-generic-default"}})"
      "\n{" +
          kTime +
          R"(,"data_stream":{"dataset":"nginx"}})"
          "\n");
}

TEST_CASE("options that contradict one another are refused") {
  CHECK(refused("hosts => [\"a\", \"b:9201\"]") == "accepted");
  CHECK(has(refused("action => \"explode\""), "explode"));
  CHECK(has(refused("action => \"update\" index => \"x\""), "document_id"));
  CHECK(
      has(refused("user => \"u\" password => \"p\" api_key => \"a:b\" ssl_enabled => true"), "Only one of"));
  CHECK(has(refused("api_key => \"a:b\""), "TLS"));
  CHECK(has(refused("hosts => \"http://x\" ssl_enabled => true"), "contradict"));
  CHECK(has(refused("hosts => \"x\" cloud_id => \"" + base64_encode("h$e$k") + "\""), "exclude"));
  CHECK(has(refused("data_stream => true index => \"x\""), "`index`"));
  CHECK(has(refused("data_stream => true ecs_compatibility => disabled"), "ECS"));
  CHECK(has(refused("data_stream => false data_stream_type => \"metrics\""), "data_stream_type"));
  CHECK(has(refused("index => \"x\" data_stream_dataset => \"d\""), "exclude"));
  CHECK(has(refused("data_stream_dataset => \"a b\""), "cannot be a part"));
  CHECK(has(refused("upsert => 'no json' action => update document_id => xy"), "JSON object"));
  CHECK(has(refused("dlq_custom_codes => [200]"), "200"));
  CHECK(has(refused("document_id_ => xy"), "document_id_"));
}

TEST_CASE("old names work, with a warning that names the new one") {
  OutputTest t;
  CHECK(t.build("elasticsearch { hosts => \"x\" ssl => true ssl_certificate_verification => false "
                "http_compression => false }") != nullptr);
  CHECK(t.says("ssl_enabled"));
  CHECK(t.says("ssl_verification_mode"));
  CHECK(t.says("compression_level"));
  OutputTest both;
  CHECK(both.build("elasticsearch { hosts => \"x\" ssl => true ssl_enabled => true }") == nullptr);
}

TEST_CASE("an answer is read no further than it must") {
  CHECK(look(R"({"took":3,"errors":false,"items":[{"index":{"status":201}}]})") == BulkAnswer::all_ok);
  CHECK(look(R"({"errors" : true,"items":[]})") == BulkAnswer::some_failed);
  CHECK(look(R"({"items":[],"errors":false})") == BulkAnswer::some_failed);
  CHECK(look("<html>Welcome</html>") == BulkAnswer::unreadable);
  Arena arena;
  std::vector<ItemResult> items;
  REQUIRE(parse_items(
      R"({"errors":true,"items":[{"index":{"status":201}},{"create":{"status":400,"error":{"type":"t","reason":"r"}}},{"index":{"status":429,"error":"text"}}]})",
      arena, items));
  REQUIRE(items.size() == 3);
  CHECK(items[0].status == 201);
  CHECK(items[1].error_type == "t");
  CHECK(items[1].reason == "r");
  CHECK(items[1].json == R"({"create":{"status":400,"error":{"type":"t","reason":"r"}}})");
  CHECK(items[2].reason == "text");
  CHECK_FALSE(parse_items("{}", arena, items));
  CHECK(error_text(R"({"error":{"type":"security_exception","reason":"no"},"status":401})") ==
        "security_exception: no");
}

TEST_CASE("templates take the form that the cluster knows, and a rollover alias") {
  TemplateWish wish;
  auto body = template_body(wish);
  REQUIRE(body.ok());
  CHECK(has(*body, R"("index_patterns":["logstash-*"])"));
  CHECK(has(*body, R"("template":{"settings")"));
  wish.composable = false;
  wish.ecs = true;
  wish.ilm_alias = "ecs-logstash";
  wish.ilm_policy = "p";
  body = template_body(wish);
  REQUIRE(body.ok());
  CHECK(has(*body, R"("index_patterns":["ecs-logstash-*"])"));
  CHECK(has(*body, R"("index.lifecycle.name":"p","index.lifecycle.rollover_alias":"ecs-logstash")"));
  CHECK_FALSE(has(*body, R"("template":{)"));
  wish.text = "not json";
  CHECK_FALSE(template_body(wish).ok());
}

TEST_CASE("a host's pace grows by steps and shrinks once a round") {
  constexpr size_t kMiB = size_t{1} << 20;
  Pace pace({.most_requests = 4, .most_bytes = kMiB, .timeout_millis = 60000});
  const auto one = [&pace](uint64_t millis) {
    const auto round = pace.begin();
    pace.answered(round, millis);
    pace.end();
  };
  CHECK(pace.requests() == 2);
  CHECK(pace.bytes() == kMiB);

  const auto first = pace.begin(), second = pace.begin();
  CHECK_FALSE(pace.has_room());
  pace.too_much(first);
  pace.too_much(second);  // of the same moment: says nothing new
  CHECK(pace.requests() == 1);
  CHECK(pace.bytes() == kMiB / 2);
  pace.answered(second, 1);  // sent before the halving
  CHECK(pace.bytes() == kMiB / 2);
  pace.end();
  pace.end();

  for (int i = 0; i < 7; ++i) one(10);
  CHECK(pace.bytes() == kMiB / 2 + 7 * kMiB / 16);
  for (int i = 0; i < 3; ++i) one(10);
  CHECK(pace.bytes() == kMiB);
  CHECK(pace.requests() == 2);  // one at a time never fills more
  for (int i = 0; i < 50; ++i) {
    uint32_t rounds[4];
    unsigned sent = 0;
    while (pace.has_room()) rounds[sent++] = pace.begin();
    for (unsigned k = 0; k < sent; ++k) {
      pace.answered(rounds[k], 10);
      pace.end();
    }
  }
  CHECK(pace.requests() == 4);

  for (int i = 0; i < 50; ++i) {  // a tenth of the items refused again and again: still nearly everything
    const auto round = pace.begin();
    pace.answered(round, 10, 0.1);
    pace.end();
  }
  CHECK(pace.bytes() > kMiB * 9 / 10);
  CHECK(pace.requests() >= 1);
  for (int i = 0; i < 50; ++i) {  // nine tenths: as little as can be
    const auto round = pace.begin();
    pace.answered(round, 10, 0.9);
    pace.end();
  }
  CHECK(pace.bytes() < 32 << 10);
  CHECK(pace.requests() == 1);
  for (int i = 0; i < 20; ++i) one(10);
  CHECK(pace.bytes() == kMiB);
  while (pace.requests() < 4) {
    uint32_t last = 0;
    unsigned sent = 0;
    while (pace.has_room()) last = pace.begin(), ++sent;
    pace.answered(last, 10);
    for (; sent != 0; --sent) pace.end();
  }

  one(3000);  // slow: smaller bodies
  CHECK(pace.bytes() == kMiB / 2);
  CHECK(pace.requests() == 4);
  for (int i = 0; i < 9; ++i) one(3000);
  CHECK(pace.bytes() == kMiB / 4);
  one(30000);  // near the timeout: fewer requests, too
  CHECK(pace.requests() == 2);
  for (int i = 0; i < 99; ++i) pace.too_much(pace.begin());
  CHECK(pace.requests() == 1);
  CHECK(pace.bytes() == 16 << 10);
}

TEST_CASE("an automatic id is the same for what comes again, and another for everything else") {
  Lines lines("index => \"x\" document_id => auto");
  DocumentWriter writer(lines.settings.document, lines.target, nullptr);
  const auto id = [&](uint64_t digest, uint64_t position, uint64_t part) {
    const auto batch = lines.pool.take();
    auto& event = batch->make();
    event.digest = digest;
    event.position = position;
    event.part = part;
    normalize(event);
    Buffer out;
    REQUIRE(writer.write(event, out));
    const std::string line(out.view().substr(0, out.view().find('\n')));
    const auto from = line.find(R"("_id":")") + 7;
    REQUIRE(from > 7);
    return line.substr(from, line.find('"', from) - from);
  };
  CHECK(id(7, 100, 0) == id(7, 100, 0));
  CHECK(id(7, 100, 0).size() == 22);
  CHECK(id(7, 100, 3) == id(7, 100, 3));
  const std::set<std::string> all{id(7, 100, 0), id(7, 101, 0), id(8, 100, 0), id(7, 100, 1),
                                  id(7, 100, 2), id(0, 100, 0), id(0, 100, 0), id(0, 0, 0)};
  CHECK(all.size() == 8);
}
