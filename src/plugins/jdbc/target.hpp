// What a JDBC connection string leads to. The drivers are built in: PostgreSQL and SQLite.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.hpp"

namespace sluice::jdbc {

/// One database.
struct Target {
  enum class Kind : uint8_t { postgresql, sqlite };
  Kind kind = Kind::sqlite;
  std::string path;                                           // of SQLite
  std::vector<std::pair<std::string, std::string>> keywords;  // libpq's, of PostgreSQL
};

/// Reads "jdbc:postgresql://host:port/database?ssl=true" or "jdbc:sqlite:/path". The error says what is
/// wrong, and names the databases that there are drivers for.
Result<Target> parse_connection_string(std::string_view text);

}  // namespace sluice::jdbc
