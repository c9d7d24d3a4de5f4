#include "match/patterns.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "match/grok.hpp"

using namespace sluice::match;
namespace fs = std::filesystem;

namespace {

// A folder of its own that goes away with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "sluice-patterns-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }
  [[nodiscard]] std::string path(const std::string& name = "") const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

}  // namespace

TEST_CASE("a pattern file is NAME, white space, expression up to the end of the line") {
  PatternSet set;
  set.add_text("A  x y \n\n  # remark\n\tB\t[#]\r\nC\nA2 last");
  CHECK(set.find("A") == "x y ");
  CHECK(set.find("B") == "[#]");
  CHECK_FALSE(set.find("C"));
  CHECK(set.find("A2") == "last");
  CHECK(set.names() == std::vector<std::string_view>{"A", "A2", "B"});
}

TEST_CASE("pattern folders are read file by file in name order") {
  const TemporaryFolder folder;
  folder.write("1", "A one\nB one\n");
  folder.write("2.pat", "A two\n");
  folder.write("sub/3", "A three\n");
  PatternSet set;
  REQUIRE(set.add_path(folder.path()).ok());
  CHECK(set.find("A") == "two");
  CHECK(set.find("B") == "one");
  PatternSet some;
  REQUIRE(some.add_path(folder.path(), "*.pat").ok());
  CHECK(some.find("A") == "two");
  CHECK_FALSE(some.find("B"));
  PatternSet file;
  REQUIRE(file.add_path(folder.path("1")).ok());
  CHECK(file.find("A") == "one");
  CHECK(file.add_path(folder.path("nothing-here")).ok());
}

TEST_CASE("what is defined later covers the shipped set") {
  PatternSet set(BuiltinPatterns::legacy);
  REQUIRE(set.find("WORD"));
  set.define("WORD", "x");
  CHECK(set.find("WORD") == "x");
  CHECK(PatternSet(BuiltinPatterns::legacy).find("WORD") != "x");
  CHECK(set.nearest_name("NUBMER") == "NUMBER");
}

TEST_CASE("every shipped pattern compiles") {
  for (const auto builtin : {BuiltinPatterns::legacy, BuiltinPatterns::ecs_v1}) {
    const PatternSet set(builtin);
    for (const std::string_view name : set.names()) {
      const auto grok = Grok::compile("%{" + std::string(name) + "}", set);
      CHECK_MESSAGE(grok.ok(), grok.message());
      const auto all = Grok::compile("%{" + std::string(name) + "}", set, {.named_captures_only = false});
      CHECK_MESSAGE(all.ok(), all.message());
    }
  }
}
