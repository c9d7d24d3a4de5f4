// What a reader of the log file sees: lines are written to a folder of their own and read back.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

#include "base/log.hpp"

using namespace sluice;

namespace {

class LogFolder {
 public:
  LogFolder() {
    char name[] = "/tmp/sluice-log-XXXXXX";
    REQUIRE(mkdtemp(name));
    path_ = name;
  }
  ~LogFolder() {
    log::configure({});
    std::filesystem::remove_all(path_);
  }
  [[nodiscard]] log::Options options(bool json) const {
    log::Options options;
    options.json = json;
    options.directory = path_;
    return options;
  }
  [[nodiscard]] std::string read(const char* file) const {
    std::ifstream in(path_ + "/" + file);
    std::stringstream all;
    all << in.rdbuf();
    return all.str();
  }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("a plain line has time, level, logger, message and named values as Logstash prints them") {
  const LogFolder folder;
  log::configure(folder.options(false));
  log::info("logstash.agent", "Pipelines running",
            {{"count", 1}, {"running", "main \"x\"\n"}, {"ok", true}, {"pipeline.id", "a"}});
  log::set_thread_pipeline("main");
  log::warn("logstash.javapipeline", "Odd");
  log::set_thread_pipeline("");
  log::debug("logstash.agent", "hidden");
  const std::regex expected(
      R"(\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{3}\]\[INFO \]\[logstash\.agent           \] Pipelines running \{:count=>1, :running=>"main \\"x\\"\\n", :ok=>true, "pipeline\.id"=>"a"\}
\[[^\]]*\]\[WARN \]\[logstash\.javapipeline    \]\[main\] Odd
)");
  const auto text = folder.read("logstash-plain.log");
  CHECK_MESSAGE(std::regex_match(text, expected), text);
}

TEST_CASE("a JSON line is one object; a value named message does not stand in the way of the message") {
  const LogFolder folder;
  log::configure(folder.options(true));
  log::error("logstash.x", "a \"b\"\t\x01", {{"message", "m"}, {"n", 5}, {"bad", "\xff"}});
  const std::regex expected(
      "\\{\"level\":\"ERROR\",\"loggerName\":\"logstash\\.x\",\"timeMillis\":\\d+,\"thread\":\"main\","
      "\"logEvent\":"
      "\\{\"message\":\"a "
      "\\\\\"b\\\\\"\\\\t\\\\u0001\",\"message_1\":\"m\",\"n\":5,\"bad\":\"\xEF\xBF\xBD\"\\}\\}\n");
  const auto text = folder.read("logstash-json.log");
  CHECK_MESSAGE(std::regex_match(text, expected), text);
}

TEST_CASE("levels hold for all loggers or for one") {
  log::Options quiet;
  quiet.level = log::Level::warn;
  log::configure(quiet);
  CHECK_FALSE(log::enabled(log::Level::info, "logstash.a"));
  log::set_level("logstash.a", log::Level::debug);
  CHECK(log::enabled(log::Level::debug, "logstash.a"));
  CHECK_FALSE(log::enabled(log::Level::info, "logstash.b"));
  log::set_level("", log::Level::info);
  CHECK(log::enabled(log::Level::info, "logstash.b"));
  log::Level level{};
  CHECK(log::parse_level("debug", level));
  CHECK(level == log::Level::debug);
  CHECK(log::parse_level("WARN", level));
  CHECK_FALSE(log::parse_level("loud", level));
  log::configure({});
}
