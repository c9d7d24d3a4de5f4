// Networks listed in a file, read again from time to time.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "base/status.hpp"
#include "plugins/address/network_set.hpp"

namespace sluice::plugins::address {

/// The networks of one file. Thread-safe. A file that cannot be read later on, or that is empty then, leaves
/// the networks as they are.
class NetworkFile {
 public:
  /// Entries are cut at `separator`; those that are no networks are skipped with a warning of `logger`. The
  /// file is looked at every `refresh_nanos`.
  NetworkFile(std::string path, std::string separator, int64_t refresh_nanos, std::string_view logger)
      : path_(std::move(path)),
        separator_(std::move(separator)),
        refresh_nanos_(refresh_nanos),
        logger_(logger) {}

  /// Reads the file for the first time; an error when it cannot be read.
  Status load();
  /// The networks, after reading the file again when it is time to.
  std::shared_ptr<const NetworkSet> get();

 private:
  Status read(std::shared_ptr<const NetworkSet>& networks) const;

  const std::string path_, separator_;
  const int64_t refresh_nanos_;
  const std::string_view logger_;
  std::atomic<int64_t> next_read_{0};
  std::mutex mutex_;
  std::shared_ptr<const NetworkSet> networks_;
};

}  // namespace sluice::plugins::address
