#include "plugins/outputs/file_path.hpp"

#include <unistd.h>

#include <vector>

namespace sluice::plugins {
namespace {

bool has_placeholder(std::string_view part) {
  const size_t open = part.find("%{");
  if (open == std::string_view::npos) return false;
  const size_t close = part.find('}', open);
  return close != std::string_view::npos && close > open + 2;
}

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  size_t at = 0;
  while (at <= path.size()) {
    const size_t slash = std::min(path.find('/', at), path.size());
    if (slash > at) parts.push_back(path.substr(at, slash - at));
    at = slash + 1;
  }
  return parts;
}

}  // namespace

std::string expand_path(std::string_view path) {
  std::string whole;
  if (path.empty() || path.front() != '/') {
    char here[4096];
    whole = ::getcwd(here, sizeof here) ? here : "";
    whole += '/';
  }
  whole += path;
  std::vector<std::string_view> kept;
  for (const auto part : split(whole)) {
    if (part == ".") continue;
    if (part != "..")
      kept.push_back(part);
    else if (!kept.empty())
      kept.pop_back();
  }
  std::string out;
  for (const auto part : kept) {
    out += '/';
    out += part;
  }
  return out.empty() ? "/" : out;
}

PathRules::PathRules(std::string_view path, std::string_view filename_failure) {
  const auto written = split(path);
  dynamic_root_ = !written.empty() && has_placeholder(written.front());
  const std::string whole = expand_path(path);
  const bool dynamic = has_placeholder(path);
  const auto parts = split(whole);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (dynamic ? has_placeholder(parts[i]) : i + 1 == parts.size()) break;
    root_ += '/';
    root_ += parts[i];
  }
  root_ += '/';
  failure_path_ = root_ + std::string(filename_failure);
}

bool PathRules::inside(std::string_view filled) const {
  if (filled.find('\0') != std::string_view::npos) return false;
  const bool simple = filled.starts_with('/') && filled.find("/.") == std::string_view::npos &&
                      filled.find("//") == std::string_view::npos;
  return simple ? filled.starts_with(root_) : expand_path(filled).starts_with(root_);
}

}  // namespace sluice::plugins
