#include <doctest/doctest.h>

#include "ruby/code_check.hpp"

namespace sluice::ruby {
namespace {

Inspection of(std::string_view text) {
  return inspect({{{text, "code", 1}, "event, &new_event_block", false}});
}
Inspection of_script(std::string_view text) { return inspect({{{text, "script", 1}, {}, true}}); }

}  // namespace

TEST_CASE("code without variables that outlive it has no state") {
  CHECK_FALSE(of("x = event.get('a'); event.set('b', x.to_i + 1)").stateful);
  CHECK_FALSE(of("event.set('y', $1) if event.get('m') =~ /(a)/").stateful);
  CHECK_FALSE(of("@logger.info('x'); [1].each { |i| event.set('i', i) }").stateful);
}

TEST_CASE("variables, constants, classes and methods are state") {
  for (const char* code :
       {"@n = 1", "event.set('n', @n)", "$n = 1", "X = 1", "class Foo; end", "def foo() 1 end",
        "[1].each { |i| @n = i }", "instance_variable_set(:@n, 1)", "Array.define_method(:foo) { 1 }"})
    CHECK_MESSAGE(of(code).stateful, code);
}

TEST_CASE("what one filter defines is state for the next") {
  CHECK(of("module OfAnotherFilter; def self.go() 1 end; end").findings.empty());
  const auto later = of("event.set('x', OfAnotherFilter.go)");
  CHECK(later.findings.empty());
  CHECK(later.stateful);
}

TEST_CASE("an event that is only used does not escape") {
  CHECK_FALSE(of("@n = event.get('n'); [1].each { |i| event.set('x', i) }").keeps_events);
  CHECK_FALSE(of("new_event_block.call(event.clone)").keeps_events);
}

TEST_CASE("an event that is stored escapes") {
  CHECK(of("@last = event").keeps_events);
  CHECK(of("$all << event").keeps_events);
  CHECK(of("@held << event.clone").keeps_events);
  CHECK(of("@held << LogStash::Event.new('a' => 1)").keeps_events);
  CHECK(of("e = event; [1].each { @h['x'] = e }").keeps_events);
  CHECK_FALSE(of_script("def register(p) @p = p end\ndef filter(event)\n [event]\nend").keeps_events);
  CHECK(of_script("def filter(event)\n @last = event\n [event]\nend").keeps_events);
}

TEST_CASE("a syntax error names its line") {
  const auto found = of("x = 1\n\ny = = 2").findings;
  REQUIRE(found.size() == 1);
  CHECK(found[0].line == 3);
}

TEST_CASE("unknown constants and libraries name their place") {
  auto found = of("a = 1\nb = Nokogiri::XML('x')").findings;
  REQUIRE(found.size() == 1);
  CHECK(found[0].line == 2);
  CHECK(found[0].column == 5);
  CHECK(found[0].help == "use the filter xml");
  found = of("require 'json'\nrequire 'net/http'").findings;
  REQUIRE(found.size() == 1);
  CHECK(found[0].line == 2);
  CHECK(of("java_import 'java.util.Date'").findings.size() == 1);
  CHECK(of("Digest::MD5.hexdigest('x'); LogStash::Event.new; Float::INFINITY; JSON::ParserError")
            .findings.empty());
  CHECK(of("Foo = 1; event.set('x', Foo)").findings.empty());
}

}  // namespace sluice::ruby
