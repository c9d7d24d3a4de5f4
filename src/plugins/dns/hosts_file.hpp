// Files in the form of /etc/hosts.
#pragma once

#include <string>
#include <unordered_map>

#include "base/status.hpp"

namespace sluice::plugins::dns {

/// Names and addresses of one file, compared as they are written. Immutable once read.
class HostsFile {
 public:
  static Result<HostsFile> read(const std::string& path);

  /// The address of `name` (of its last line), or null.
  [[nodiscard]] const std::string* address_of(const std::string& name) const;
  /// The name of `address` (the first of its first line), or null.
  [[nodiscard]] const std::string* name_of(const std::string& address) const;

 private:
  std::unordered_map<std::string, std::string> addresses_, names_;
};

}  // namespace sluice::plugins::dns
