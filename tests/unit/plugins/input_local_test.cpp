// stdin, generator and heartbeat.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/time.hpp"
#include "input_harness.hpp"

using namespace sluice::test;

namespace {

/// Puts a pipe in the place of standard input for as long as it lives.
class StdinPipe {
 public:
  StdinPipe() {
    REQUIRE(::pipe2(ends_, O_CLOEXEC) == 0);
    saved_ = ::dup(STDIN_FILENO);
    ::dup2(ends_[0], STDIN_FILENO);
  }
  ~StdinPipe() {
    ::dup2(saved_, STDIN_FILENO);
    ::close(saved_);
    ::close(ends_[0]);
    end();
  }
  void write(std::string_view text) {
    REQUIRE(::write(ends_[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  void end() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  int ends_[2];
  int saved_;
};

bool has(const Got& got, std::string_view text) { return got.json.find(text) != std::string::npos; }

}  // namespace

TEST_CASE("stdin gives a line an event, flushes the last one at the end and ends") {
  StdinPipe pipe;
  Running run("stdin { }");
  REQUIRE(run.start().ok());
  pipe.write("one\ntw");
  auto got = run.sink.take(1);
  REQUIRE(got.size() == 1);
  CHECK(has(got[0], R"("message":"one")"));
  CHECK(has(got[0], R"("host":"test-host")"));
  pipe.write("o\nthree");
  pipe.end();
  got = run.sink.take(2);
  REQUIRE(got.size() == 2);
  CHECK(has(got[0], R"("message":"two")"));
  CHECK(has(got[1], R"("message":"three")"));
  CHECK(run.sink.wait_ended());
}

TEST_CASE("stdin replaces codecs that cut nothing, and leaves JSON events as they are") {
  StdinPipe pipe;
  Running run("stdin { codec => json }", "v8");
  REQUIRE(run.start().ok());
  pipe.write("{\"a\":1}\n{\"a\":2,\"host\":{\"hostname\":\"x\"}}\n");
  const auto got = run.sink.take(2);
  REQUIRE(got.size() == 2);
  CHECK_FALSE(has(got[0], R"("host")"));
  CHECK(has(got[1], R"("hostname":"x")"));
}

TEST_CASE("stdin names the host by ECS") {
  StdinPipe pipe;
  Running run("stdin { codec => plain }", "v8");
  REQUIRE(run.start().ok());
  pipe.write("text\n");
  const auto got = run.sink.take(1);
  REQUIRE(got.size() == 1);
  CHECK(has(got[0], R"("host":{"hostname":"test-host"})"));
  CHECK(has(got[0], R"("event":{"original":"text"})"));
}

TEST_CASE("stdin stops while nothing comes") {
  StdinPipe pipe;
  Running run("stdin { }");
  REQUIRE(run.start().ok());
  run.stop();
  CHECK_FALSE(run.sink.wait_ended(0));
}

TEST_CASE("generator cycles through its lines, numbers the rounds and ends") {
  Running run("generator { lines => [\"a\", \"b\"] count => 2 type => tt }");
  REQUIRE(run.start().ok());
  const auto got = run.sink.take(4);
  REQUIRE(got.size() == 4);
  CHECK(has(got[0], R"("message":"a")"));
  CHECK(has(got[0], R"("sequence":0)"));
  CHECK(has(got[1], R"("message":"b")"));
  CHECK(has(got[1], R"("sequence":0)"));
  CHECK(has(got[3], R"("message":"b")"));
  CHECK(has(got[3], R"("sequence":1)"));
  CHECK(has(got[3], R"("type":"tt")"));
  CHECK(run.sink.wait_ended());
}

TEST_CASE("generator uses the codec and the ECS layout") {
  Running run("generator { message => '{\"a\":1}' count => 1 codec => json }", "v8");
  REQUIRE(run.start().ok());
  const auto got = run.sink.take(1);
  REQUIRE(got.size() == 1);
  CHECK(has(got[0], R"("a":1)"));
  CHECK(has(got[0], R"("sequence":0)"));
  CHECK(has(got[0], R"("host":{"name":"test-host"})"));
}

TEST_CASE("generator's threads emit count events each") {
  Running run("generator { count => 700 threads => 2 }");
  REQUIRE(run.start().ok());
  CHECK(run.sink.take(1400).size() == 1400);
  CHECK(run.sink.wait_ended());
}

TEST_CASE("generator reads its message from stdin") {
  StdinPipe pipe;
  Running run("generator { message => \"stdin\" count => 1 }");
  REQUIRE(run.start().ok());
  pipe.write("typed\nnot taken");
  const auto got = run.sink.take(1);
  REQUIRE(got.size() == 1);
  CHECK(has(got[0], R"("message":"typed\n")"));
}

TEST_CASE("generator waits while the pipeline is full") {
  Running run("generator { }");
  run.sink.set_full(true);
  REQUIRE(run.start().ok());
  run.stop();
  CHECK(run.sink.queued() <= 1);  // the end of its stream
}

TEST_CASE("heartbeat beats at once, then at its interval, and ends after count") {
  Running run("heartbeat { interval => 0.05 count => 3 sequence => \"sequence\" message => \"alive\" }");
  REQUIRE(run.start().ok());
  const int64_t before = sluice::steady_nanos();
  const auto got = run.sink.take(3);
  REQUIRE(got.size() == 3);
  CHECK(sluice::steady_nanos() - before >= 90'000'000);
  CHECK(has(got[0], R"("message":"alive")"));
  CHECK(has(got[0], R"("clock":1)"));
  CHECK(has(got[2], R"("clock":3)"));
  CHECK(has(got[2], R"("host":"test-host")"));
  CHECK(run.sink.wait_ended());
}

TEST_CASE("heartbeat without ECS takes the sequence from the message, and says that this is deprecated") {
  Running run("heartbeat { message => \"epoch\" count => 1 }");
  CHECK(run.diagnostics.items().size() == 1);
  REQUIRE(run.start().ok());
  const auto got = run.sink.take(1);
  REQUIRE(got.size() == 1);
  CHECK(has(got[0], R"("clock":1)"));  // seconds since 1970 begin with 1
  CHECK_FALSE(has(got[0], "message"));
}
