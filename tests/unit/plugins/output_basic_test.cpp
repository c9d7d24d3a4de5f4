// The outputs that need no server: stdout, null, sink.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

#include "output_fixture.hpp"

using namespace sluice;
using test::OutputTest;

namespace {

// Standard output is a pipe while this lives.
struct Captured {
  Captured() {
    fflush(stdout);
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reader = ends[0];
    saved = ::dup(1);
    ::dup2(ends[1], 1);
    ::close(ends[1]);
  }
  ~Captured() {
    ::dup2(saved, 1);
    ::close(saved);
    if (reader >= 0) ::close(reader);
  }
  std::string read(size_t bytes) const {
    std::string out(bytes, '\0');
    size_t have = 0;
    while (have < bytes) {
      const ssize_t n = ::read(reader, out.data() + have, bytes - have);
      if (n <= 0) break;
      have += static_cast<size_t>(n);
    }
    out.resize(have);
    return out;
  }
  int reader = -1, saved = -1;
};

std::atomic<int> terminations{0};

}  // namespace

TEST_CASE("null and sink confirm at once") {
  for (const char* name : {"null {}", "sink {}"}) {
    OutputTest t;
    REQUIRE(t.start(name));
    t.write({R"({"m":1})"});
    CHECK(t.delivered == 1);
  }
}

TEST_CASE("stdout writes batches in order and confirms what is written") {
  std::string text;
  size_t delivered = 0;
  {
    Captured out;
    OutputTest t;
    REQUIRE(t.start("stdout { codec => line { format => \"%{m}\" } }"));
    t.write({R"({"m":"one"})", R"({"m":"two"})"});
    t.write({R"({"m":"three"})"});
    text = out.read(14);
    REQUIRE(t.wait_delivered(2));
    delivered = t.delivered;
  }
  CHECK(text == "one\ntwo\nthree\n");
  CHECK(delivered == 2);
}

TEST_CASE("a reader that does not read holds stdout's batches back, and stop does not hang") {
  size_t delivered = 0, abandoned = 0;
  {
    Captured out;
    OutputTest t;
    REQUIRE(t.start("stdout { codec => line { format => \"%{m}\" } }"));
    const std::string big = R"({"m":")" + std::string(300000, 'x') + R"("})";
    t.write({big});
    t.write({R"({"m":"y"})"});
    (void)out.read(1);
    t.stop();
    delivered = t.delivered;
    abandoned = t.abandoned;
  }
  CHECK(delivered == 0);
  CHECK(abandoned == 2);
}

TEST_CASE("stdout whose reader has gone ends the program in order") {
  auto* before = std::signal(SIGTERM, [](int) { ++terminations; });
  size_t abandoned = 0;
  {
    Captured out;
    ::close(std::exchange(out.reader, -1));
    OutputTest t;
    REQUIRE(t.start("stdout { codec => line {} }"));
    t.write({R"({"m":"y"})"});
    REQUIRE(t.happened.wait([&] { return t.abandoned == 1; }));
    abandoned = t.abandoned;
  }
  CHECK(abandoned == 1);
  CHECK(terminations == 1);
  std::signal(SIGTERM, before);
}

TEST_CASE("stdout prints rubydebug by default") {
  OutputTest t;
  CHECK(t.build("stdout {}") != nullptr);
}
