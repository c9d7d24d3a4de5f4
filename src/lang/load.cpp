// Finding and reading the files of a config.
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "base/file.hpp"
#include "lang/source.hpp"

namespace sluice::lang {
namespace {

constexpr size_t kLargestConfig = 256u << 20;  // spans are 32 bits wide; nobody writes this much

Status read_config(const std::string& path, SourceSet& sources) {
  const size_t room = kLargestConfig - sources.joined().size();
  auto text = read_file(path, room);
  if (!text.ok())
    return Status::config(fmt::format("the config file {} cannot be read: {}", path, text.message()));
  if (text->size() > room)
    return Status::config(
        fmt::format("the config file {} is too large: all files together may have 256 MiB", path));
  sources.add(path, std::move(*text));
  return {};
}

Status add_all(std::vector<std::string> paths, SourceSet& sources) {
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    if (auto status = read_config(path, sources); !status.ok()) return status;
  }
  return {};
}

bool is_backup(std::string_view path) { return path.ends_with('~'); }

bool is_directory(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Status load_directory(const std::string& path, SourceSet& sources) {
  std::vector<std::string> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    auto name = it->path().string();
    if (!is_directory(name) && !is_backup(name)) paths.push_back(std::move(name));
  }
  if (error)
    return Status::config(fmt::format("the config directory {} cannot be read: {}", path, error.message()));
  if (paths.empty()) return Status::config(fmt::format("the config directory {} holds no files", path));
  return add_all(std::move(paths), sources);
}

std::vector<std::string> matches(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), GLOB_BRACE | GLOB_NOSORT, nullptr, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; ++i) {
      std::string path = found.gl_pathv[i];
      if (!is_directory(path) && !is_backup(path)) paths.push_back(std::move(path));
    }
  }
  ::globfree(&found);
  return paths;
}

}  // namespace

Status load_config_path(const std::string& pattern, SourceSet& sources) {
  struct stat info;
  if (::stat(pattern.c_str(), &info) == 0) {
    return S_ISDIR(info.st_mode) ? load_directory(pattern, sources) : read_config(pattern, sources);
  }
  const int error = errno;
  const bool is_glob = pattern.find_first_of("*?[{") != std::string::npos;
  if (!is_glob && error == ENOENT) return Status::config(fmt::format("there is no config file {}", pattern));
  if (!is_glob)
    return Status::config(
        fmt::format("the config path {} cannot be read: {}", pattern, std::strerror(error)));
  auto paths = matches(pattern);
  if (paths.empty()) return Status::config(fmt::format("no config file matches {}", pattern));
  return add_all(std::move(paths), sources);
}

}  // namespace sluice::lang
