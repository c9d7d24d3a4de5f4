#include <doctest/doctest.h>

#include "config_text.hpp"
#include "plugin/spec.hpp"

using namespace sluice;
using namespace sluice::plugin;
using sluice::test::codes;
using sluice::test::Parsed;

namespace {

constexpr Option kOptions[] = {
    {.name = "match", .type = Type::hash, .fallback = "{}"},
    {.name = "hosts", .type = Type::string, .flags = kList},
    {.name = "fields", .type = Type::array, .fallback = "[\"a\", \"b\"]"},
    {.name = "count", .type = Type::number, .fallback = "5"},
    {.name = "on", .type = Type::boolean, .fallback = "true"},
    {.name = "size", .type = Type::bytes, .fallback = "10 MiB"},
    {.name = "every", .type = Type::duration, .fallback = "\"1 m\""},
    {.name = "mode", .type = Type::string, .fallback = "\"server\"", .choices = "server|client"},
    {.name = "name", .type = Type::string},
    {.name = "file", .type = Type::path},
    {.name = "codec", .type = Type::codec},
    {.name = "secret", .type = Type::password},
    {.name = "old", .type = Type::string, .flags = kDeprecated, .note = "Use `name`."},
    {.name = "gone", .type = Type::any, .flags = kObsolete, .note = "Use `name`."},
    {.name = "later", .type = Type::any, .flags = kUnsupported, .note = "Nobody needs it."},
};
constexpr Option kStrict[] = {{.name = "source", .type = Type::string, .flags = kRequired}};

struct Bound {
  explicit Bound(const std::string& body, std::span<const Option> table = kOptions)
      : parsed("filter { thing { " + body + " } }"),
        options(plugin::bind(table, common_options(Kind::filter), "filter", "thing", parsed.plugin(),
                             parsed.diagnostics)) {}
  [[nodiscard]] std::string found() const { return codes(parsed.diagnostics); }
  [[nodiscard]] std::string message() const {
    return parsed.diagnostics.items().empty() ? "" : parsed.diagnostics.items()[0].message;
  }
  Parsed parsed;
  Options options;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("what is not written has its default, and is known not to be written") {
  const Bound b("");
  CHECK(b.found().empty());
  CHECK(b.options.integer("count") == 5);
  CHECK(b.options.boolean("on"));
  CHECK(b.options.bytes("size") == 10 << 20);
  CHECK(b.options.millis("every") == 60'000);
  CHECK(b.options.strings("fields") == Texts{"a", "b"});
  CHECK(b.options.has("count"));
  CHECK_FALSE(b.options.given("count"));
  CHECK_FALSE(b.options.has("name"));
  CHECK_FALSE(b.options.maybe_string("name"));
  CHECK(b.options.strings("hosts").empty());
  CHECK(b.options.codec() == nullptr);
}

TEST_CASE("repeated options join: hashes merge, lists grow, scalars become a list") {
  CHECK(Bound(R"(hosts => "a" hosts => ["b", "c"] hosts => "d")").options.strings("hosts") ==
        Texts{"a", "b", "c", "d"});
  CHECK(Bound(R"(fields => "x" fields => "y")").options.strings("fields") == Texts{"x", "y"});
  CHECK(Bound(R"(name => "x" name => "x")").found().empty());
  CHECK(Bound(R"(name => "x" name => "y")").found() == "E0205");
  const Bound merged(R"(match => { "k" => "1" } match => { "k" => "2" "l" => "3" })");
  CHECK(merged.found().empty());
  const auto hash = merged.options.hash("match");
  REQUIRE(hash.size() == 2);
  for (const auto& [key, value] : hash) {
    if (key == "k") {
      REQUIRE(value.items.size() == 2);
      CHECK(value.items[1].text == "2");
    } else {
      CHECK(value.text == "3");
    }
  }
}

TEST_CASE("values take the type of the option where Logstash would") {
  CHECK(Bound(R"(count => "7")").options.integer("count") == 7);
  CHECK(Bound("count => 7.5").options.number("count") == 7.5);
  CHECK(Bound(R"(on => "false")").options.boolean("on") == false);
  CHECK(Bound("fields => [1, two]").options.strings("fields") == Texts{"1", "two"});
  CHECK(Bound(R"(name => ["only"])").options.string("name") == "only");
  CHECK(Bound("name => 5").options.string("name") == "5");
  const auto pairs = Bound(R"(match => ["k", "1", "k", "2"])").options.hash("match");
  REQUIRE(pairs.size() == 1);
  CHECK(pairs[0].second.items.size() == 2);
  const Bound codec("codec => json_lines");
  REQUIRE(codec.options.codec());
  CHECK(codec.options.codec()->name == "json_lines");
  CHECK(Bound(R"(file => "/")").found().empty());
}

TEST_CASE("values of another type are refused at their place") {
  for (const std::string bad :
       {R"(count => "five")", "on => maybe", "size => \"10 apples\"", "every => \"5 parsecs\"",
        "match => [\"odd\"]", "match => text", "name => [\"a\", \"b\"]", "name => { \"a\" => 1 }",
        "mode => serve", "hosts => { \"a\" => 1 }", "codec => [\"a\"]", "name => json { }"}) {
    CAPTURE(bad);
    CHECK(Bound(bad).found() == "E0205");
  }
  CHECK(Bound("file => \"/no/such/file\"").found() == "E0305");
  const Bound mode("mode => serve");
  CHECK(mode.parsed.diagnostics.items().at(0).help == "Did you mean `server`?");
  CHECK(mode.parsed.sources.text(mode.parsed.diagnostics.items()[0].span) == "serve");
  CHECK(Bound("secret => [\"hunter2\", \"x\"]").message().find("hunter2") == std::string::npos);
}

TEST_CASE("unknown, required, obsolete, unsupported and deprecated options are said so") {
  const Bound unknown("coutn => 5");
  CHECK(unknown.found() == "E0203");
  CHECK(unknown.message() == "Unknown setting 'coutn' for thing");
  CHECK(unknown.parsed.diagnostics.items()[0].help == "Did you mean `count`?");
  CHECK(Bound("gone => 5").found() == "E0206");
  CHECK(Bound("later => 5").found() == "E0207");
  CHECK(Bound("old => x1").found() == "W0206");
  CHECK(Bound("old => x1").options.string("old") == "x1");
  CHECK(Bound("", kStrict).found() == "E0204");
  CHECK(Bound("source => message", kStrict).found().empty());
  // A misspelt required option is one mistake, not two.
  CHECK(Bound("sorce => message", kStrict).found() == "E0203");
  CHECK(Bound("type => x1").found() == "E0206");  // common to all filters
  CHECK(Bound("id => me").options.string("id") == "me");
}

TEST_CASE("several mistakes are all found in one run") {
  CHECK(Bound("count => many on => maybe coutn => 1 gone => 1").found() == "E0203 E0206 E0205 E0205");
}

TEST_CASE("hashes are walked in the order of a java.util.HashMap") {
  const auto ordered = [](Texts keys) {
    Texts out;
    for (const size_t i : java_hash_order(keys)) out.push_back(keys[i]);
    return out;
  };
  CHECK(ordered({"message", "b"}) == Texts{"b", "message"});
  CHECK(ordered({"zz", "aa"}) == Texts{"zz", "aa"});
  CHECK(ordered({"red", "green", "blue", "cyan", "magenta", "yellow"}) ==
        Texts{"red", "magenta", "green", "blue", "yellow", "cyan"});
  // The same hash code: the order in which they were put in.
  CHECK(ordered({"C#", "Aa", "BB"}) == Texts{"C#", "Aa", "BB"});
  // Twelve fill a table of 16, the thirteenth doubles it.
  CHECK(ordered({"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
                 "twelve"}) == Texts{"nine", "six", "four", "one", "twelve", "seven", "eleven", "ten", "two",
                                     "three", "five", "eight"});
  CHECK(ordered({"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
                 "twelve", "thirteen"}) == Texts{"nine", "six", "one", "seven", "two", "three", "thirteen",
                                                 "eight", "four", "twelve", "eleven", "ten", "five"});
  CHECK(ordered({"é", "日本", "😀", "e"}) == Texts{"e", "😀", "é", "日本"});
  CHECK(ordered({}).empty());
}
