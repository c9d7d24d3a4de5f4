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

/// Where a database has an address.
struct Found {
  bool found = false;
  uint32_t offset = 0;  // of its entry, which other addresses may share
  int prefix = 0;       // bits of the network that the address is in
};

/// One open file; mapped into memory, safe for all threads.
class Database {
 public:
  static Result<std::shared_ptr<const Database>> open(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] DatabaseKind kind() const { return kind_; }
  [[nodiscard]] const std::string& type_name() const { return type_name_; }
  /// Looks an address up by its text; nothing is found when that is none. `canonical` is the address as it is
  /// stored in events.
  [[nodiscard]] Found lookup(const std::string& address, std::string& canonical) const;
  /// The same for an IPv4 address, whose text is the canonical one, in so little time that the answer need
  /// not be remembered. False: the text is none, or lookup() has to say.
  bool lookup_ipv4(std::string_view address, Found& found) const;
  /// The entry at an offset that lookup() has given.
  [[nodiscard]] MMDB_entry_s entry(uint32_t offset) const { return {&mmdb_, offset}; }
  /// True when the file at the path is no longer the one that was opened.
  [[nodiscard]] bool stale() const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  /// What comes after the first bits of an IPv4 address.
  struct Branch {
    enum class Kind : uint8_t { unknown, node, nothing, entry };
    Kind kind = Kind::unknown;
    uint8_t prefix = 0;   // bits read until then
    uint32_t number = 0;  // of the node, or the offset of the entry
  };
  static constexpr int kFirstBits = 16;

  Database() = default;
  void read_branches();
  void read_branches(Branch above, uint32_t address);
  [[nodiscard]] Branch next(const Branch& branch, bool bit) const;

  MMDB_s mmdb_{};
  std::string path_, type_name_;
  DatabaseKind kind_ = DatabaseKind::unknown;
  uint64_t inode_ = 0;
  int64_t modified_ = 0;
  bool open_ = false;
  std::vector<Branch>
      branches_;  // by the first bits of an IPv4 address; empty: they are not at the tree's top
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

/// "192.0.2.0/24": the network of an address, which is the address with the bits behind the prefix cleared.
std::string network_text(const std::string& canonical, int prefix);

}  // namespace sluice::plugins::geo
