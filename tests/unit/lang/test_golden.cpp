// The golden folders of the language (tests/golden/syntax), run against the library: the syntax errors of
// expected.txt, and the repairs of fixed.conf.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "lang/parser.hpp"

using namespace sluice;
using namespace sluice::lang;
namespace fs = std::filesystem;

namespace {

std::string read(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

/// Only the findings with codes E01.., W01..: the program adds those of plugins and values.
std::string syntax_only(const std::string& report) {
  std::string out;
  for (size_t at = 0; at < report.size();) {
    const size_t end = std::min(report.find("\n\n", at), report.size());
    const auto part = report.substr(at, end - at);
    if (part.find("[E01") != std::string::npos || part.find("[W01") != std::string::npos)
      out += part + "\n\n";
    at = end + 2;
  }
  return out;
}

Diagnostics check(SourceSet& sources) {
  Diagnostics diagnostics;
  Config config = parse(sources, {}, diagnostics);
  substitute_variables(config, environment_lookup, diagnostics);
  diagnostics.sort();
  return diagnostics;
}

}  // namespace

TEST_CASE("the golden syntax cases") {
  const bool update = std::getenv("UPDATE_GOLDEN") != nullptr;
  size_t cases = 0;
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(fs::path(GOLDEN_DIR) / "syntax"))
    folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  for (const auto& folder : folders) {
    CAPTURE(folder.filename().string());
    std::vector<fs::path> files;
    for (const auto& file : fs::directory_iterator(folder)) {
      if (file.path().extension() == ".conf" && file.path().filename() != "fixed.conf")
        files.push_back(file.path());
    }
    std::sort(files.begin(), files.end());
    SourceSet sources;
    for (const auto& file : files) sources.add(file.filename().string(), read(file));
    const auto diagnostics = check(sources);
    const auto report = render_report(diagnostics, sources, false);
    if (update) std::ofstream(folder / "expected.txt") << report;
    CHECK(syntax_only(report) == syntax_only(read(folder / "expected.txt")));
    for (const auto& d : diagnostics.items()) {
      CAPTURE(d.code);
      CHECK_FALSE(explain_code(d.code).empty());
      CHECK(d.code != "E0101");  // a case worth a folder deserves its own words
    }
    if (fs::exists(folder / "fixed.conf")) {
      const auto fixed = apply_certain_fixes(diagnostics, sources);
      REQUIRE(fixed.size() == 1);
      CHECK(fixed[0].text == read(folder / "fixed.conf"));
      SourceSet again;
      again.add("fixed.conf", fixed[0].text);
      CHECK_FALSE(check(again).has_errors());
    }
    ++cases;
  }
  CHECK(cases >= 45);
}
