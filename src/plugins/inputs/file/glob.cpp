#include "plugins/inputs/file/glob.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>

#include "plugins/inputs/file/file_id.hpp"

namespace sluice::plugins::file {
namespace {

constexpr int kMaxDepth = 64;

int64_t nanos_of(const struct statx_timestamp& t) { return t.tv_sec * 1'000'000'000 + t.tv_nsec; }

bool fill(int result, const struct statx& st, FileInfo& info) {
  if (result != 0) return false;
  info.id = {st.stx_ino, st.stx_dev_major, st.stx_dev_minor};
  info.size = static_cast<int64_t>(st.stx_size);
  info.modified_nanos = nanos_of(st.stx_mtime);
  info.born_nanos = (st.stx_mask & STATX_BTIME) ? nanos_of(st.stx_btime) : 0;
  info.links = st.stx_nlink;
  info.regular = S_ISREG(st.stx_mode);
  return true;
}

struct Entry {
  std::string name;
  bool directory;  // not through a link
};

std::vector<Entry> list(const std::string& directory) {
  std::vector<Entry> all;
  DIR* open = ::opendir(directory.empty() ? "/" : directory.c_str());
  if (!open) return all;
  while (const dirent* at = ::readdir(open)) {
    const std::string_view name = at->d_name;
    if (name == "." || name == "..") continue;
    bool is_directory = at->d_type == DT_DIR;
    if (at->d_type == DT_UNKNOWN) {
      struct stat st;
      is_directory = ::lstat((directory + "/" + at->d_name).c_str(), &st) == 0 && S_ISDIR(st.st_mode);
    }
    all.push_back({std::string(name), is_directory});
  }
  ::closedir(open);
  return all;
}

bool exists(const std::string& path) {
  struct stat st;
  return ::stat(path.c_str(), &st) == 0;
}

void walk(const std::string& base, std::string_view rest, std::vector<std::string>& found, int depth) {
  if (depth > kMaxDepth) return;
  const size_t end = std::min(rest.find('/'), rest.size());
  const std::string part(rest.substr(0, end));
  const std::string_view behind = end < rest.size() ? rest.substr(end + 1) : std::string_view{};
  const bool last = end >= rest.size();
  if (part == "**" && !last) {
    walk(base, behind, found, depth);
    for (const auto& entry : list(base))
      if (entry.directory && entry.name[0] != '.') walk(base + "/" + entry.name, rest, found, depth + 1);
    return;
  }
  if (part.find_first_of("*?[\\") == std::string::npos) {
    const std::string path = base + "/" + part;
    if (last) {
      if (exists(path)) found.push_back(path);
    } else {
      walk(path, behind, found, depth + 1);
    }
    return;
  }
  for (const auto& entry : list(base)) {
    if (::fnmatch(part.c_str(), entry.name.c_str(), FNM_PERIOD) != 0) continue;
    const std::string path = base + "/" + entry.name;
    if (last)
      found.push_back(path);
    else
      walk(path, behind, found, depth + 1);
  }
}

// The comma-separated alternatives between `open` and its brace; empty when it is not closed.
std::vector<std::string> alternatives(const std::string& text, size_t open, size_t& close) {
  std::vector<std::string> all(1);
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '{' && depth++ == 0) continue;
    if (text[i] == '}' && --depth == 0) {
      close = i;
      return all;
    }
    if (text[i] == ',' && depth == 1)
      all.emplace_back();
    else
      all.back() += text[i];
  }
  return {};
}

}  // namespace

bool look_at(const std::string& path, FileInfo& info) {
  struct statx st;
  return fill(::statx(AT_FDCWD, path.c_str(), 0, STATX_BASIC_STATS | STATX_BTIME, &st), st, info);
}

bool look_at(int fd, FileInfo& info) {
  struct statx st;
  return fill(::statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &st), st, info);
}

std::vector<std::string> expand_braces(const std::string& pattern) {
  const size_t open = pattern.find('{');
  size_t close = 0;
  if (open == std::string::npos) return {pattern};
  const auto inner = alternatives(pattern, open, close);
  if (inner.empty()) return {pattern};
  std::vector<std::string> all;
  for (const auto& one : inner)
    for (auto& expanded : expand_braces(pattern.substr(0, open) + one + pattern.substr(close + 1)))
      all.push_back(std::move(expanded));
  return all;
}

std::vector<std::string> expand_glob(const std::string& pattern) {
  std::vector<std::string> found;
  for (const auto& one : expand_braces(pattern)) {
    const size_t start = one.find_first_not_of('/');
    if (start == std::string::npos) continue;
    walk("", std::string_view(one).substr(start), found, 0);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

bool name_matches(std::string_view path, const std::vector<std::string>& patterns) {
  const std::string name(path.substr(path.rfind('/') + 1));
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return ::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0;
  });
}

}  // namespace sluice::plugins::file
