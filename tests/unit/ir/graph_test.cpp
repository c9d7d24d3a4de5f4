#include <doctest/doctest.h>

#include <set>

#include "config_text.hpp"
#include "ir/graph.hpp"

using namespace sluice;
using namespace sluice::ir;
using sluice::test::Parsed;

namespace {

struct Drawn {
  explicit Drawn(std::string_view text) : parsed(text), graph(build_graph(parsed.config, parsed.sources)) {
    REQUIRE_MESSAGE(!parsed.diagnostics.has_errors(), test::shown(parsed));
  }
  // The edges as NAME>NAME, with ? or ! for the two sides of an if.
  [[nodiscard]] std::multiset<std::string> edges() const {
    std::multiset<std::string> all;
    for (const auto& e : graph.edges())
      all.insert(graph.vertices()[e.from].name +
                 (e.when == Edge::When::yes  ? "?"
                  : e.when == Edge::When::no ? "!"
                                             : "") +
                 ">" + graph.vertices()[e.to].name);
    return all;
  }
  [[nodiscard]] std::string draw(Format format) const { return ir::draw(graph, parsed.sources, format); }
  Parsed parsed;
  Graph graph;
};

uint64_t hash_of(std::string_view text) { return Drawn(text).graph.hash(); }

size_t count(const std::string& text, char c) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), c));
}

constexpr std::string_view kBranches =
    "input { stdin {} tcp { port => 5 } }\n"
    "filter { if [a] == \"<x \\ y>\" { grok {} } else if [b] { date {} } else { drop {} } mutate {} }\n"
    "output { if [c] { stdout {} } null {} }\n";

using Edges = std::multiset<std::string>;

}  // namespace

TEST_CASE("inputs meet at the queue, filters follow one another, outputs stand side by side") {
  const Drawn d("input { stdin {} tcp {} } filter { grok {} date {} } output { stdout {} null {} }");
  CHECK(d.edges() == Edges{"stdin>queue", "tcp>queue", "queue>grok", "grok>date", "date>filter_to_output",
                           "filter_to_output>stdout", "filter_to_output>null"});
}

TEST_CASE("branches split and meet again; else if is a branch on the other side") {
  const Drawn d(
      "input { stdin {} } filter { if [a] { grok {} } else if [b] { date {} } mutate {} } output { if [c] { "
      "stdout {} } else { null {} } }");
  CHECK(d.edges() == Edges{"stdin>queue", "queue>[a]", "[a]?>grok", "[a]!>[b]", "[b]?>date", "[b]!>mutate",
                           "grok>mutate", "date>mutate", "mutate>filter_to_output", "filter_to_output>[c]",
                           "[c]?>stdout", "[c]!>null"});
  const auto& steps = d.graph.filters().steps;
  REQUIRE(steps.size() == 2);
  CHECK(steps[0].yes->steps.size() == 1);
  REQUIRE(steps[0].no->steps.size() == 1);
  CHECK(steps[0].no->steps[0].yes);
}

TEST_CASE(
    "sections of the same kind join; conditions in inputs have no effect; empty sections leave the line") {
  CHECK(Drawn("input { if [x] { stdin {} } } input { tcp {} }").edges() ==
        Edges{"stdin>queue", "tcp>queue", "queue>filter_to_output"});
  CHECK(Drawn("filter { grok {} } output { } filter { date {} }").edges() ==
        Edges{"queue>grok", "grok>date", "date>filter_to_output"});
}

TEST_CASE("the hash is that of the content: not of its place, blanks or comments") {
  const auto hash = hash_of("filter { if [a] == 1 and [b] { grok { match => { \"a\" => \"b\" } } } }");
  CHECK(hash ==
        hash_of("# comment\n\n  filter {\n if [a]==1   and # why\n [b] {\n grok{match=>{'a'=>'b'}} }\n}\n"));
}

TEST_CASE("whatever changes what the pipeline does changes the hash") {
  const std::string_view different[] = {
      "filter { grok { match => [\"a\", \"b\"] } }",
      "filter { grok { match => { \"a\" => \"b\" } } }",
      "filter { grok { match => [\"ab\"] } }",
      "filter { grok { match => \"ab\" } }",
      "filter { grok { add_tag => \"ab\" } }",
      "filter { date { match => \"ab\" } }",
      "filter { if [a] == \"x y\" { drop {} } }",
      "filter { if [a] == \"x  y\" { drop {} } }",
      "filter { if [a] != \"x y\" { drop {} } }",
      "filter { if [a] == 5 { drop {} } }",
      "filter { if [a] == \"5\" { drop {} } }",
      "filter { if [a] { drop {} } mutate {} }",
      "filter { if [a] { drop {} mutate {} } }",
      "filter { if [a] { drop {} } else { mutate {} } }",
      "filter { if [a] { mutate {} } drop {} }",
      "input { generator {} }",
      "output { generator {} }",
  };
  std::set<uint64_t> hashes;
  for (const auto text : different) hashes.insert(hash_of(text));
  CHECK(hashes.size() == std::size(different));
}

TEST_CASE("a moved step keeps its own hash, so that a reload can tell what changed") {
  const Drawn a("filter { grok { match => { \"a\" => \"b\" } } date {} }"),
      b("\n\nfilter { date {} grok { match => { \"a\" => \"b\" } } }");
  CHECK(a.graph.hash() != b.graph.hash());
  CHECK(a.graph.vertices()[1].hash == b.graph.vertices()[2].hash);
  CHECK(a.graph.vertices()[2].hash == b.graph.vertices()[1].hash);
}

TEST_CASE("drawings are well-formed whatever stands in the config") {
  const Drawn d(std::string(kBranches) +
                "filter { if [t] == \"tab\there \x01 \"  { drop {} } if [q] == 'a\"b' { drop {} } }");
  const auto dot = d.draw(Format::dot);
  CHECK(dot.starts_with("digraph pipeline {\n"));
  CHECK(dot.ends_with("}\n"));
  CHECK(dot.find("\\\\ y>") != std::string::npos);
  CHECK(dot.find("a\\\"b") != std::string::npos);
  const auto mermaid = d.draw(Format::mermaid);
  CHECK(mermaid.starts_with("flowchart TD\n"));
  CHECK(mermaid.find("a#quot;b") != std::string::npos);
  CHECK(count(mermaid, '"') == 2 * d.graph.vertices().size());
  const auto json = d.draw(Format::json);
  CHECK_MESSAGE(test::is_json(json), json);
  const auto text = d.draw(Format::text);
  CHECK(count(text, '\n') >= d.graph.vertices().size() - 1);
  CHECK(text.find("if [b]") != std::string::npos);
  CHECK(text.find("test.conf:2") != std::string::npos);
}

TEST_CASE("a config that writes to the engine's own index is known") {
  CHECK(
      uses_embedded_index(*Parsed("output { if [a] { elasticsearch { hosts => [\"embedded\"] } } }").config));
  CHECK(uses_embedded_index(*Parsed("output { elasticsearch { hosts => embedded } }").config));
  CHECK_FALSE(uses_embedded_index(
      *Parsed("output { elasticsearch { hosts => [\"http://embedded:9200\"] } }").config));
  CHECK(uses_embedded_index(*Parsed("filter { elasticsearch { hosts => embedded } }").config));
}
