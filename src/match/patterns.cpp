#include "match/patterns.hpp"

#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.hpp"
#include "base/nearest.hpp"

namespace sluice::match {
namespace {

bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Calls back with (name, regex) for every definition of a pattern file's text.
template <class Add>
void each_definition(std::string_view text, Add&& add) {
  while (!text.empty()) {
    const size_t line_end = text.find('\n');
    std::string_view line = text.substr(0, line_end);
    text.remove_prefix(line_end == std::string_view::npos ? text.size() : line_end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    size_t at = 0;
    while (at < line.size() && blank(line[at])) ++at;
    if (at == line.size() || line[at] == '#') continue;
    const size_t name = at;
    while (at < line.size() && !blank(line[at])) ++at;
    const size_t name_end = at;
    while (at < line.size() && blank(line[at])) ++at;
    if (at < line.size()) add(line.substr(name, name_end - name), line.substr(at));
  }
}

bool is_directory(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace

const PatternSet::Index& PatternSet::index_of(BuiltinPatterns builtin) {
  const auto build = [](BuiltinPatterns which) {
    Index index;
    index.reserve(512);
    each_definition(embedded_patterns(which), [&](std::string_view name, std::string_view regex) {
      index.insert_or_assign(name, regex);
    });
    return index;
  };
  if (builtin == BuiltinPatterns::legacy) {
    static const Index legacy = build(BuiltinPatterns::legacy);
    return legacy;
  }
  static const Index ecs_v1 = build(BuiltinPatterns::ecs_v1);
  return ecs_v1;
}

PatternSet::PatternSet(BuiltinPatterns builtin) : builtin_(&index_of(builtin)) {}

Status PatternSet::add_path(const std::string& path, const std::string& glob) {
  const std::string wanted = is_directory(path) ? path + "/" + glob : path;
  glob_t found{};
  const int code = ::glob(wanted.c_str(), GLOB_BRACE, nullptr, &found);
  std::vector<std::string> files;
  if (code == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (code != 0 && code != GLOB_NOMATCH) {
    return Status::config(
        fmt::format("the pattern files {} cannot be listed: {}", wanted, std::strerror(errno)));
  }
  for (const std::string& file : files) {
    if (is_directory(file)) continue;
    const auto text = read_file(file);
    if (!text.ok())
      return Status::config(fmt::format("the pattern file {} cannot be read: {}", file, text.message()));
    add_text(*text);
  }
  return {};
}

void PatternSet::add_text(std::string_view text) {
  each_definition(text, [&](std::string_view name, std::string_view regex) { define(name, regex); });
}

void PatternSet::define(std::string_view name, std::string_view regex) {
  own_.insert_or_assign(std::string(name), std::string(regex));
}

std::optional<std::string_view> PatternSet::find(std::string_view name) const {
  if (const auto own = own_.find(name); own != own_.end()) return std::string_view(own->second);
  if (!builtin_) return std::nullopt;
  const auto shipped = builtin_->find(name);
  if (shipped == builtin_->end()) return std::nullopt;
  return shipped->second;
}

std::vector<std::string_view> PatternSet::names() const {
  std::vector<std::string_view> names;
  for (const auto& entry : own_) names.push_back(entry.first);
  if (builtin_) {
    for (const auto& entry : *builtin_) {
      if (!own_.contains(entry.first)) names.push_back(entry.first);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::string> PatternSet::nearest_name(std::string_view name) const {
  return nearest(name, names());
}

}  // namespace sluice::match
