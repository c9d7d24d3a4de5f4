#include <doctest/doctest.h>

#include "filter_fixture.hpp"
#include "plugins/filters/tenant_name.hpp"

using sluice::plugins::fixture::TestFilter;
using namespace sluice::plugins;

namespace {
// The tenant that tenant { `options` } finds, "-" when none is set; the tags are shown behind it.
std::string tenant(const std::string& options, const std::string& event) {
  TestFilter f("tenant { " + options + " }");
  REQUIRE(f.built.plugin);
  if (f.run({event}).empty()) return "dropped";
  const auto* value = f.left[0]->get(sluice::FieldRef::of("[@metadata][tenant]"));
  std::string text = value ? std::string(value->as_text()) : "-";
  if (const auto* tags = f.left[0]->get(sluice::FieldRef::of("tags"))) {
    text += ' ';
    sluice::append_text(*tags, text);
  }
  return text;
}
}  // namespace

TEST_CASE("tenant: the first source that says something wins") {
  const std::string sources = "source => ['[tenant_id]', '[fields][tenant]', 'port-%{port}'] default => none";
  CHECK(tenant(sources, R"({"tenant_id":"a","fields":{"tenant":"b"}})") == "a");
  CHECK(tenant(sources, R"({"tenant_id":" ","fields":{"tenant":"b"}})") == "b");
  CHECK(tenant(sources, R"({"tenant_id":{"x":1},"port":5044})") == "port-5044");
  CHECK(tenant(sources, R"({"tenant_id":"%{tenant}","fields":{"tenant":["","c"]}})") == "c");
  CHECK(tenant(sources, "{}") == "none");
  CHECK(tenant("source => n", R"({"n":42})") == "42");
}

TEST_CASE("tenant: names become legal in index names, or are refused") {
  CHECK(tenant("source => t", R"({"t":" Acme Corp "})") == "acme-corp");
  CHECK(tenant("source => t", R"({"t":"__.-+A/B\\C*?\"<>|,#:d"})") == "a-b-c---------d");
  CHECK(tenant("source => t", R"({"t":"ÄÖ"})") == "äö");
  CHECK(tenant("source => t", R"({"t":".."})") == "- _tenant_refused");
  CHECK(tenant("source => t", R"({"t":"."})") == "- _tenant_refused");
  CHECK(tenant("source => t", R"({"t":")" + std::string(101, 'a') + "\"}") == "- _tenant_refused");
  CHECK(tenant("source => t normalize => false", R"({"t":"acme"})") == "acme");
  CHECK(tenant("source => t normalize => false", R"({"t":"Acme"})") == "- _tenant_refused");
}

TEST_CASE("tenant: the subject of a certificate") {
  const std::string source = "source => ['[@metadata][tls_peer][subject]']";
  CHECK(tenant(source, R"({"@metadata":{"tls_peer":{"subject":"CN=Web 1,OU=Ops,O=Acme\\, Ltd"}}})") ==
        "web-1");
  CHECK(tenant(source + " certificate_attribute => o",
               R"({"@metadata":{"tls_peer":{"subject":"CN=Web 1,OU=Ops,O=Acme\\, Ltd"}}})") == "acme--ltd");
  CHECK(tenant(source + " default => d", R"({"@metadata":{"tls_peer":{"subject":"O=x"}}})") == "d");
}

TEST_CASE("tenant: subjects in every notation") {
  const auto attribute = [](std::string_view subject, std::string_view name) {
    std::string value;
    return subject_attribute(subject, name, value) ? value : std::string("none");
  };
  CHECK(attribute("/C=DE/O=Acme, Inc/CN=a.b", "CN") == "a.b");
  CHECK(attribute("/C=DE/O=Acme, Inc/CN=a.b", "O") == "Acme, Inc");
  CHECK(attribute("C = DE, O = \"Acme, Inc\", CN = a b ", "O") == "Acme, Inc");
  CHECK(attribute("C = DE, O = \"Acme, Inc\", CN = a b ", "cn") == "a b");
  CHECK(attribute("CN=J\\C3\\BCrgen+OU=x", "CN") == "Jürgen");
  CHECK(attribute("CN=J\\C3\\BCrgen+OU=x", "OU") == "x");
  CHECK(attribute("CN=evil\\,O=victim,O=own", "O") == "own");
  CHECK(attribute("OU=a", "O") == "none");
  CHECK(attribute("", "CN") == "none");
  CHECK(attribute("CN", "CN") == "none");
}

TEST_CASE("tenant: map, before and after names are made legal") {
  const std::string options =
      "source => t map => { '5044' => 'acme' 'Big Co' => 'big' 'small-co' => 'Tiny' }";
  CHECK(tenant(options, R"({"t":5044})") == "acme");
  CHECK(tenant(options, R"({"t":"Big Co"})") == "big");
  CHECK(tenant(options, R"({"t":"Small Co"})") == "tiny");
  CHECK(tenant(options, R"({"t":"other"})") == "other");
}

TEST_CASE("tenant: those that are not allowed are refused as the config says") {
  const std::string allow = "source => t allow => [acme, 'Big Co'] allow_pattern => 't[0-9]+' ";
  CHECK(tenant(allow, R"({"t":"ACME"})") == "acme");
  CHECK(tenant(allow, R"({"t":"big co"})") == "big-co");
  CHECK(tenant(allow, R"({"t":"t12"})") == "t12");
  CHECK(tenant(allow, R"({"t":"xt12"})") == "- _tenant_refused");
  CHECK(tenant(allow + "on_refused => drop", R"({"t":"x"})") == "dropped");
  CHECK(tenant(allow + "on_refused => drop", "{}") == "dropped");
  CHECK(tenant(allow + "default => d on_refused => default", R"({"t":"x"})") == "d _tenant_refused");
  CHECK(tenant(allow + "default => d on_refused => tag", R"({"t":"x"})") == "- _tenant_refused");
  CHECK(tenant(allow + "default => d on_refused => tag", "{}") == "d");
  CHECK(tenant(allow + "tag_on_refused => [a, b]", R"({"t":"x"})") == "- a,b");
}

TEST_CASE("tenant: what a sender wrote into the target is no tenant") {
  CHECK(tenant("source => t allow => acme", R"({"t":"x","@metadata":{"tenant":"acme"}})") ==
        "- _tenant_refused");
  CHECK(tenant("source => t", R"({"@metadata":{"tenant":"acme"}})") == "- _tenant_refused");
}

TEST_CASE("tenant: decorations run for events that have a tenant") {
  TestFilter f("tenant { source => t allow => a add_tag => ok }");
  CHECK(f.run({R"({"t":"a"})", R"({"t":"b"})"}) ==
        std::vector<std::string>{R"({"t":"a","tags":["ok"]})", R"({"t":"b","tags":["_tenant_refused"]})"});
}

TEST_CASE("tenant: counters of a bounded number of tenants") {
  TestFilter f("tenant { source => t }");
  std::vector<std::string> events;
  for (int i = 0; i < 5000; ++i) events.push_back("{\"t\":\"t" + std::to_string(i) + "\"}");
  events.push_back(R"({"t":"t0"})");
  events.push_back(R"({"t":".."})");
  events.push_back("{}");
  f.run(events);
  CHECK(f.count("tenants.t0.events") == 2);
  CHECK(f.count("tenants.other.events") == 4000);
  CHECK(f.count("refused") == 1);
  CHECK(f.count("missing") == 1);
  CHECK(f.metrics.snapshot().size() < 1010);
}

TEST_CASE("tenant: what cannot work is refused") {
  CHECK(TestFilter("tenant { }").code() == "E0204");
  CHECK(TestFilter("tenant { source => [] }").code() == "E0306");
  CHECK(TestFilter("tenant { source => '[a' }").code() == "E0304");
  CHECK(TestFilter("tenant { source => a default => '..' }").code() == "E0306");
  CHECK(TestFilter("tenant { source => a map => { x => '/' } normalize => false }").code() == "E0306");
  CHECK(TestFilter("tenant { source => a allow_pattern => '(' }").code() == "E0301");
  CHECK(TestFilter("tenant { source => a on_refused => default }").code() == "E0308");
  CHECK(TestFilter("tenant { source => a on_refused => explode }").code() == "E0205");
}
