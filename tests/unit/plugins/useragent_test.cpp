// The rules of uap-core: all of that project's own tests, and what the scan before them relies on.
#include <doctest/doctest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>

#include "plugins/useragent/parser.hpp"

using namespace sluice::plugins::useragent;

namespace {

constexpr const char* kData = "/usr/share/uap-core";

std::string text_of(const YAML::Node& node) { return node && node.IsScalar() ? node.Scalar() : ""; }
std::string text_of(const std::optional<std::string>& text) { return text.value_or(""); }

using Texts = std::vector<std::string>;

Texts expected(const YAML::Node& test, std::initializer_list<const char*> names) {
  Texts texts;
  for (const auto* name : names) texts.push_back(text_of(test[name]));
  return texts;
}

Texts found(const Product& product, size_t parts) {
  Texts texts{product.family};
  for (size_t i = 0; i < parts; ++i) texts.push_back(text_of(product.version[i]));
  return texts;
}

template <class Check>
void each_test(const std::string& file, const Check& check) {
  const auto path = std::string(kData) + "/tests/" + file;
  if (!std::filesystem::exists(path)) {
    MESSAGE("skipped: there is no " << path << " (package uap-core)");
    return;
  }
  auto parser = Parser::open(std::string(kData) + "/regexes.yaml", true);
  REQUIRE(parser.ok());
  Parser::Scratch scratch;
  size_t count = 0;
  for (const auto& test : YAML::LoadFile(path)["test_cases"]) {
    const auto agent = test["user_agent_string"].Scalar();
    CAPTURE(agent);
    check(test, (*parser)->parse(agent, scratch));
    ++count;
  }
  CHECK(count > 100);
}

Rules rules_of(std::vector<std::string> agents) {
  Rules rules;
  for (auto& regex : agents) rules[0].push_back({std::move(regex), false, {}, 0});
  return rules;
}

bool holds(const std::vector<Clause>& clauses, const Clause& clause) {
  return std::find(clauses.begin(), clauses.end(), clause) != clauses.end();
}

}  // namespace

TEST_CASE("the browsers of uap-core's tests") {
  each_test("test_ua.yaml", [](const YAML::Node& test, const Client& client) {
    CHECK(found(client.agent, 3) == expected(test, {"family", "major", "minor", "patch"}));
  });
}

TEST_CASE("the systems of uap-core's tests") {
  each_test("test_os.yaml", [](const YAML::Node& test, const Client& client) {
    CHECK(found(client.system, 4) == expected(test, {"family", "major", "minor", "patch", "patch_minor"}));
  });
}

TEST_CASE("the devices of uap-core's tests") {
  each_test("test_device.yaml", [](const YAML::Node& test, const Client& client) {
    const Texts device{client.device.family, text_of(client.device.brand), text_of(client.device.model)};
    CHECK(device == expected(test, {"family", "brand", "model"}));
  });
}

TEST_CASE("every rule of uap-core compiles, and needs some text") {
  const auto rules = read_rules(std::string(kData) + "/regexes.yaml");
  if (!rules.ok()) {
    MESSAGE("skipped: " << rules.message());
    return;
  }
  for (const auto& list : *rules)
    for (const auto& rule : list) {
      CAPTURE(rule.regex);
      CHECK_FALSE(required_clauses(rule.regex).empty());
    }
  CHECK_FALSE(Parser(*rules).find_fault());
}

TEST_CASE("text that an expression needs") {
  CHECK(required_clauses("(Chrome)/(\\d+)") ==
        std::vector<Clause>{{"chrome/0", "chrome/1", "chrome/2", "chrome/3", "chrome/4", "chrome/5",
                             "chrome/6", "chrome/7", "chrome/8", "chrome/9"}});
  CHECK(required_clauses("a[bB]c?d.*xyz") == std::vector<Clause>{{"abcd", "abd"}, {"xyz"}});
  CHECK(required_clauses("^Box") == std::vector<Clause>{{"\x02"
                                                         "box"}});
  CHECK(required_clauses("(?:one|two.*three)") == std::vector<Clause>{{"one", "two"}, {"one", "three"}});
  CHECK(required_clauses("; {0,2}ab") == std::vector<Clause>{{";  ab", "; ab", ";ab"}});
  CHECK(holds(required_clauses("(?:ab)+c"), {"ab"}));
  CHECK(required_clauses("(?:foo|)bar*").size() == 1);
}

TEST_CASE("an expression of which nothing is known is always tried") {
  for (const auto* regex :
       {"", ".*", "a?", "(?i)abc", "(abc)\\1", "\xc3\xa9t\xc3\xa9", "[^a]", "x|.y*", "(?=ab)"}) {
    CAPTURE(regex);
    CHECK(required_clauses(regex).empty());
  }
  Parser::Scratch scratch;
  const Parser parser(rules_of({"(\xc3\xa9t\xc3\xa9)", "(?i)(ABC)"}));
  CHECK(parser.parse("en \xc3\xa9t\xc3\xa9", scratch).agent.family == "\xc3\xa9t\xc3\xa9");
  CHECK(parser.parse("xabcx", scratch).agent.family == "abc");
}

TEST_CASE("the first rule that gives a family counts") {
  Parser::Scratch scratch;
  const Parser parser(rules_of({"(?:(never)|Foo)/1", "(Foo)/(\\d+)", "(Fo+)"}));
  const auto client = parser.parse("Foo/12", scratch);
  CHECK(client.agent.family == "Foo");
  CHECK(text_of(client.agent.version[0]) == "12");
  CHECK(parser.parse("Foooo", scratch).agent.family == "Foooo");
  CHECK(parser.parse("nothing", scratch).agent.family == "Other");
}

TEST_CASE("^ and $ are the ends of the text") {
  Parser::Scratch scratch;
  const Parser parser(rules_of({"^(Foo)$", "^(Bar)", "(Baz)$"}));
  CHECK(parser.parse("x\nFoo", scratch).agent.family == "Other");
  CHECK(parser.parse("Foo", scratch).agent.family == "Foo");
  CHECK(parser.parse("x\nBar", scratch).agent.family == "Other");
  CHECK(parser.parse("Bar\nx", scratch).agent.family == "Bar");
  CHECK(parser.parse("Baz\nx", scratch).agent.family == "Other");
  CHECK(parser
            .parse("x\x02"
                   "Bar",
                   scratch)
            .agent.family == "Other");
}

TEST_CASE("a file of rules that is none says why") {
  CHECK(read_rules("/nonexistent").message() == "cannot read /nonexistent");
  CHECK(Parser(rules_of({"fine", "(open"})).find_fault().value_or("").find("(open") != std::string::npos);
}
