// pipeline keystore create | list | add KEY... [--stdin] | remove KEY...
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <iostream>

#include "cli/commands.hpp"
#include "settings/keystore.hpp"

namespace sluice::cli {
namespace {

using settings::Keystore;

constexpr std::string_view kUsage =
    "pipeline keystore create          make an empty keystore, logstash.keystore in --path.settings DIR\n"
    "pipeline keystore list            print the names in it, never the values\n"
    "pipeline keystore add KEY...      ask for the value of each; --stdin reads them, one a line\n"
    "pipeline keystore remove KEY...   remove them\n"
    "\n"
    "Configs and logstash.yml write ${KEY}. The password is LOGSTASH_KEYSTORE_PASS of the environment, for "
    "this\n"
    "command and for the engine.\n";

// Keeps what is typed off the screen while it lives; does nothing when standard input is no terminal.
class HiddenTyping {
 public:
  HiddenTyping() : terminal_(isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!terminal_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~HiddenTyping() {
    if (!terminal_) return;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    fmt::print("\n");
  }

 private:
  termios before_{};
  bool terminal_;
};

void prompt(const std::string& text) {
  fmt::print("{}", text);
  std::fflush(stdout);
}

bool read_line(std::string& line) {
  if (!std::getline(std::cin, line)) return false;
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

bool yes() {
  std::string answer;
  return read_line(answer) && (answer == "y" || answer == "Y" || answer == "yes");
}

int error(const std::string& text) {
  fmt::print(stderr, "ERROR: {}\n", text);
  return 1;
}

int create(const std::string& path) {
  std::error_code failure;
  if (std::filesystem::exists(path, failure)) {
    prompt("An Logstash keystore already exists. Overwrite ? [y/N] ");
    if (!yes()) return 1;
  }
  if (settings::keystore_password().empty()) {
    prompt(
        "WARNING: The keystore password is not set. Please set the environment variable "
        "`LOGSTASH_KEYSTORE_PASS`. Failure to do so will result in reduced security. Continue without "
        "password protection on the keystore? [y/N] ");
    if (!yes()) return 1;
  }
  if (auto status = Keystore(path, settings::keystore_password()).save(); !status.ok())
    return error(status.message());
  fmt::print("Created Logstash keystore at {}\n", path);
  return 0;
}

// Asks for one value, and puts it in.
int add_one(Keystore& store, const std::string& key, bool quiet) {
  if (!Keystore::name_ok(key))
    return error(fmt::format(
        "'{}' cannot be written as ${{{}}}: a name is letters, digits, '_' and '.', no digit first", key,
        key));
  if (!quiet && store.find(key)) {
    prompt(fmt::format("{} already exists. Overwrite ? [y/N] ", key));
    if (!yes()) return 1;
  }
  std::string value;
  bool read = false;
  {
    const HiddenTyping hidden;
    if (!quiet) prompt(fmt::format("Enter value for {}: ", key));
    read = read_line(value);
  }
  if (!read || value.empty()) return error(fmt::format("You must supply a value for {}.", key));
  store.put(key, value);
  OPENSSL_cleanse(value.data(), value.size());
  return 0;
}

int add(Keystore& store, const std::vector<std::string>& keys, bool quiet) {
  if (keys.empty())
    return error("You must supply an identifier to add. (e.g. pipeline keystore add my_secret)");
  for (const auto& key : keys) {
    if (const int code = add_one(store, key, quiet); code != 0) return code;
    if (auto status = store.save(); !status.ok()) return error(status.message());
    fmt::print("Added '{}' to the Logstash keystore.\n", Keystore::stored_name(key));
  }
  return 0;
}

int remove(Keystore& store, const std::vector<std::string>& keys) {
  if (keys.empty())
    return error("You must supply an identifier to remove. (e.g. pipeline keystore remove my_secret)");
  for (const auto& key : keys) {
    if (!store.remove(key)) return error(fmt::format("'{}' does not exist in the Logstash keystore.", key));
    if (auto status = store.save(); !status.ok()) return error(status.message());
    fmt::print("Removed '{}' from the Logstash keystore.\n", Keystore::stored_name(key));
  }
  return 0;
}

}  // namespace

int keystore(const Arguments& args) {
  const std::string verb = args.operands.empty() ? "" : args.operands[0];
  if (verb.empty() || args.help) {
    fmt::print("{}", kUsage);
    return args.help ? 0 : 1;
  }
  if (verb != "create" && verb != "list" && verb != "add" && verb != "remove")
    return error(fmt::format("\"{}\" is no command of the keystore.\n\n{}", verb, kUsage));
  const auto directory = settings_directory(args);
  if (directory.empty())
    return error("where is the keystore? Give --path.settings DIR, the directory of logstash.yml");
  const auto path = settings::keystore_path(directory);
  if (verb == "create") return create(path);
  std::error_code failure;
  if (!std::filesystem::exists(path, failure))
    return error(fmt::format("Logstash keystore not found at {}. Use 'create' command to create one.", path));
  auto opened = Keystore::open(path, settings::keystore_password());
  if (!opened.ok()) return error(opened.message());
  const std::vector<std::string> keys(args.operands.begin() + 1, args.operands.end());
  if (verb == "add") return add(*opened, keys, args.from_stdin);
  if (verb == "remove") return remove(*opened, keys);
  for (const auto& [name, value] : opened->entries()) fmt::print("{}\n", name);
  return 0;
}

}  // namespace sluice::cli
