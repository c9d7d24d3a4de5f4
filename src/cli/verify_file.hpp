// Files of test cases for a config's filters, for `pipeline verify`.
#pragma once

#include <string>
#include <vector>

#include "base/status.hpp"

namespace sluice::cli {

/// Events in, and the events that are to come out. Events are JSON objects as text; their keys may be field
/// references such as [geo][country].
struct VerifyCase {
  std::string name;
  int line = 0;  // where it stands in the file
  std::vector<std::string> input;
  std::vector<std::string> expected;
  bool exact = true;  // no other fields than those expected; false: these at least
};

struct VerifyFile {
  std::string path;
  std::string config;                // path of the config; empty: the command line says it
  std::vector<std::string> ignored;  // field references
  std::vector<VerifyCase> cases;
};

/// Reads YAML (or JSON, which is YAML). An error names the place and what was expected there.
Result<VerifyFile> read_verify_file(const std::string& path);

}  // namespace sluice::cli
