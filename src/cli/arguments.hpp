// The command line: every setting is a flag of its name, and a few have short forms.
#pragma once

#include <string>
#include <vector>

#include "base/status.hpp"
#include "settings/settings.hpp"

namespace sluice::cli {

/// What was asked for.
struct Arguments {
  std::string command;                // "", explain, diff, verify, keystore, plugins, queue, dlq, version, help
  std::vector<std::string> operands;  // what stands behind the command
  settings::Settings settings;        // given as flags
  std::string path_settings;          // --path.settings
  std::string format;                 // --format of --test and explain
  bool fix = false;                   // --fix
  bool cost = false;                  // --cost of explain
  bool from_stdin = false;            // --stdin of keystore add
  bool dry_run = false;               // --dry-run of dlq replay
  bool all = false;                   // --all of dlq purge
  std::string reason;                 // --reason of the dlq commands
  std::string older_than;             // --older-than of dlq purge
  std::string limit;                  // --limit of dlq list and top
  bool yes = false;                   // --yes: do not ask before --fix writes
  bool help = false, version = false;
};

/// Parses argv. An unknown flag is an error with the nearest known one.
Result<Arguments> parse_arguments(int argc, char** argv);
/// The text of --help.
std::string help_text();

}  // namespace sluice::cli
