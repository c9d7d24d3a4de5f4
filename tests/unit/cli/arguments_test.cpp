#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "cli/arguments.hpp"

using namespace sluice;
using sluice::cli::Arguments;

namespace {

Result<Arguments> parse(std::vector<std::string> words) {
  words.insert(words.begin(), "pipeline");
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  return cli::parse_arguments(static_cast<int>(argv.size()), argv.data());
}

std::string problem(const std::vector<std::string>& words) { return parse(words).message(); }

}  // namespace

TEST_CASE("Logstash's short and long flags are settings") {
  const auto args = parse({"-f", "a.conf", "-w", "3", "-b", "50", "-u", "7", "-n", "me", "--log.level",
                           "debug", "--path.settings=/etc/x", "-l", "/logs"});
  REQUIRE_MESSAGE(args.ok(), args.message());
  CHECK(args->settings.text("path.config") == "a.conf");
  CHECK(args->settings.number("pipeline.workers") == 3);
  CHECK(args->settings.number("pipeline.batch.size") == 50);
  CHECK(args->settings.number("pipeline.batch.delay") == 7);
  CHECK(args->settings.text("node.name") == "me");
  CHECK(args->settings.text("log.level") == "debug");
  CHECK(args->settings.text("path.logs") == "/logs");
  CHECK(args->path_settings == "/etc/x");
  CHECK(args->command.empty());
  CHECK_FALSE(args->settings.given("log.format"));
  CHECK(parse({"-e", "input { }"})->settings.text("config.string") == "input { }");
  CHECK(parse({"--path.config=a", "--pipeline.id", "x"})->settings.text("pipeline.id") == "x");
}

TEST_CASE("boolean flags stand alone or with their value") {
  CHECK(parse({"-t", "-f", "a"})->settings.boolean("config.test_and_exit"));
  CHECK(parse({"--config.test_and_exit", "-f", "a"})->settings.boolean("config.test_and_exit"));
  CHECK_FALSE(parse({"--api.enabled", "false"})->settings.boolean("api.enabled"));
  CHECK_FALSE(parse({"--api.enabled=false"})->settings.boolean("api.enabled"));
  CHECK(parse({"--api.enabled", "true", "-f", "a"})->settings.boolean("api.enabled"));
}

TEST_CASE("checking names its files behind the flag, and has flags of its own") {
  const auto args = parse({"--test", "a.conf", "b.conf", "--fix", "--format", "json"});
  REQUIRE_MESSAGE(args.ok(), args.message());
  CHECK(args->settings.boolean("config.test_and_exit"));
  CHECK(args->operands == std::vector<std::string>{"a.conf", "b.conf"});
  CHECK(args->fix);
  CHECK(args->format == "json");
}

TEST_CASE("commands take what stands behind them") {
  const auto args = parse({"explain", "a.conf", "--format", "dot"});
  CHECK(args->command == "explain");
  CHECK(args->operands == std::vector<std::string>{"a.conf"});
  CHECK(args->format == "dot");
  CHECK(parse({"plugins"})->command == "plugins");
  CHECK(parse({"plugins", "grok"})->operands.size() == 1);
  CHECK(parse({"--help"})->help);
  CHECK(parse({"-V"})->version);
  CHECK(parse({})->command.empty());
}

TEST_CASE("what is no flag, no value and no command is refused with the nearest there is") {
  CHECK(problem({"--pipeline.wrokers", "3"}) ==
        "Unknown flag --pipeline.wrokers. Did you mean --pipeline.workers? See pipeline --help.");
  CHECK(problem({"a.conf"}) == "\"a.conf\" is no command. Did you mean -f a.conf? See pipeline --help.");
  CHECK(problem({"-w", "many"}) ==
        "--pipeline.workers: the setting \"pipeline.workers\" must be a whole number, not \"many\"");
  CHECK(problem({"--log.level", "loud"}).find("must be one of") != std::string::npos);
  CHECK(problem({"--queue.checkpoint.retry", "false"}).find("not supported") != std::string::npos);
  CHECK_FALSE(parse({"-f"}).ok());
  CHECK_FALSE(parse({"--pipeline.work", "3"}).ok());  // no guessing
  CHECK_FALSE(parse({"-f", "a", "-f", "b"}).ok());
}

TEST_CASE("the help names every setting") {
  const auto text = cli::help_text();
  for (const auto& known : settings::known_settings())
    CHECK_MESSAGE(text.find("--" + std::string(known.name)) != std::string::npos, known.name);
}
