#include "plugins/useragent/rules.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <filesystem>

namespace sluice::plugins::useragent {
namespace {

constexpr const char* kVariable = "SLUICE_USERAGENT_REGEXES";
constexpr const char* kFile = "/uap-core/regexes.yaml";
constexpr const char* kNames[kLists] = {"user_agent_parsers", "os_parsers", "device_parsers"};
constexpr const char* kReplacements[kLists][4] = {
    {"family_replacement", "v1_replacement", "v2_replacement", nullptr},
    {"os_replacement", "os_v1_replacement", "os_v2_replacement", "os_v3_replacement"},
    {"device_replacement", "brand_replacement", "model_replacement", nullptr},
};

bool readable(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file) std::fclose(file);
  return file != nullptr;
}

Result<Rule> read_rule(const YAML::Node& node, size_t list) {
  const auto line = static_cast<size_t>(node.Mark().line + 1);
  if (!node.IsMap() || !node["regex"] || !node["regex"].IsScalar())
    return Status::config(fmt::format("line {}: an entry of {} has no regex", line, kNames[list]));
  Rule rule;
  rule.line = line;
  for (const auto& member : node) {
    if (!member.first.IsScalar() || !member.second.IsScalar()) continue;
    const auto& name = member.first.Scalar();
    const auto& value = member.second.Scalar();
    if (name == "regex") rule.regex = value;
    if (name == "regex_flag" && list == static_cast<size_t>(List::device)) rule.ignore_case = value == "i";
    for (size_t i = 0; i < rule.replacements.size(); ++i)
      if (kReplacements[list][i] && name == kReplacements[list][i]) rule.replacements[i] = value;
  }
  return rule;
}

Result<Rules> read_node(const YAML::Node& root) {
  Rules rules;
  for (size_t list = 0; list < kLists; ++list) {
    const YAML::Node entries = root.IsMap() ? root[kNames[list]] : YAML::Node();
    if (!entries || !entries.IsSequence())
      return Status::config(fmt::format("{} is missing from yaml", kNames[list]));
    rules[list].reserve(entries.size());
    for (const auto& entry : entries) {
      auto rule = read_rule(entry, list);
      if (!rule.ok()) return rule.status();
      rules[list].push_back(std::move(rule).value());
    }
  }
  return rules;
}

}  // namespace

Result<Rules> read_rules(const std::string& path) {
  if (!readable(path)) return Status::config("cannot read " + path);
  try {
    auto rules = read_node(YAML::LoadFile(path));
    if (!rules.ok()) return Status::config(path + ": " + rules.message());
    return rules;
  } catch (const YAML::Exception& error) {
    const auto line = error.mark.is_null() ? 0 : error.mark.line + 1;
    return Status::config(line ? fmt::format("{}:{}: {}", path, line, error.msg) : path + ": " + error.msg);
  }
}

Result<std::string> default_rules_path() {
  if (const char* given = std::getenv(kVariable); given && *given) {
    if (readable(given)) return std::string(given);
    return Status::config(fmt::format("{} names a file that cannot be read: {}", kVariable, given));
  }
  std::vector<std::string> places = {"/usr/share", "/usr/local/share"};
  if (const char* home = std::getenv("LS_HOME"); home && *home) places.insert(places.begin(), home);
  for (const auto& place : places)
    if (readable(place + kFile)) return place + kFile;
  return Status::config(fmt::format(
      "no rules for user agents were found ({}): install the package uap-core, or name a copy of its "
      "regexes.yaml in the option `regexes` or in the variable {}",
      places.front() + kFile, kVariable));
}

void mend_default_rules(Rules& rules) {
  for (auto& rule : rules[static_cast<size_t>(List::system)])
    if (rule.regex == R"(Mac OS X\s.{1,50}\s(\d+).(\d+).(\d+))")
      rule.regex = R"(Mac OS X\s.{1,50}?\s(\d+).(\d+).(\d+))";
}

}  // namespace sluice::plugins::useragent
