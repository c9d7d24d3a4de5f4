// What a config becomes: sections, plugins, values and conditions with their places.
#include <doctest/doctest.h>

#include <string>

#include "lang/parser.hpp"

using namespace sluice;
using namespace sluice::lang;

namespace {

struct Parsed {
  SourceSet sources;
  Diagnostics diagnostics;
  Config config;
  explicit Parsed(std::string text, bool escapes = false) {
    sources.add("test.conf", std::move(text));
    config = parse(sources, {escapes}, diagnostics);
    diagnostics.sort();
  }
  [[nodiscard]] std::string codes() const {
    std::string out;
    for (const auto& d : diagnostics.items()) out += (out.empty() ? "" : " ") + d.code;
    return out;
  }
  const Plugin& plugin(size_t section = 0, size_t at = 0) const {
    return *std::get<std::shared_ptr<const Plugin>>(config.sections.at(section).body.at(at).node);
  }
  const Branch& branch(size_t section = 0, size_t at = 0) const {
    return *std::get<std::shared_ptr<const Branch>>(config.sections.at(section).body.at(at).node);
  }
};

Parsed option(const std::string& value, bool escapes = false) {
  return Parsed("filter { mutate { x1 => " + value + " } }", escapes);
}
Parsed condition(const std::string& text) { return Parsed("filter { if " + text + " { } }"); }
const Value& first(const Parsed& p) { return p.plugin().attributes.at(0).value; }
const Expr& expr(const Parsed& p) { return *p.branch().arms.at(0).condition; }

}  // namespace

TEST_CASE("texts without sections are configs") {
  for (const char* text : {"", "  \n", "# only a comment", "# one\n# two\n"}) {
    const Parsed p(text);
    CHECK_FALSE(p.diagnostics.has_errors());
    CHECK(p.config.sections.empty());
  }
}

TEST_CASE("sections keep their order and kind") {
  const Parsed p("output { a1 { } } input { b1 { } } input { c1 { } d1 { } }");
  REQUIRE(p.config.sections.size() == 3);
  CHECK(p.config.sections[0].kind == Section::Kind::output);
  CHECK(p.config.sections[1].kind == Section::Kind::input);
  CHECK(p.plugin(2, 1).name == "d1");
}

TEST_CASE("values have a kind, a text and a place") {
  CHECK(first(option("seen")).kind == Value::Kind::bareword);
  CHECK(first(option("\"a b\"")).text == "a b");
  CHECK(first(option("'a b'")).quote == '\'');
  CHECK(first(option("-12.5")).kind == Value::Kind::number);
  const Parsed list = option("[a1, 'b', 3]");
  CHECK(first(list).items.at(2).text == "3");
  const Parsed hash = option("{ a1 => 1 'b' => [] }");
  CHECK(first(hash).entries.at(1).key.text == "b");
  const Parsed plugin = option("json { charset => 'UTF-8' }");
  REQUIRE(first(plugin).kind == Value::Kind::plugin);
  CHECK(first(plugin).plugin->attributes.at(0).name == "charset");
  const Parsed q("filter {\n  mutate { 'k\xC3\xA4y' => seen }\n}");
  CHECK(first(q).span.line == 2);
  CHECK(first(q).span.column == 21);
}

TEST_CASE("numbers follow Ruby: a leading zero is octal") {
  CHECK(first(option("010")).text == "8");
  CHECK(first(option("-017")).text == "-15");
  CHECK(first(option("0")).text == "0");
  CHECK(option("08").codes() == "E0141");
  CHECK(option("3.").codes() == "E0141");
  CHECK(option("0.5").codes().empty());
}

TEST_CASE("escapes stay unless they are switched on") {
  CHECK(first(option(R"("a\"b\n")")).text == R"(a\"b\n)");
  CHECK(first(option(R"("a\"b\n\q\\ ")", true)).text == "a\"b\n\\q\\ ");
  CHECK(first(option("'\\0'", true)).text == std::string(1, '\0'));
}

TEST_CASE("a hash key that stands twice is refused by its text") {
  CHECK(option("{ 'a' => 1 'a' => 2 }").codes() == "E0140");
  CHECK(option("{ 'a' => 1 \"a\" => 2 }").codes().empty());
  CHECK(option("{ 'o' => { 'a' => 1 'a' => 2 } }").codes() == "E0140");
  CHECK(option("{ 12 => 'a' }").codes() == "E0147");
}

TEST_CASE("and binds stronger than or") {
  const Parsed p = condition("[a] or [b] and [c] or [d]");
  REQUIRE(expr(p).kind == Expr::Kind::or_);
  const Parsed q = condition("[a] and [b] or [c]");
  REQUIRE(expr(q).kind == Expr::Kind::or_);
  CHECK(expr(q).operands.at(0).kind == Expr::Kind::and_);
  CHECK(expr(q).operands.at(1).kind == Expr::Kind::value);
  const Parsed r = condition("([a] or [b]) and [c]");
  CHECK(expr(r).kind == Expr::Kind::and_);
}

TEST_CASE("xor and nand stand alone") {
  CHECK(expr(condition("[a] xor [b]")).kind == Expr::Kind::xor_);
  CHECK(condition("[a] nand [b] or [c]").codes() == "E0142");
  CHECK(condition("([a] nand [b]) or [c]").codes().empty());
}

TEST_CASE("brackets with one element are a field, with more a list") {
  CHECK(expr(condition("[x1] in [\"a\"]")).values.at(1).kind == Rvalue::Kind::selector);
  CHECK(expr(condition("[x1] in [\"a\", \"b\"]")).values.at(1).kind == Rvalue::Kind::list);
  CHECK(expr(condition("[]")).values.at(0).kind == Rvalue::Kind::list);
  CHECK(expr(condition("[a][b]")).values.at(0).text == "[a][b]");
}

TEST_CASE("every form of a condition") {
  CHECK(expr(condition("![a]")).kind == Expr::Kind::not_);
  CHECK(expr(condition("!(![a])")).operands.at(0).kind == Expr::Kind::not_);
  CHECK(expr(condition("'a' not  in [b]")).kind == Expr::Kind::not_in);
  CHECK(expr(condition("[a]>=1")).kind == Expr::Kind::ge);
  CHECK(expr(condition("[a] !~ /x\\/y/")).values.at(1).text == "x\\/y");
  CHECK(expr(condition("[a] =~ 'x'")).values.at(1).kind == Rvalue::Kind::string);
  CHECK(condition("/x/").codes() == "E0143");
  CHECK(condition("[a] == /x/").codes() == "E0143");
  CHECK(condition("f1([a])").codes() == "E0145");
}

TEST_CASE("words of the language are not reserved") {
  CHECK(Parsed("filter { ifconfig { } elsewhere { } }").codes().empty());
  CHECK(Parsed("filter { mutate { if => 'x' } }").codes().empty());
}

TEST_CASE("branches keep their arms") {
  const Parsed p("filter { if [a] { x1 { } } else if [b] { y1 { } } else { z1 { } } }");
  const auto& arms = p.branch().arms;
  REQUIRE(arms.size() == 3);
  CHECK(arms[1].condition.has_value());
  CHECK_FALSE(arms[2].condition.has_value());
}

TEST_CASE("what stands around a mistake is understood all the same") {
  const Parsed p("inputs { stdin { } }\nfilter {\n mutate { add_tag = > 'x' }\n json { source => 'm' }\n}\n");
  CHECK(p.codes() == "E0102 E0103");
  REQUIRE(p.config.sections.size() == 2);
  CHECK(p.plugin(1, 0).attributes.at(0).value.text == "x");
  CHECK(p.plugin(1, 1).name_span.line == 4);
}
