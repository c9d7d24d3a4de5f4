// MaxMind databases: opened, watched for a new file, and asked for the fields that the geoip filter sets.
#pragma once

#include <maxminddb.h>
#include <netinet/in.h>

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"

namespace sluice::plugins::geo {

/// What a database describes, by the type name in its metadata.
enum class DatabaseKind : uint8_t { city, country, domain, asn, isp, enterprise, anonymous_ip, unknown };

/// One open file; mapped into memory, safe for all threads.
class Database {
 public:
  static Result<std::shared_ptr<const Database>> open(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] DatabaseKind kind() const { return kind_; }
  [[nodiscard]] const std::string& type_name() const { return type_name_; }
  /// The entry for an address, as text; found_entry is false when there is none or the text is no address.
  MMDB_lookup_result_s lookup(const std::string& address, std::string& canonical, int& prefix) const;
  /// The entry at an offset that lookup() has given.
  [[nodiscard]] MMDB_entry_s entry(uint32_t offset) const { return {&mmdb_, offset}; }
  /// True when the file at the path is no longer the one that was opened.
  [[nodiscard]] bool stale() const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  Database() = default;
  MMDB_s mmdb_{};
  std::string path_, type_name_;
  DatabaseKind kind_ = DatabaseKind::unknown;
  uint64_t inode_ = 0;
  int64_t modified_ = 0;
  bool open_ = false;
};

/// The database of one filter, replaced when the file changes. Thread-safe.
class WatchedDatabase {
 public:
  explicit WatchedDatabase(std::shared_ptr<const Database> first) : current_(std::move(first)) {}
  /// The newest database; looks at the file every few seconds, and logs what it finds.
  std::shared_ptr<const Database> get();

 private:
  std::atomic<std::shared_ptr<const Database>> current_;
  std::atomic<int64_t> next_look_{0};
};

/// One field: its name in the option `fields`, and where it goes in both layouts.
struct Field {
  std::string_view option;  // "CITY_NAME"
  std::string_view legacy;  // "city_name"; empty: not in the legacy layout
  std::string_view ecs;     // "[geo][city_name]"; empty: not in the ECS layout
  std::string_view path;    // where it stands in the database, blank-separated; empty: computed
  uint32_t kinds;           // bit set of DatabaseKind whose defaults hold it (legacy layout)
  uint32_t ecs_kinds;       // the same for the ECS layout
  uint32_t offered;         // the same, of those that give it when it is asked for
};

std::span<const Field> all_fields();
const Field* find_field(std::string_view option);
inline bool offers(DatabaseKind kind, const Field& field) {
  return (field.offered >> static_cast<uint32_t>(kind) & 1) != 0;
}

/// Java's text of an IPv6 address: eight groups, none left out.
std::string ipv6_text(const in6_addr& address);

}  // namespace sluice::plugins::geo
