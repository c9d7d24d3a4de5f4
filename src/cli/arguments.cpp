#include "cli/arguments.hpp"

#include <fmt/format.h>

#include <boost/program_options.hpp>

#include "base/nearest.hpp"

namespace sluice::cli {
namespace {

namespace po = boost::program_options;

// Settings that have a short flag or another name on Logstash's command line.
struct Short {
  std::string_view setting;
  std::string_view flags;  // as Boost wants them: long,short
};
constexpr Short kShort[] = {
    {"node.name", "node.name,n"},
    {"path.config", "path.config,f"},
    {"config.string", "config.string,e"},
    {"config.test_and_exit", "config.test_and_exit,t"},
    {"config.reload.automatic", "config.reload.automatic,r"},
    {"pipeline.workers", "pipeline.workers,w"},
    {"pipeline.batch.size", "pipeline.batch.size,b"},
    {"pipeline.batch.delay", "pipeline.batch.delay,u"},
    {"path.logs", "path.logs,l"},
    {"path.plugins", "path.plugins,p"},
};

std::string flags_of(std::string_view setting) {
  for (const auto& s : kShort)
    if (s.setting == setting) return std::string(s.flags);
  return std::string(setting);
}

po::options_description setting_flags() {
  po::options_description all("Settings (each is also a line of logstash.yml)", 110, 60);
  for (const auto& known : settings::known_settings()) {
    auto* value =
        po::value<std::string>()->value_name(known.type == settings::Type::boolean ? "[BOOL]" : "VALUE");
    if (known.type == settings::Type::boolean) value->implicit_value("true");
    const std::string doc =
        known.refused.empty()
            ? std::string(known.doc) +
                  (known.fallback.empty() ? "" : fmt::format(" Default: {}.", known.fallback))
            : "Not supported: " + std::string(known.refused) + ".";
    all.add_options()(flags_of(known.name).c_str(), value, doc.c_str());
  }
  return all;
}

po::options_description own_flags() {
  po::options_description own("Options", 110, 60);
  own.add_options()("test", "Check the config and end (as -t).")(
      "fix", "With --test: write the repairs that are certain, after showing them.")(
      "format", po::value<std::string>()->value_name("FORMAT"),
      "With --test: text or json. With explain: text, dot, mermaid or json. With verify: text or junit.")(
      "cost", "With explain: what the regular expressions of the config cost, and why.")(
      "stdin", "With keystore add: read the values from standard input, one a line.")(
      "config", po::value<std::string>()->value_name("PATH"), "With dlq replay: the config, as -f.")(
      "dry-run", "With dlq replay: run conditions and filters only, and count what passes.")(
      "reason", po::value<std::string>()->value_name("TEXT"),
      "With dlq: only letters whose reason has this text.")(
      "older-than", po::value<std::string>()->value_name("AGE"),
      "With dlq purge: only letters older than 30d, 12h, 5m, 90s.")("all", "With dlq purge: all letters.")(
      "limit", po::value<std::string>()->value_name("COUNT"),
      "With dlq list and top: the most lines to print.")("path.settings",
                                                         po::value<std::string>()->value_name("DIR"),
                                                         "Where logstash.yml and pipelines.yml are.")(
      "field-reference-escape-style", po::value<std::string>()->value_name("STYLE"),
      "As config.field_reference.escape_style.")("version,V", "Print the version.")("help,h",
                                                                                    "Print this text.");
  return own;
}

// `--api.enabled false` is one flag and its value, which Boost only sees when they are joined by '='.
std::vector<std::string> joined(int argc, char** argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool truth = word == "true" || word == "false";
    if (truth && !words.empty() && words.back().starts_with("--") &&
        words.back().find('=') == std::string::npos) {
      const auto* known = settings::find_setting(words.back().substr(2));
      if (known && known->type == settings::Type::boolean) {
        words.back() += "=" + word;
        continue;
      }
    }
    words.push_back(word);
  }
  return words;
}

Status unknown_flag(const std::string& flag) {
  std::vector<std::string_view> names{"test",          "fix",    "format",  "cost",   "stdin",
                                      "path.settings", "config", "dry-run", "reason", "older-than",
                                      "all",           "limit",  "help",    "version"};
  for (const auto& known : settings::known_settings()) names.push_back(known.name);
  const auto near = nearest(flag.substr(std::min(flag.find_first_not_of('-'), flag.size())), names);
  return Status::config(fmt::format("Unknown flag {}.{} See pipeline --help.", flag,
                                    near ? " Did you mean --" + *near + "?" : ""));
}

bool is_command(const std::string& word) {
  return word == "explain" || word == "diff" || word == "verify" || word == "keystore" || word == "plugins" ||
         word == "version" || word == "help" || word == "check" || word == "queue" || word == "dlq";
}

Status take(const po::variables_map& vm, Arguments& args) {
  for (const auto& known : settings::known_settings()) {
    const std::string name(known.name);
    if (!vm.count(name)) continue;
    if (auto status = args.settings.set(name, vm[name].as<std::string>(), "--" + name); !status.ok())
      return status;
  }
  if (vm.count("test"))
    if (auto status = args.settings.set("config.test_and_exit", "true", "--test"); !status.ok())
      return status;
  if (vm.count("field-reference-escape-style"))
    if (auto status = args.settings.set("config.field_reference.escape_style",
                                        vm["field-reference-escape-style"].as<std::string>(),
                                        "--field-reference-escape-style");
        !status.ok())
      return status;
  if (vm.count("path.settings")) args.path_settings = vm["path.settings"].as<std::string>();
  if (vm.count("format")) args.format = vm["format"].as<std::string>();
  if (vm.count("config"))
    if (auto status = args.settings.set("path.config", vm["config"].as<std::string>(), "--config");
        !status.ok())
      return status;
  if (vm.count("reason")) args.reason = vm["reason"].as<std::string>();
  if (vm.count("older-than")) args.older_than = vm["older-than"].as<std::string>();
  if (vm.count("limit")) args.limit = vm["limit"].as<std::string>();
  args.dry_run = vm.count("dry-run") != 0;
  args.all = vm.count("all") != 0;
  args.fix = vm.count("fix") != 0;
  args.cost = vm.count("cost") != 0;
  args.from_stdin = vm.count("stdin") != 0;
  args.help = vm.count("help") != 0;
  args.version = vm.count("version") != 0;
  return {};
}

}  // namespace

Result<Arguments> parse_arguments(int argc, char** argv) {
  Arguments args;
  auto words = joined(argc, argv);
  if (!words.empty() && is_command(words[0])) {
    args.command = words[0];
    words.erase(words.begin());
  }
  po::options_description all;
  all.add(own_flags()).add(setting_flags());
  all.add_options()("operand", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("operand", -1);
  try {
    po::variables_map vm;
    using style = po::command_line_style::style_t;
    po::store(po::command_line_parser(words)
                  .options(all)
                  .positional(positional)
                  .style(style::default_style & ~style::allow_guessing)
                  .run(),
              vm);
    if (vm.count("operand")) args.operands = vm["operand"].as<std::vector<std::string>>();
    if (auto status = take(vm, args); !status.ok()) return status;
  } catch (const po::unknown_option& e) {
    return unknown_flag(e.get_option_name());
  } catch (const po::error& e) {
    return Status::config(std::string(e.what()) + ". See pipeline --help.");
  }
  if (args.command.empty() && !args.operands.empty()) {
    // `pipeline --test FILE...` reads well; anything else behind no command is a mistake.
    if (args.settings.boolean("config.test_and_exit")) return args;
    return Status::config(fmt::format("\"{}\" is no command. Did you mean -f {}? See pipeline --help.",
                                      args.operands[0], args.operands[0]));
  }
  return args;
}

std::string help_text() {
  std::string text =
      "pipeline -f CONFIG            run a config: a file, a directory or a glob\n"
      "pipeline -e 'CONFIG'          run a config given as text\n"
      "pipeline --test CONFIG...     check configs; --fix mends what is certain, --format json for editors\n"
      "pipeline explain CONFIG       print the graph; --format dot|mermaid|json draws it\n"
      "pipeline explain --cost FILE  which engine each regular expression got, and what makes it slow\n"
      "pipeline diff CONFIG CONFIG   what two configs do differently, and what a reload of one as the other "
      "would "
      "touch\n"
      "pipeline verify FILE...       run test cases through the filters of a config; --format junit for CI\n"
      "pipeline explain E0203        what a diagnostic code means\n"
      "pipeline keystore COMMAND     create, add KEY, list, remove KEY: secrets for ${KEY} in configs and "
      "logstash.yml\n"
      "pipeline queue inspect|verify|repair|export [FOLDER], pipeline queue drain -f CONFIG\n"
      "                              look after the persistent queue of a stopped engine\n"
      "pipeline dlq list|top|show   look at the events that were refused; dlq replay and purge empty the "
      "queue\n"
      "pipeline plugins [NAME]       list the plugins, or the options of one\n\n";
  text += fmt::format("{}", [] {
    std::ostringstream out;
    out << own_flags() << "\n" << setting_flags();
    return out.str();
  }());
  return text;
}

}  // namespace sluice::cli
