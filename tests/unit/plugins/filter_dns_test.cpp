#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "filter_fixture.hpp"
#include "small_dns.hpp"

namespace sluice::plugins {
extern const plugin::Spec filter_dns;
}

using sluice::steady_nanos;
using sluice::plugins::fixture::SmallDns;
using sluice::plugins::fixture::TestFilter;

namespace {

std::map<std::string, SmallDns::Answer> table() {
  using D = SmallDns;
  return {
      {"a.test", {{{D::kA, "192.0.2.1"}}}},
      {"many.test", {{{D::kA, "192.0.2.2"}, {D::kA, "192.0.2.3"}}}},
      {"alias.test", {{{D::kCname, "a.test"}, {D::kA, "192.0.2.1", "a.test"}}}},
      {"empty.test", {{}}},
      {"fail.test", {{}, 2}},
      {"refused.test", {{}, 5}},
      {"silent.test", {{}, 0, 1000}},
      {"flaky.test", {{{D::kA, "192.0.2.4"}}, 0, 2}},
      {"printer.corp.test", {{{D::kA, "192.0.2.9"}}}},
      {"x.y", {{{D::kA, "192.0.2.11"}}}},
      {"x.y.corp.test", {{{D::kA, "192.0.2.12"}}}},
      {"xn--mller-kva.test", {{{D::kA, "192.0.2.10"}}}},
      {"1.2.0.192.in-addr.arpa", {{{D::kPtr, "a.test"}, {D::kPtr, "b.test"}}}},
      {"10.2.0.192.in-addr.arpa", {{{D::kPtr, "xn--mller-kva.test"}}}},
      {"3.2.0.192.in-addr.arpa", {{}, 0, 1000}},
      {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", {{{D::kPtr, "six.test"}}}},
  };
}

/// The filter with the server of the test and short times; `options` come behind.
struct Dns {
  explicit Dns(const std::string& options, std::map<std::string, SmallDns::Answer> answers = table(),
               const std::string& timeout = "0.1")
      : server(std::move(answers)),
        filter(written("nameserver => '" + server.address() + "' timeout => " + timeout + " " + options)) {
    REQUIRE(filter.worker);
  }
  static std::string written(const std::string& options) {
    auto& registry = sluice::plugin::Registry::get();
    if (!registry.find(sluice::plugin::Kind::filter, "dns")) registry.add(sluice::plugins::filter_dns);
    return "dns { " + options + " }";
  }
  std::string one(const std::string& host) { return filter.one(R"({"h":")" + host + R"("})"); }

  SmallDns server;
  TestFilter filter;
};

}  // namespace

TEST_CASE("dns: a name becomes its first address, through aliases and other alphabets") {
  Dns dns("resolve => h action => replace add_tag => done");
  CHECK(dns.one("a.test") == R"({"h":"192.0.2.1","tags":["done"]})");
  CHECK(dns.one("A.Test.") == R"({"h":"192.0.2.1","tags":["done"]})");
  CHECK(dns.one("many.test") == R"({"h":"192.0.2.2","tags":["done"]})");
  CHECK(dns.one("alias.test") == R"({"h":"192.0.2.1","tags":["done"]})");
  CHECK(dns.one("müller.test") == R"({"h":"192.0.2.10","tags":["done"]})");
  CHECK(dns.filter.one(R"({"h":["a.test"]})") == R"({"h":["192.0.2.1"],"tags":["done"]})");
  CHECK(dns.one("192.0.2.77") == R"({"h":"192.0.2.77","tags":["done"]})");
  CHECK(dns.one("::1") == R"({"h":"::1","tags":["done"]})");
}

TEST_CASE("dns: an address becomes its first name") {
  Dns dns("reverse => h action => replace add_tag => done");
  CHECK(dns.one("192.0.2.1") == R"({"h":"a.test","tags":["done"]})");
  CHECK(dns.one("192.0.2.10") == R"({"h":"müller.test","tags":["done"]})");
  CHECK(dns.one("2001:db8::1") == R"({"h":"six.test","tags":["done"]})");
  CHECK(dns.one("192.0.2.200") == R"({"h":"192.0.2.200"})");
  const int asked = dns.server.asked();
  for (const auto* text : {"a.test", "192.0.2.1/32", "[::1]", "192.0.2", "192.0.2.01", ""})
    CHECK(dns.one(text) == std::string(R"({"h":")") + text + R"("})");
  CHECK(dns.server.asked() == asked);
}

TEST_CASE("dns: answers are added unless they replace the value") {
  Dns dns("resolve => h reverse => ip");
  CHECK(dns.filter.one(R"({"h":"a.test","ip":["192.0.2.1"]})") ==
        R"({"h":["a.test","192.0.2.1"],"ip":["192.0.2.1","a.test"]})");
}

TEST_CASE("dns: what is no single text ends the filter, what is missing does not") {
  Dns dns("resolve => [h, i] action => replace add_tag => done");
  CHECK(dns.filter.one(R"({"i":"a.test"})") == R"({"i":"192.0.2.1","tags":["done"]})");
  CHECK(dns.filter.one(R"({"h":null,"i":"a.test"})") == R"({"h":null,"i":"192.0.2.1","tags":["done"]})");
  for (const auto* value :
       {R"(["a.test","b.test"])", "[]", "5", "[5]", R"({"a":"a.test"})", "true", "[null]"})
    CHECK(dns.filter.one(std::string(R"({"h":)") + value + R"(,"i":"a.test"})") ==
          std::string(R"({"h":)") + value + R"(,"i":"a.test"})");
}

TEST_CASE("dns: names without an answer leave the event, and the later fields, alone") {
  Dns dns("resolve => [h, i] action => replace add_tag => done");
  for (const auto* name : {"nobody.test", "empty.test", "fail.test", "refused.test"})
    CHECK(dns.filter.one(std::string(R"({"h":")") + name + R"(","i":"a.test"})") ==
          std::string(R"({"h":")") + name + R"(","i":"a.test"})");
  const int asked = dns.server.asked();
  const std::string label(64, 'x');
  for (const std::string& name : {std::string(), std::string("a b.test"), std::string("a..test"),
                                  std::string("a\\\\b.test"), std::string("\\u0000.test"), label + ".test"})
    CHECK(dns.one(name) == R"({"h":")" + name + R"("})");
  CHECK(dns.server.asked() == asked);
}

TEST_CASE("dns: silence is asked again, and tagged in the end") {
  Dns dns("resolve => h action => replace max_retries => 2 tag_on_timeout => [one, two] add_tag => done");
  CHECK(dns.one("silent.test") == R"({"h":"silent.test","tags":["one","two"]})");
  CHECK(dns.server.asked("silent.test") == 3);
  CHECK(dns.one("flaky.test") == R"({"h":"192.0.2.4","tags":["done"]})");
  Dns reverse("reverse => h max_retries => 0");
  CHECK(reverse.one("192.0.2.3") == R"({"h":"192.0.2.3","tags":["_dnstimeout"]})");
  CHECK(reverse.server.asked() == 1);
}

TEST_CASE("dns: a server that is not there counts as silent, and the next one is asked") {
  SmallDns server(table());
  TestFilter filter(Dns::written("nameserver => ['127.0.0.1:1', '" + server.address() +
                                 "'] timeout => 0.1 resolve => h action => replace"));
  CHECK(filter.one(R"({"h":"a.test"})") == R"({"h":"192.0.2.1"})");
  TestFilter nobody(Dns::written("nameserver => '127.0.0.1:1' timeout => 0.1 resolve => h"));
  CHECK(nobody.one(R"({"h":"a.test"})") == R"({"h":"a.test","tags":["_dnstimeout"]})");
}

TEST_CASE("dns: search domains, by the number of dots") {
  SmallDns server(table());
  const auto filter = [&](const std::string& more) {
    return TestFilter(Dns::written("nameserver => { address => '" + server.address() +
                                   "' search => ['corp.test'] " + more +
                                   " } timeout => 0.1 resolve => h action => replace"));
  };
  CHECK(filter("").one(R"({"h":"printer"})") == R"({"h":"192.0.2.9"})");
  CHECK(filter("").one(R"({"h":"printer."})") == R"({"h":"printer."})");
  CHECK(filter("").one(R"({"h":"x.y"})") == R"({"h":"192.0.2.11"})");
  CHECK(filter("ndots => 2").one(R"({"h":"x.y"})") == R"({"h":"192.0.2.12"})");
  CHECK(filter("ndots => 2").one(R"({"h":"a.test"})") == R"({"h":"192.0.2.1"})");
}

TEST_CASE("dns: the questions of a batch wait together, and each is asked once") {
  auto answers = table();
  std::vector<std::string> events;
  for (int i = 0; i < 125; ++i) {
    const std::string name = "d" + std::to_string(i) + ".test";
    answers[name] = {{{SmallDns::kA, "10.0.0." + std::to_string(i)}}, 0, 0, 50};
    events.push_back(R"({"h":")" + name + R"(","i":"d0.test"})");
  }
  Dns dns("resolve => [h, i] action => replace", answers, "3");
  const int64_t begin = steady_nanos();
  const auto out = dns.filter.run(events);
  CHECK(steady_nanos() - begin < 1'500'000'000);  // one by one it would be 6 seconds at least
  for (int i = 0; i < 125; ++i)
    CHECK(out[static_cast<size_t>(i)] == R"({"h":"10.0.0.)" + std::to_string(i) + R"(","i":"10.0.0.0"})");
  CHECK(dns.server.asked("d0.test") == 1);
  CHECK(dns.server.asked() == 125);
}

TEST_CASE("dns: more questions than fit on their way at once") {
  std::map<std::string, SmallDns::Answer> answers;
  std::vector<std::string> events;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "d" + std::to_string(i) + ".test";
    answers[name] = {{{SmallDns::kA, "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250)}}};
    events.push_back(R"({"h":")" + name + R"("})");
  }
  Dns dns("resolve => h action => replace", answers, "3");
  const auto out = dns.filter.run(events);
  for (int i = 0; i < 1000; ++i)
    CHECK(out[static_cast<size_t>(i)] ==
          R"({"h":"10.0.)" + std::to_string(i / 250) + "." + std::to_string(i % 250) + R"("})");
}

TEST_CASE("dns: a step may need the answer of another") {
  Dns dns("resolve => h reverse => h action => replace add_tag => done");
  CHECK(dns.filter.run({R"({"h":"alias.test"})", R"({"h":"nobody.test"})", R"({"h":"many.test"})"}) ==
        std::vector<std::string>{R"({"h":"a.test","tags":["done"]})", R"({"h":"nobody.test"})",
                                 R"({"h":"192.0.2.2"})"});
}

TEST_CASE("dns: answers are kept for as long as the cache says") {
  Dns dns("resolve => h action => replace hit_cache_size => 2 hit_cache_ttl => 0.2 add_tag => done");
  for (int i = 0; i < 3; ++i) CHECK(dns.one("a.test") == R"({"h":"192.0.2.1","tags":["done"]})");
  CHECK(dns.server.asked("a.test") == 1);
  for (const auto* name : {"many.test", "alias.test", "a.test"})
    CHECK(dns.one(name).find("192") != std::string::npos);
  CHECK(dns.server.asked("a.test") == 2);
  const int64_t begin = steady_nanos();
  while (steady_nanos() - begin < 400'000'000) dns.one("a.test");  // being asked for does not keep it longer
  CHECK(dns.server.asked("a.test") >= 3);
  CHECK(dns.server.asked("a.test") <= 6);
}

TEST_CASE("dns: a small cache and a big batch") {
  Dns dns("resolve => h action => replace hit_cache_size => 1 failed_cache_size => 1");
  std::vector<std::string> events, expected;
  for (int i = 0; i < 50; ++i)
    for (const auto& [name, answer] : std::map<std::string, std::string>{
             {"a.test", "192.0.2.1"}, {"many.test", "192.0.2.2"}, {"nobody.test", "nobody.test"}}) {
      events.push_back(R"({"h":")" + name + R"("})");
      expected.push_back(R"({"h":")" + answer + R"("})");
    }
  CHECK(dns.filter.run(events) == expected);
  CHECK(dns.filter.run(events) == expected);
}

TEST_CASE("dns: failures are kept, and keep quiet") {
  Dns dns("resolve => h failed_cache_size => 10 max_retries => 0");
  CHECK(dns.one("silent.test") == R"({"h":"silent.test","tags":["_dnstimeout"]})");
  CHECK(dns.one("silent.test") == R"({"h":"silent.test"})");
  CHECK(dns.one("nobody.test") == R"({"h":"nobody.test"})");
  CHECK(dns.one("nobody.test") == R"({"h":"nobody.test"})");
  CHECK(dns.server.asked() == 2);
}

TEST_CASE("dns: hosts files come first, and without a server stand alone") {
  char name[] = "/tmp/sluice-test-XXXXXX";
  close(mkstemp(name));
  const std::string path = name;
  std::ofstream(path)
      << "# names\n10.10.0.1 xn--d1acpjx3f.xn--p1ai  # a comment\n10.10.0.2\txn--mller-kva.com two\n"
         "10.10.0.3 a.test\n10.10.0.4 a.test four\n\n10.10.0.5\n";
  Dns dns("resolve => h action => replace hostsfile => '" + path + "'");
  CHECK(dns.one("Яндекс.рф") == R"({"h":"10.10.0.1"})");
  CHECK(dns.one("two") == R"({"h":"10.10.0.2"})");
  CHECK(dns.one("a.test") == R"({"h":"10.10.0.4"})");
  CHECK(dns.one("many.test") == R"({"h":"192.0.2.2"})");
  Dns reverse("reverse => h action => replace hostsfile => '" + path + "'");
  CHECK(reverse.one("10.10.0.2") == R"({"h":"müller.com"})");
  CHECK(reverse.one("10.10.0.4") == R"({"h":"a.test"})");
  TestFilter alone(
      Dns::written("resolve => h action => replace add_tag => done hostsfile => '" + path + "'"));
  CHECK(alone.one(R"({"h":"four"})") == R"({"h":"10.10.0.4","tags":["done"]})");
  CHECK(alone.one(R"({"h":"many.test"})") == R"({"h":"many.test"})");
  std::remove(path.c_str());
}

TEST_CASE("dns: damaged replies do no harm") {
  using D = SmallDns;
  std::map<std::string, D::Answer> answers;
  std::vector<std::string> events;
  for (int i = 0; i < 400; ++i) {
    const std::string name = "d" + std::to_string(i) + ".test";
    const int damage = i % 40;
    answers[name] = {
        {{D::kCname, "a.test"}, {D::kA, "192.0.2.1", "a.test"}, {D::kAaaa, "2001:db8::1"}}, 0, 0, 0, damage};
    const std::string address = std::to_string(i % 200) + "." + std::to_string(i / 200) + ".0.10";
    answers[address + ".in-addr.arpa"] = {
        {{D::kPtr, "a.test"}, {D::kPtr, "xn--mller-kva.test"}}, 0, 0, 0, damage};
    events.push_back(R"({"h":")" + name + R"(","i":"10.0.)" + std::to_string(i / 200) + "." +
                     std::to_string(i % 200) + R"("})");
  }
  Dns dns("resolve => h reverse => i max_retries => 0", answers, "0.3");
  const auto out = dns.filter.run(events);
  REQUIRE(out.size() == events.size());
  CHECK(std::count_if(out.begin(), out.end(), [](const auto& e) { return e.find("192.0.2.1") != e.npos; }) >=
        10);
}
