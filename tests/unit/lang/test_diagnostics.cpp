// Places, their rendering, fixes and diffs.
#include <doctest/doctest.h>

#include "lang/diagnostic.hpp"
#include "lang/parser.hpp"

using namespace sluice;
using namespace sluice::lang;

TEST_CASE("a place is found in its file, in characters") {
  SourceSet sources;
  sources.add("a.conf", "one\ntwo\n");
  sources.add("b.conf", "\xC3\xA4\xC3\xB6x\r\nlast");
  const auto x = static_cast<uint32_t>(sources.joined().find('x'));
  const Span span = sources.span(x, x + 1);
  CHECK(sources.path(span) == "b.conf");
  CHECK(span.line == 1);
  CHECK(span.column == 3);
  CHECK(sources.line(span) == "\xC3\xA4\xC3\xB6x");
  const auto end = static_cast<uint32_t>(sources.joined().size());
  CHECK(sources.span(end, end).line == 2);
  CHECK(sources.span(end, end).column == 5);
  CHECK(sources.span(9, 9).file == 1);
  CHECK(sources.span(4, 5).line == 2);
}

TEST_CASE("empty files and an empty set have places too") {
  SourceSet sources;
  CHECK_FALSE(sources.span(0, 0).known());
  sources.add("empty.conf", "");
  sources.add("b.conf", "x");
  CHECK(sources.span(0, 0).file == 0);
  CHECK(sources.span(1, 2).file == 1);
  CHECK(sources.line(sources.span(1, 2)) == "x");
}

TEST_CASE("a diagnostic shows its line and points at it") {
  SourceSet sources;
  sources.add("x.conf", "a\n\tb\xC3\xA4 bad c\n");
  Diagnostics diagnostics;
  diagnostics.error("E0101", sources.span(7, 10), "bad stands here", "write good");
  CHECK(render(diagnostics.items()[0], sources, false) ==
        "x.conf:2:5: error[E0101]: bad stands here\n 2 | \tb\xC3\xA4 bad c\n   | \t   ^^^\n   help: write "
        "good\n");
  CHECK(render(diagnostics.items()[0], sources, true).find("\033[1;31m^^^") != std::string::npos);
  CHECK(
      render_json(diagnostics.items()[0], sources) ==
      R"({"severity":"error","code":"E0101","file":"x.conf","line":2,"column":5,"end_line":2,"end_column":8,)"
      R"("message":"bad stands here","help":"write good"})");
}

TEST_CASE("a long line is shown around the place") {
  SourceSet sources;
  sources.add("x.conf", std::string(5000, 'a') + "!" + std::string(5000, 'b'));
  Diagnostics diagnostics;
  diagnostics.error("E0101", sources.span(5000, 5001), "here");
  const auto text = render(diagnostics.items()[0], sources, false);
  CHECK(text.size() < 500);
  CHECK(text.find("a!b") != std::string::npos);
}

TEST_CASE("a report counts, and says when all is well") {
  SourceSet sources;
  Diagnostics diagnostics;
  CHECK(render_report(diagnostics, sources, false) == "Configuration OK\n");
  diagnostics.warning("W0401", {}, "careful");
  CHECK(render_report(diagnostics, sources, false) ==
        "warning[W0401]: careful\n\n0 errors, 1 warning\nConfiguration OK\n");
  diagnostics.error("E0101", {}, "wrong");
  CHECK(render_report(diagnostics, sources, false).ends_with("\n\n1 error, 1 warning\n"));
}

TEST_CASE("sorting orders by place and drops repetitions") {
  SourceSet sources;
  sources.add("x.conf", "abc");
  Diagnostics d;
  d.error("E0103", sources.span(2, 3), "two");
  d.error("E0101", sources.span(0, 1), "one");
  d.error("E0103", sources.span(2, 3), "two");
  d.sort();
  REQUIRE(d.items().size() == 2);
  CHECK(d.items()[0].message == "one");
  CHECK(d.error_count() == 2);
}

TEST_CASE("certain fixes are written, others and overlapping ones are not") {
  SourceSet sources;
  sources.add("a.conf", "abc def\n");
  sources.add("b.conf", "xyz\n");
  Diagnostics d;
  d.error("E0101", sources.span(0, 3), "m").fix = Fix{sources.span(0, 3), "ABC", true};
  d.error("E0101", sources.span(2, 4), "m").fix = Fix{sources.span(2, 4), "-", true};
  d.error("E0101", sources.span(4, 7), "m").fix = Fix{sources.span(4, 7), "DEF", false};
  d.error("E0101", sources.span(10, 10), "m").fix = Fix{sources.span(10, 10), "_", true};
  const auto files = apply_certain_fixes(d, sources);
  REQUIRE(files.size() == 2);
  CHECK(files[0].text == "ABC def\n");
  CHECK(files[1].text == "x_yz\n");
}

TEST_CASE("a unified diff has context and line numbers") {
  CHECK(unified_diff("f", "a\n", "a\n").empty());
  CHECK(unified_diff("f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n") ==
        "--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
  CHECK(unified_diff("f", "a\nb", "a\nc\n") ==
        "--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n");
  std::string a;
  std::string b;
  for (int i = 0; i < 40; ++i) {
    a += std::to_string(i) + "\n";
    b += (i == 3 || i == 30 ? "x" : std::to_string(i)) + "\n";
  }
  const auto two = unified_diff("f", a, b);
  CHECK(two.find("@@ -1,7 +1,7 @@") != std::string::npos);
  CHECK(two.find("@@ -28,7 +28,7 @@") != std::string::npos);
}

TEST_CASE("every code that the parser gives is explained, once") {
  const auto codes = known_codes();
  for (size_t i = 0; i < codes.size(); ++i) {
    CAPTURE(std::string(codes[i]));
    CHECK_FALSE(explain_code(codes[i]).empty());
    for (size_t k = i + 1; k < codes.size(); ++k) CHECK(codes[i] != codes[k]);
  }
  CHECK(explain_code("E9999").empty());
}
