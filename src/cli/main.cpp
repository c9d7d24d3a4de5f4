// Wires; decides nothing.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "base/secrets.hpp"
#include "cli/commands.hpp"
#include "cli/privileges.hpp"
#include "event/field_ref.hpp"
#include "match/search_budget.hpp"
#include "net/tls_reload.hpp"
#include "plugins/registry.hpp"

namespace sluice::cli {

int fail(const std::string& text) {
  fmt::print(stderr, "error: {}\n", secrets::masked(text));
  return 1;
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

std::string settings_directory(const Arguments& args) {
  if (!args.path_settings.empty()) return args.path_settings;
  if (const char* directory = std::getenv("LS_SETTINGS_DIR")) return directory;
  if (const char* home = std::getenv("LS_HOME")) return std::string(home) + "/config";
  return {};
}

queue::LetterSettings letter_settings(const settings::Settings& settings) {
  queue::LetterSettings s;
  std::string path = settings.text("path.dead_letter_queue");
  if (path.empty()) path = environment_of(settings).path_data + "/dead_letter_queue";
  s.folder = path + "/" + settings.text("pipeline.id");
  s.max_bytes = static_cast<uint64_t>(settings.bytes("dead_letter_queue.max_bytes"));
  s.drop_older = settings.text("dead_letter_queue.storage_policy") == "drop_older";
  s.retain_millis = settings::parse_age_millis(settings.text("dead_letter_queue.retain.age"));
  s.flush_millis = settings.number("dead_letter_queue.flush_interval");
  s.check_millis = settings.number("dead_letter_queue.flush_check_interval");
  return s;
}

plugin::Environment environment_of(const settings::Settings& settings) {
  plugin::Environment e;
  e.pipeline_id = settings.text("pipeline.id");
  e.ecs_default = settings.text("pipeline.ecs_compatibility");
  e.path_data = settings.text("path.data");
  if (e.path_data.empty()) {
    const char* home = std::getenv("LS_HOME");
    e.path_data = home ? std::string(home) + "/data" : "data";
  }
  e.node_name = settings.text("node.name");
  if (e.node_name.empty()) e.node_name = host_name();
  e.batch_size = static_cast<size_t>(settings.number("pipeline.batch.size"));
  return e;
}

namespace {

void configure_log(const settings::Settings& settings) {
  log::Options options;
  (void)log::parse_level(settings.text("log.level"), options.level);
  options.json = settings.text("log.format") == "json";
  options.directory = settings.text("path.logs");
  options.rename_message = settings.boolean("log.format.json.fix_duplicate_message_fields");
  log::configure(options);
}

void configure_fields(const settings::Settings& settings) {
  const auto style = settings.text("config.field_reference.escape_style");
  FieldRef::set_default_escapes(style == "percent"     ? FieldEscapes::percent
                                : style == "ampersand" ? FieldEscapes::ampersand
                                                       : FieldEscapes::none);
}

// The user that root shall become (--user), with what the engine will write.
Status become_user(const settings::Settings& settings) {
  const std::string text = settings.text("user");
  if (text.empty()) return {};
  const auto account = find_account(text);
  if (!account.ok()) return account.status();
  if (geteuid() == account->user) return {};
  if (geteuid() != 0)
    return Status::config(
        fmt::format("--user {}: only root can become another user; start as root, or as that user", text));
  if (auto status = begin_as(*account); !status.ok()) return status;
  const std::pair<std::string, std::string> folders[] = {
      {"path.data", environment_of(settings).path_data},
      {"path.queue", settings.text("path.queue")},
      {"path.dead_letter_queue", settings.text("path.dead_letter_queue")},
      {"path.logs", settings.text("path.logs")}};
  for (const auto& [setting, folder] : folders)
    if (const auto files = not_writable(folder); !files.empty())
      return Status::config(fmt::format("--user {}: the user may not write {} ({}): chown -R {} {}", text,
                                        fmt::join(files, ", "), setting, text, folder));
  return {};
}

int dispatch(int argc, char** argv) {
  auto parsed = parse_arguments(argc, argv);
  if (!parsed.ok()) return fail(parsed.message());
  const Arguments& args = *parsed;
  if (args.command == "keystore") return keystore(args);
  if (args.help || args.command == "help") {
    fmt::print("{}", help_text());
    return 0;
  }
  if (args.version || args.command == "version") {
    fmt::print("sluice {}\n", SLUICE_VERSION);
    return 0;
  }
  plugins::register_all();
  if (args.command == "plugins") return plugins(args);

  settings::Settings settings;
  const auto directory = settings_directory(args);
  const auto variables = settings::variables_of(directory);
  if (!variables.ok()) return fail(variables.message());
  if (!directory.empty())
    if (auto status = settings::load_file(directory + "/logstash.yml", settings, *variables); !status.ok())
      return fail(status.message());
  settings.overlay(args.settings);
  if (auto status = become_user(settings); !status.ok()) return fail(status.message());
  const bool checks = args.command == "check" || settings.boolean("config.test_and_exit");
  if (checks || !args.command.empty())  // these open no port
    if (auto status = give_up_root(); !status.ok()) return fail(status.message());
  configure_log(settings);
  configure_fields(settings);
  match::set_standard_budget(std::max<int64_t>(1, settings.millis("regex.timeout")));
  net::TlsReload::set_enabled(settings.boolean("ssl.reload.automatic"));
  if (args.command == "explain") return explain(args, settings, *variables);
  if (args.command == "diff") return diff(args, settings, *variables);
  if (args.command == "verify") return verify_filters(args, settings, *variables);
  if (args.command == "queue") return queue(args, settings, *variables);
  if (args.command == "dlq") return dlq(args, settings, *variables);
  if (checks) return check(args, settings, *variables);
  return run(args, settings, *variables);
}

}  // namespace
}  // namespace sluice::cli

int main(int argc, char** argv) {
  try {
    return sluice::cli::dispatch(argc, argv);
  } catch (const std::exception& e) {
    return sluice::cli::fail(std::string("unexpected: ") + e.what());
  }
}
