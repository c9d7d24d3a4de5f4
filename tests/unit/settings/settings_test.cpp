#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "settings/settings.hpp"

using namespace sluice;
using namespace sluice::settings;

namespace {

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/sluice-settings-XXXXXX";
    REQUIRE(mkdtemp(name));
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string write(const char* file, std::string_view text) const {
    const auto path = path_ + "/" + file;
    std::ofstream(path) << text;
    return path;
  }

 private:
  std::string path_;
};

struct File {
  explicit File(std::string_view yaml)
      : path(folder.write("logstash.yml", yaml)), status(load_file(path, settings)) {}
  Folder folder;
  std::string path;
  Settings settings;
  Status status;
};

// The status of pipelines.yml, and its entries.
struct Pipelines {
  explicit Pipelines(std::string_view yaml, const Settings& process = {})
      : path(folder.write("pipelines.yml", yaml)), all(load_pipelines(path, process)) {}
  Folder folder;
  std::string path;
  Result<std::vector<Settings>> all;
};

}  // namespace

TEST_CASE("keys are nested, dotted or both; types are read as Logstash writes them") {
  const File f(
      "pipeline:\n  batch:\n    size: 250\n    delay: 5\npipeline.workers: 3\nconfig.support_escapes: "
      "true\nlog.level: debug\napi:\n  http.port: 9700-9710\npipeline.in_flight_bytes: 4mb\n");
  REQUIRE_MESSAGE(f.status.ok(), f.status.message());
  CHECK(f.settings.number("pipeline.batch.size") == 250);
  CHECK(f.settings.number("pipeline.batch.delay") == 5);
  CHECK(f.settings.number("pipeline.workers") == 3);
  CHECK(f.settings.boolean("config.support_escapes"));
  CHECK(f.settings.text("log.level") == "debug");
  CHECK(f.settings.text("api.http.port") == "9700-9710");
  CHECK(f.settings.bytes("pipeline.in_flight_bytes") == 4 << 20);
  CHECK_FALSE(f.settings.given("log.format"));
  CHECK(f.settings.text("log.format") == "plain");
  CHECK(f.settings.millis("pipeline.drain_timeout") == 30'000);
}

TEST_CASE("a missing or empty file is no error; one that is no map is") {
  Settings settings;
  CHECK(load_file("/no/such/logstash.yml", settings).ok());
  CHECK(File("").status.ok());
  CHECK(File("# only a comment\n").status.ok());
  CHECK_FALSE(File("- a\n- b\n").status.ok());
  const File broken("pipeline: [unclosed\n");
  CHECK(broken.status.message().starts_with(broken.path + ":"));
}

TEST_CASE("an unknown setting is refused with its line and the nearest name") {
  const File f("log.level: info\npipeline.wrokers: 3\n");
  CHECK(f.status.message() == f.path +
                                  ":2: Setting \"pipeline.wrokers\" doesn't exist. Please check if you "
                                  "haven't made a typo. Did you mean pipeline.workers?");
}

TEST_CASE("values of the wrong type or choice, and what this version does not have, are refused by name") {
  for (const auto* yaml : {"pipeline.workers: many",
                           "api.enabled: maybe",
                           "pipeline.in_flight_bytes: 5 apples",
                           "pipeline.drain_timeout: soon",
                           "api.http.port: http",
                           "log.level: loud",
                           "pipeline.ecs_compatibility: v9",
                           "pipeline.ordered: sometimes",
                           "queue.type: disk",
                           "queue.compression: gzip",
                           "queue.checkpoint.retry: false",
                           "dead_letter_queue.enable: perhaps",
                           "dead_letter_queue.max_bytes: lots",
                           "dead_letter_queue.flush_interval: 999",
                           "dead_letter_queue.flush_check_interval: 0",
                           "dead_letter_queue.storage_policy: drop_all",
                           "dead_letter_queue.retain.age: 3",
                           "dead_letter_queue.retain.age: -3d",
                           "dead_letter_queue.retain.age: 3w",
                           "config.reload.automatic: often",
                           "config.reload.interval: soon",
                           "pipeline.separate_logs: true"}) {
    CAPTURE(yaml);
    const File f(yaml);
    CHECK_FALSE(f.status.ok());
    const std::string name(std::string_view(yaml).substr(0, std::string_view(yaml).find(':')));
    CHECK_MESSAGE(f.status.message().find(name) != std::string::npos, f.status.message());
  }
  CHECK(File("queue.type: memory\ndead_letter_queue.enable: false\n").status.ok());
}

TEST_CASE("the dead letter queue has Logstash's settings and defaults") {
  const File none("log.level: info\n");
  CHECK_FALSE(none.settings.boolean("dead_letter_queue.enable"));
  CHECK(none.settings.bytes("dead_letter_queue.max_bytes") == 1024 << 20);
  CHECK(none.settings.number("dead_letter_queue.flush_interval") == 5000);
  CHECK(none.settings.text("dead_letter_queue.storage_policy") == "drop_newer");
  CHECK(none.settings.text("dead_letter_queue.retain.age").empty());
  const File all(
      "dead_letter_queue:\n  enable: true\n  max_bytes: 2mb\n  flush_interval: 1000\n"
      "  storage_policy: drop_older\n  retain.age: 2 d\npath.dead_letter_queue: /tmp/x\n");
  REQUIRE_MESSAGE(all.status.ok(), all.status.message());
  CHECK(all.settings.boolean("dead_letter_queue.enable"));
  CHECK(all.settings.bytes("dead_letter_queue.max_bytes") == 2 << 20);
  CHECK(all.settings.text("dead_letter_queue.storage_policy") == "drop_older");
  CHECK(parse_age_millis("2 d") == 172'800'000);
  CHECK(parse_age_millis("5m") == 300'000);
  CHECK(parse_age_millis("90s") == 90'000);
  CHECK(parse_age_millis("12h") == 43'200'000);
  CHECK_FALSE(parse_age_millis("99999999999999999999d"));
  CHECK_FALSE(parse_age_millis("d"));
}

TEST_CASE("variables and their defaults are put in") {
  setenv("SLUICE_TEST_SIZE", "77", 1);
  unsetenv("SLUICE_TEST_NONE");
  const File f(
      "pipeline.batch.size: ${SLUICE_TEST_SIZE}\nnode.name: a-${SLUICE_TEST_NONE:b "
      "c}-${SLUICE_TEST_NONE:}z\n");
  REQUIRE_MESSAGE(f.status.ok(), f.status.message());
  CHECK(f.settings.number("pipeline.batch.size") == 77);
  CHECK(f.settings.text("node.name") == "a-b c-z");
  const File missing("node.name: ${SLUICE_TEST_NONE}\n");
  CHECK(missing.status.message().find("Cannot evaluate `${SLUICE_TEST_NONE}`") != std::string::npos);
  CHECK(missing.status.message().find("node.name") != std::string::npos);
  CHECK(*substitute("no ${ placeholder") == "no ${ placeholder");
}

TEST_CASE("lists are lines") {
  const File f("index.retention: [\"logs-* 30d\", \"x 1d 5gb\"]\n");
  REQUIRE(f.status.ok());
  CHECK(f.settings.text("index.retention") == "logs-* 30d\nx 1d 5gb");
}

TEST_CASE("pipelines.yml: each entry stands over the settings of the process") {
  Settings process;
  REQUIRE(process.set("pipeline.workers", "2", "test").ok());
  REQUIRE(process.set("pipeline.batch.size", "10", "test").ok());
  const Pipelines p(
      "- pipeline.id: a\n  path.config: /a.conf\n  pipeline.ecs_compatibility: disabled\n- pipeline.id: b\n  "
      "config.string: 'input { }'\n  "
      "pipeline:\n    workers: 5\n",
      process);
  REQUIRE_MESSAGE(p.all.ok(), p.all.message());
  REQUIRE(p.all->size() == 2);
  CHECK(p.all.value()[0].text("path.config") == "/a.conf");
  CHECK(p.all.value()[0].number("pipeline.workers") == 2);
  CHECK(p.all.value()[0].text("pipeline.ecs_compatibility") == "disabled");
  CHECK(p.all.value()[1].text("pipeline.ecs_compatibility") == "v8");
  CHECK(p.all.value()[1].number("pipeline.workers") == 5);
  CHECK(p.all.value()[1].number("pipeline.batch.size") == 10);
}

TEST_CASE("pipelines.yml that cannot be meant is refused in words") {
  const auto message = [](std::string_view yaml) { return Pipelines(yaml).all.message(); };
  CHECK(message("").find("is empty") != std::string::npos);
  CHECK(message("pipeline.id: a\n").find("must contain an array of pipeline configs. Found \"Hash\"") !=
        std::string::npos);
  CHECK(message("just text\n").find("Found \"String\"") != std::string::npos);
  CHECK(message("- pipeline.id: a\n- pipeline.id: a\n").find("duplicate pipeline ids: a") !=
        std::string::npos);
  CHECK(message("- path.config: /a\n- path.config: /b\n").find("duplicate pipeline ids: main") !=
        std::string::npos);
  CHECK(message("- pipeline.id: a\n  api.http.port: 5\n")
            .find("Only pipeline related settings are expected. Received \"api.http.port\"") !=
        std::string::npos);
  CHECK(message("- pipeline.id: a\n  pipeline.wrokers: 5\n").find("Did you mean pipeline.workers?") !=
        std::string::npos);
  CHECK_FALSE(load_pipelines("/no/such/pipelines.yml", {}).ok());
}

TEST_CASE("entries of pipelines.yml that are no maps are refused, not guessed") {
  CHECK_FALSE(Pipelines("- just text\n").all.ok());
  CHECK_FALSE(Pipelines("- [a, b]\n").all.ok());
}

TEST_CASE("every setting has a sentence and a default that it accepts itself") {
  for (const auto& known : known_settings()) {
    CAPTURE(known.name);
    CHECK(find_setting(known.name) == &known);
    if (!known.refused.empty()) continue;
    CHECK_FALSE(known.doc.empty());
    if (known.fallback.empty()) continue;
    Settings settings;
    CHECK(settings.set(known.name, std::string(known.fallback), "test").ok());
  }
}
