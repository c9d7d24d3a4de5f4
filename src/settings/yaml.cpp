// logstash.yml and pipelines.yml.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <set>

#include "settings/settings.hpp"

namespace sluice::settings {
namespace {

// A list becomes its items, one a line.
Result<std::string> scalar_text(const YAML::Node& node, const Variables& variables) {
  if (node.IsSequence()) {
    std::string all;
    for (const auto& item : node) {
      auto text = substitute(item.as<std::string>(), variables);
      if (!text.ok()) return text.status();
      all += (all.empty() ? "" : "\n") + *text;
    }
    return all;
  }
  return substitute(node.as<std::string>(), variables);
}

Status flatten(const YAML::Node& node, const std::string& prefix, const std::string& where,
               const Variables& variables, Settings& settings) {
  if (node.IsNull()) return {};
  if (!node.IsMap()) {
    auto text = scalar_text(node, variables);
    if (!text.ok()) return Status::config(where + ": " + prefix + ": " + text.message());
    return settings.set(prefix, *text, fmt::format("{}:{}", where, node.Mark().line + 1));
  }
  for (const auto& entry : node) {
    const auto name = entry.first.as<std::string>();
    if (auto status =
            flatten(entry.second, prefix.empty() ? name : prefix + "." + name, where, variables, settings);
        !status.ok())
      return status;
  }
  return {};
}

Status check_pipeline_keys(const Settings& settings, const std::string& path) {
  for (const auto& [name, value] : settings.values()) {
    if (find_setting(name)->per_pipeline) continue;
    std::string allowed;
    for (const auto& known : known_settings())
      if (known.per_pipeline && known.refused.empty())
        allowed += (allowed.empty() ? "" : ", ") + std::string(known.name);
    return Status::config(fmt::format(
        "{}: Only pipeline related settings are expected. Received \"{}\". Allowed settings: [{}]", path,
        name, allowed));
  }
  return {};
}

std::string yaml_problem(const std::string& path, const YAML::Exception& e) {
  return fmt::format("{}:{}:{}: the YAML cannot be read: {}", path, e.mark.line + 1, e.mark.column + 1,
                     e.msg);
}

}  // namespace

Status load_file(const std::string& path, Settings& settings, const Variables& variables) {
  std::error_code ec;
  if (!std::filesystem::exists(path, ec)) return {};
  try {
    const YAML::Node root = YAML::LoadFile(path);
    if (root.IsNull()) return {};
    if (!root.IsMap()) return Status::config(path + ": expected `name: value` lines");
    return flatten(root, "", path, variables, settings);
  } catch (const YAML::BadFile&) {
    return Status::config(path + " cannot be read: check its permissions");
  } catch (const YAML::Exception& e) {
    return Status::config(yaml_problem(path, e));
  }
}

Result<std::vector<Settings>> load_pipelines(const std::string& path, const Settings& process) {
  std::vector<Settings> all;
  std::set<std::string> ids;
  try {
    const YAML::Node root = YAML::LoadFile(path);
    if (root.IsNull()) return Status::config("Pipelines YAML file is empty. Location: " + path);
    if (!root.IsSequence())
      return Status::config(
          fmt::format("Pipelines YAML file must contain an array of pipeline configs. Found \"{}\" in {}",
                      root.IsMap() ? "Hash" : "String", path));
    for (const auto& entry : root) {
      Settings own;
      if (auto status = flatten(entry, "", path, environment_variable, own); !status.ok()) return status;
      if (auto status = check_pipeline_keys(own, path); !status.ok()) return status;
      Settings merged = process;
      merged.overlay(own);
      if (!ids.insert(merged.text("pipeline.id")).second)
        return Status::config("Pipelines YAML file contains duplicate pipeline ids: " +
                              merged.text("pipeline.id") + ". Location: " + path);
      all.push_back(std::move(merged));
    }
  } catch (const YAML::BadFile&) {
    return Status::config(path + " cannot be read");
  } catch (const YAML::Exception& e) {
    return Status::config(yaml_problem(path, e));
  }
  return all;
}

}  // namespace sluice::settings
