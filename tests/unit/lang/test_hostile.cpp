// Any text gives an answer in bounded time: no crash, no loop, no flood of messages.
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "lang/parser.hpp"

using namespace sluice;
using namespace sluice::lang;
namespace fs = std::filesystem;

namespace {

size_t errors_of(std::string text) {
  SourceSet sources;
  sources.add("x.conf", std::move(text));
  Diagnostics diagnostics;
  Config config = parse(sources, {}, diagnostics);
  substitute_variables(
      config, [](std::string_view) { return std::nullopt; }, diagnostics);
  diagnostics.sort();
  CHECK(diagnostics.error_count() < 2000);
  for (const auto& d : diagnostics.items()) {
    (void)render(d, sources, false);
    (void)render_json(d, sources);
  }
  (void)apply_certain_fixes(diagnostics, sources);
  return diagnostics.error_count();
}

std::string repeated(std::string_view part, size_t n) {
  std::string out;
  for (size_t i = 0; i < n; ++i) out += part;
  return out;
}

}  // namespace

TEST_CASE("nesting without end is refused, nesting within reason is not") {
  CHECK(errors_of(repeated("filter {", 100000)) > 0);
  CHECK(errors_of("filter { mutate { a1 => " + repeated("[", 100000)) > 0);
  CHECK(errors_of("filter { mutate { a1 => " + repeated("{ a1 => ", 100000)) > 0);
  CHECK(errors_of("filter { if " + repeated("(", 100000)) > 0);
  CHECK(errors_of("filter { if " + repeated("!(", 100000)) > 0);
  CHECK(errors_of("filter { " + repeated("if [a] { ", 100000)) > 0);
  CHECK(errors_of("filter { mutate { a1 => " + repeated("b1 { c1 => ", 100000)) > 0);
  CHECK(errors_of("filter { mutate { a1 => " + repeated("[", 450) + repeated("]", 450) + " } }") == 0);
  CHECK(errors_of("filter { " + repeated("if [a] { ", 450) + repeated("}", 450) + " }") == 0);
  CHECK(errors_of("filter { if [a]" + repeated(" and [b] == 1 or [c]", 50000) + " { } }") == 0);
}

TEST_CASE("a megabyte of anything is answered") {
  std::mt19937 random(7);
  const auto start = std::chrono::steady_clock::now();
  for (const std::string_view alphabet :
       {std::string_view("{}[]()\"'=>#,/ \nabif!"), std::string_view("\"\\"), std::string_view(" \n\t"),
        std::string_view("[a] and ")}) {
    std::string text;
    while (text.size() < 1 << 20) text += alphabet[random() % alphabet.size()];
    errors_of(text);
    errors_of("filter { mutate { add_tag => " + text);
    errors_of("filter { if " + text);
  }
  std::string bytes;
  while (bytes.size() < 1 << 20) bytes += static_cast<char>(random());
  errors_of(bytes);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(60));
}

TEST_CASE("every damaged config is refused or understood, never worse") {
  std::mt19937 random(11);
  std::vector<std::string> texts;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(GOLDEN_DIR) / "syntax")) {
    if (entry.path().extension() != ".conf") continue;
    std::ostringstream out;
    out << std::ifstream(entry.path()).rdbuf();
    texts.push_back(out.str());
  }
  const std::string_view marks = "{}[]()\"'=>#,/ \n!~:ai0\\";
  for (int round = 0; round < 4000; ++round) {
    std::string text = texts[random() % texts.size()];
    for (unsigned k = 0; k < 1 + random() % 3 && !text.empty(); ++k) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text.erase(at, 1 + random() % 5);
          break;
        case 1:
          text.insert(at, 1, marks[random() % marks.size()]);
          break;
        default:
          text[at] = marks[random() % marks.size()];
      }
    }
    CAPTURE(text);
    errors_of(text);
  }
}
