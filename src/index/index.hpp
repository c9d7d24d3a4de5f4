// The embedded index: a subset of Elasticsearch's HTTP interface over SQLite, for one machine. What it does
// not know it refuses by name; it never answers with less than was asked. docs/embedded-index.md says what
// there is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.hpp"

namespace sluice::index {

/// A limit for the indices whose names match. The oldest go first.
struct RetentionRule {
  std::string pattern;  // wildcards; "*" for all
  int64_t max_age_ms =
      0;                  // 0: no limit. Age: from the newest @timestamp, or the creation where there is none
  int64_t max_bytes = 0;  // 0: no limit. Of all matching indices together
};

struct Options {
  std::string directory;  // made when it is missing
  std::string cluster_name = "sluice";
  std::vector<RetentionRule> retention;
  size_t max_open_indices = 64;        // SQLite files kept open
  bool sync_every_commit = false;      // survive a power cut too, at the cost of a disk flush a request
  bool allow_wildcard_delete = false;  // DELETE /logs-*
};

/// A request, its body already decompressed.
struct Request {
  std::string_view method;
  std::string_view path;   // not decoded
  std::string_view query;  // behind the question mark, not decoded
  std::string_view content_type;
  std::string_view accept;
  std::string_view body;
  bool body_padded = false;  // 64 readable bytes follow the body
};

struct Response {
  int status = 200;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // for HEAD, too: the server leaves it out
};

/// What retention deleted.
struct Swept {
  std::string index;
  std::string reason;
};

class Index {
 public:
  /// Opens the directory. Fails when it cannot be written, not for damaged files: those are set aside.
  static Result<std::unique_ptr<Index>> open(const Options& options);
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  /// Answers one request. Thread-safe; blocks while it reads or writes the disk.
  [[nodiscard]] Response handle(const Request& request);

  /// Applies the retention rules, as of `now_ms`. Call it now and then (a minute is often enough).
  std::vector<Swept> sweep(int64_t now_ms);

  /// Indices open at present, for metrics.
  [[nodiscard]] size_t open_indices() const;

 private:
  struct Impl;
  explicit Index(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::index
