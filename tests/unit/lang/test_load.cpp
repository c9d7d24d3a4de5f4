// Files, folders and globs; variables.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "lang/parser.hpp"

using namespace sluice;
using namespace sluice::lang;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path;
  Folder() {
    char name[] = "/tmp/sluice-lang-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path / name) << text; }
};

std::string names(const SourceSet& sources) {
  std::string out;
  for (const auto& f : sources.files()) out += fs::path(f.path).filename().string() + " ";
  return out;
}

Value value_of(const std::string& text, const std::map<std::string, std::string>& variables,
               std::string* codes = nullptr) {
  SourceSet sources;
  sources.add("x.conf", "filter { mutate { x1 => " + text + " } }");
  Diagnostics diagnostics;
  Config config = parse(sources, {}, diagnostics);
  REQUIRE_FALSE(diagnostics.has_errors());
  const VariableLookup lookup = [&](std::string_view name) -> std::optional<std::string> {
    const auto it = variables.find(std::string(name));
    return it == variables.end() ? std::nullopt : std::optional(it->second);
  };
  substitute_variables(config, lookup, diagnostics);
  if (codes) {
    for (const auto& d : diagnostics.items()) *codes += d.code;
  } else {
    CHECK_FALSE(diagnostics.has_errors());
  }
  return std::get<std::shared_ptr<const Plugin>>(config.sections.at(0).body.at(0).node)
      ->attributes.at(0)
      .value;
}

}  // namespace

TEST_CASE("a folder gives all its files in name order, without copies and subfolders") {
  const Folder folder;
  folder.write("20.conf", "b");
  folder.write("10.txt", "a");
  folder.write("10.txt~", "old");
  fs::create_directory(folder.path / "sub");
  SourceSet sources;
  REQUIRE(load_config_path(folder.path.string(), sources).ok());
  CHECK(names(sources) == "10.txt 20.conf ");
  CHECK(sources.joined() == "a\nb");
}

TEST_CASE("a glob gives what it matches in name order") {
  const Folder folder;
  folder.write("b.conf", "");
  folder.write("a.conf", "");
  folder.write("a.conf~", "");
  folder.write("c.txt", "");
  SourceSet sources;
  REQUIRE(load_config_path((folder.path / "*.conf").string(), sources).ok());
  CHECK(names(sources) == "a.conf b.conf ");
}

TEST_CASE("what cannot be read is named") {
  const Folder folder;
  SourceSet sources;
  const auto missing = load_config_path((folder.path / "none.conf").string(), sources);
  CHECK(missing.message() == "there is no config file " + (folder.path / "none.conf").string());
  const auto nothing = load_config_path((folder.path / "*.conf").string(), sources);
  CHECK(nothing.message() == "no config file matches " + (folder.path / "*.conf").string());
  const auto empty = load_config_path(folder.path.string(), sources);
  CHECK(empty.message() == "the config directory " + folder.path.string() + " holds no files");
  if (::geteuid() != 0) {
    folder.write("secret.conf", "x");
    ::chmod((folder.path / "secret.conf").c_str(), 0);
    CHECK(load_config_path((folder.path / "secret.conf").string(), sources)
              .message()
              .find("cannot be read: Permission denied") != std::string::npos);
  }
}

TEST_CASE("variables are replaced in values, with defaults") {
  CHECK(value_of("\"${A}\"", {{"A", "x"}}).text == "x");
  CHECK(value_of("\"a-${A}-z\"", {{"A", "x"}}).text == "a-x-z");
  CHECK(value_of("\"${A:def}\"", {}).text == "def");
  CHECK(value_of("\"x${A:}y\"", {}).text == "xy");
  CHECK(value_of("\"${a-b} $A ${sl.none:d}\"", {{"A", "x"}}).text == "${a-b} $A d");
  CHECK(value_of("\"${A}\"", {{"A", "x"}}).substituted);
  CHECK(value_of("\"${A}\"", {{"A", "x"}}).written == "${A}");
  std::string codes;
  value_of("\"${A}\"", {}, &codes);
  CHECK(codes == "E0160");
}

TEST_CASE("a value that is one placeholder is taken as it is, inside longer text it is read again") {
  CHECK(value_of("\"${A}\"", {{"A", "\"q\""}}).text == "\"q\"");
  CHECK(value_of("\"${A}\"", {{"A", "[\"a\", \"b\"]"}}).kind == Value::Kind::string);
  CHECK(value_of("\"${A}\"", {{"A", "${B}"}, {"B", "2"}}).text == "2");
  CHECK(value_of("\"'${A}'\"", {{"A", "q"}}).text == "q");
  CHECK(value_of("\"x${A}\"", {{"A", "${B}"}, {"B", "2"}}).text == "x${B}");
  const auto list = value_of("\"[${A}, 'c']\"", {{"A", "a"}});
  REQUIRE(list.kind == Value::Kind::array);
  REQUIRE(list.items.size() == 2);
  CHECK(list.items[1].text == "c");
  const auto empty = value_of("\"[${A:}]\"", {});
  CHECK(empty.kind == Value::Kind::array);
  CHECK(empty.items.empty());
}

TEST_CASE("hash keys keep their placeholders, values and lists do not") {
  const auto hash = value_of("{ '${A}' => ['${A}'] }", {{"A", "x"}});
  CHECK(hash.entries.at(0).key.text == "${A}");
  CHECK(hash.entries.at(0).value.items.at(0).text == "x");
}

TEST_CASE("in conditions only whole strings are replaced, and stay strings") {
  SourceSet sources;
  sources.add("x.conf", "filter { if [a] in [\"${A}\", \"b${A}\"] { } }");
  Diagnostics diagnostics;
  Config config = parse(sources, {}, diagnostics);
  substitute_variables(
      config, [](std::string_view) { return std::optional<std::string>("5"); }, diagnostics);
  const auto& branch = *std::get<std::shared_ptr<const Branch>>(config.sections[0].body[0].node);
  const auto& items = branch.arms[0].condition->values[1].items;
  CHECK(items.at(0).text == "5");
  CHECK(items.at(0).kind == Rvalue::Kind::string);
  CHECK(items.at(1).text == "b${A}");
}
