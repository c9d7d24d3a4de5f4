// Which paths a file output may write: what a field of an event puts into the path must not lead out of its
// folder.
#pragma once

#include <string>
#include <string_view>

namespace sluice::plugins {

/// `path` made absolute, with `.`, `..` and doubled slashes resolved as text (links are not followed).
std::string expand_path(std::string_view path);

/// The fixed part of a path template, and the file for events that leave it. Immutable.
class PathRules {
 public:
  PathRules(std::string_view path, std::string_view filename_failure);
  /// True when the first folder holds a placeholder, so that there is no fixed part at all.
  [[nodiscard]] bool dynamic_root() const { return dynamic_root_; }
  /// Whether a filled-in path stays below the fixed folder.
  [[nodiscard]] bool inside(std::string_view filled) const;
  [[nodiscard]] const std::string& failure_path() const { return failure_path_; }

 private:
  std::string root_;  // absolute, with a slash at its end
  std::string failure_path_;
  bool dynamic_root_ = false;
};

}  // namespace sluice::plugins
